/**
 * An asynchronous store over a synchronous one, whose deadline hints must always be true: those of
 * memory, SQLite and files are.
 */
import { equalBytes, latin1Of } from '../bytes.js'
import type {
  AsyncStore,
  Batch,
  InvalidationListener,
  RowCheck,
  RowOperation,
} from './async-store.js'
import { JournalOver } from './journal-over.js'
import type { RowUses } from './row-uses.js'
import type {
  CommitPromise,
  DeadlineHint,
  ScanRange,
  StoreRow,
  StoreStats,
  StoreTransaction,
  SyncStore,
} from './sync-store.js'
import { forgetTimes, UsesOver } from './uses-over.js'

/** The same rows, behind promises. Closing it closes the store. */
export function asyncOver(store: SyncStore): AsyncStore {
  return new AsyncOver(store)
}

/** The identity of the store that asyncOver() makes. */
export function asyncIdentity({ identity }: Pick<SyncStore, 'identity'>): string {
  return `async ${identity}`
}

/** Rows that clear() and count() look at in one step. */
const STEP_ROWS = 1_000

/** A row that each taking of versions writes: for that, too, is a change. */
const VERSIONS = 'async versions'
const ONE = Uint8Array.of(1)

const ALL_DUE = Number.MAX_SAFE_INTEGER

class AsyncOver implements AsyncStore {
  readonly kind: string
  readonly location: string
  readonly identity: string
  readonly atomicity = 'batch'
  readonly hears = true
  readonly journal: JournalOver
  readonly uses: RowUses
  readonly #rows: SyncStore
  readonly #listeners = new Set<{ readonly call: InvalidationListener }>()

  /** The change id up to which all commits were ours, or are told. */
  #known: number

  constructor(rows: SyncStore) {
    this.#rows = rows
    this.kind = rows.kind
    this.location = rows.location
    this.identity = asyncIdentity(rows)
    this.journal = new JournalOver(rows)
    this.uses = new UsesOver(rows, (work) => this.#transaction('committed', work))
    this.#known = rows.changeId()
    rows.onCommit(() => this.#look())
  }

  async get(bucket: string, key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#rows.get(bucket, key)
  }

  async getMany(bucket: string, keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    // Asked for at least once, so that a closed store says so.
    this.#rows.changeId()
    return keys.map((key) => this.#rows.get(bucket, key))
  }

  async scan(bucket: string, range: ScanRange, limit: number): Promise<StoreRow[]> {
    return this.#rows.scan(bucket, range, limit)
  }

  async count(bucket: string, range: ScanRange, now: number): Promise<number> {
    const expired = new Set(this.#rows.due(bucket, now, ALL_DUE).map(({ key }) => latin1Of(key)))
    let count = 0
    const visit = (key: Uint8Array) => {
      if (!expired.has(latin1Of(key))) count++
    }
    let rest: ScanRange = { ...range, reverse: false }
    for (;;) {
      const last = this.#rows.walk(bucket, rest, STEP_ROWS, visit)
      if (last === undefined) return count
      rest = { ...rest, after: last }
    }
  }

  async due(bucket: string, now: number, limit: number): Promise<DeadlineHint[]> {
    return this.#rows.due(bucket, now, limit)
  }

  async knows(bucket: string, hints: readonly DeadlineHint[]): Promise<boolean[]> {
    return hints.map((hint) => {
      const [found] = this.#rows.due(bucket, hint.deadline, 1, hint)
      return found?.deadline === hint.deadline && equalBytes(found.key, hint.key)
    })
  }

  async commit({ promise, checks, operations }: Batch): Promise<boolean> {
    const isApplied = this.#transaction(promise, (tx) => {
      if (!checks.every((check) => holds(tx, check))) return false
      this.journal.note(tx, operations)
      for (const operation of operations) apply(tx, operation)
      return true
    })
    if (isApplied) for (const { bucket, key } of operations) this.#tell(bucket, key)
    return isApplied
  }

  async clear(bucket: string, range: ScanRange): Promise<void> {
    for (;;) {
      const rows = this.#rows.scan(bucket, range, STEP_ROWS)
      if (rows.length === 0) return
      this.#transaction('committed', (tx) => {
        this.journal.noteClear(tx, bucket, range.from)
        for (const { key } of rows) tx.delete(bucket, key)
        forgetTimes(
          tx,
          bucket,
          rows.map(({ key }) => key),
        )
      })
      for (const { key } of rows) this.#tell(bucket, key)
    }
  }

  async nextVersions(count: number): Promise<number> {
    return this.#transaction('committed', (tx) => {
      // Versions of a transaction that changes nothing may be given out again.
      tx.put(VERSIONS, ONE, ONE, 0)
      const first = tx.nextVersion()
      for (let given = 1; given < count; given++) tx.nextVersion()
      return first
    })
  }

  onInvalidate(listener: InvalidationListener): () => void {
    // Wrapped, so that one function given twice is two listeners.
    const wrapped = { call: listener }
    this.#listeners.add(wrapped)
    return () => void this.#listeners.delete(wrapped)
  }

  async sync(): Promise<void> {
    this.#rows.sync()
  }

  async stats(): Promise<StoreStats> {
    return this.#rows.stats()
  }

  async close(): Promise<void> {
    this.#rows.close()
    this.#listeners.clear()
  }

  #transaction<T>(promise: CommitPromise, fn: (tx: StoreTransaction) => T): T {
    let before = 0
    const result = this.#rows.transaction(promise, (tx) => {
      before = this.#rows.changeId()
      return fn(tx)
    })
    // Where nobody else has committed in between, an own commit is nothing to tell of.
    const after = this.#rows.changeId()
    if (this.#known === before && after <= before + 1) this.#known = after
    return result
  }

  /** Commits by others: which rows they changed, nobody knows. */
  #look(): void {
    const change = this.#rows.changeId()
    if (change === this.#known) return
    this.#known = change
    this.#tell('', undefined)
  }

  #tell(bucket: string, key: Uint8Array | undefined): void {
    for (const { call } of this.#listeners) call(bucket, key)
  }
}

function holds(tx: StoreTransaction, { bucket, key, starts }: RowCheck): boolean {
  const record = tx.peek(bucket, key)
  if (record === undefined || starts === undefined) return record === starts
  if (record.length < starts.length) return false
  return Buffer.compare(record.subarray(0, starts.length), starts) === 0
}

function apply(tx: StoreTransaction, operation: RowOperation): void {
  const { bucket, key } = operation
  if (operation.kind === 'delete') tx.delete(bucket, key)
  else tx.put(bucket, key, operation.record, operation.deadline)
}
