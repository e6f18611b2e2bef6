/**
 * An asynchronous store in the memory of this process: for tests of programs whose store is a server,
 * and as the near tier of a tiered store.
 *
 * It keeps its rows in a memoryStore(), whose deadline hints are always true.
 */
import { latin1Of } from '../bytes.js'
import type {
  AsyncStore,
  Batch,
  InvalidationListener,
  RowCheck,
  RowOperation,
} from './async-store.js'
import { memoryStore } from './memory.js'
import type {
  DeadlineHint,
  ScanRange,
  StoreRow,
  StoreStats,
  StoreTransaction,
} from './sync-store.js'

/** A new, empty store in memory. Each call makes one of its own. */
export function asyncMemoryStore(): AsyncStore {
  return new AsyncMemoryStore()
}

/** Rows that clear() and count() look at in one step. */
const STEP_ROWS = 1_000

const ALL_DUE = Number.MAX_SAFE_INTEGER

class AsyncMemoryStore implements AsyncStore {
  readonly kind = 'memory'
  readonly location = 'memory'
  readonly identity: string
  readonly atomicity = 'batch'
  readonly hears = true
  readonly #rows = memoryStore()
  readonly #listeners = new Set<{ readonly call: InvalidationListener }>()

  constructor() {
    this.identity = `async ${this.#rows.identity}`
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

  async commit({ checks, operations }: Batch): Promise<boolean> {
    const isApplied = this.#rows.transaction('committed', (tx) => {
      if (!checks.every((check) => holds(tx, check))) return false
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
      this.#rows.transaction('committed', (tx) => {
        for (const { key } of rows) tx.delete(bucket, key)
      })
      for (const { key } of rows) this.#tell(bucket, key)
    }
  }

  async nextVersions(count: number): Promise<number> {
    return this.#rows.transaction('committed', (tx) => {
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

  #tell(bucket: string, key: Uint8Array): void {
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
