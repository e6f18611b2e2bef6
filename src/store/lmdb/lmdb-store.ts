/**
 * The LMDB store: one environment, one named database a bucket, one more for its deadlines.
 *
 *     bucket      "name" (as JSON, so that any character is harmless)   key → record
 *     deadlines   deadlines "name"          deadline (u48, big-endian) │ key → one byte
 *
 * Deadline rows are hints: the store does not look for the old row when it replaces a record, which
 * would cost every write a read. Callers that know the old deadline say forget().
 */
import { statSync } from 'node:fs'
import { MAX_UINT48, ownedBytes } from '../../bytes.js'
import { ClosedError } from '../../errors/open-errors.js'
import { StoreFullError } from '../../errors/store-errors.js'
import type {
  CommitPromise,
  DeadlineHint,
  RowVisitor,
  ScanRange,
  StoreNotice,
  StoreRow,
  StoreSnapshot,
  StoreStats,
  StoreTransaction,
  SyncStore,
} from '../sync-store.js'
import type { Environment } from './environment.js'
import { deadlinesName, rowsName } from './generation.js'
import { Journal } from './journal.js'
import { plainView } from './lent-values.js'
import type { NativeDatabase } from './native.js'
import { hasHints, hintsUpTo, lentDeadlineKey, walkRows } from './range-reads.js'
import { EnvironmentSnapshot } from './snapshot.js'
import { VERSIONS_PER_TRANSACTION } from './store-state.js'
import { LmdbUpkeep } from './upkeep.js'

const PRESENT = Uint8Array.of(1)
const NO_OVERWRITE = { noOverwrite: true } as const
const APPEND = { append: true } as const

/** After an attempt to append in vain, so many rows are inserted before the next: each costs half a put. */
const INSERTS_BETWEEN_APPENDS = 64

export class LmdbStore implements SyncStore {
  readonly kind = 'lmdb'
  readonly upkeep: LmdbUpkeep
  readonly #environment: Environment
  readonly #release: (end: () => void) => void
  readonly #transaction: LmdbTransaction
  /** Listeners of this store end with it, though the environment may go on. */
  readonly #stops = new Set<() => void>()
  readonly #snapshots = new Set<EnvironmentSnapshot>()
  #closed = false

  /** `release` gives the environment back to whoever shares it out, and runs `end` before that is closed. */
  constructor(environment: Environment, release: (end: () => void) => void) {
    this.#environment = environment
    this.#release = release
    this.#transaction = new LmdbTransaction(this, environment)
    this.upkeep = new LmdbUpkeep(environment)
  }

  get notices(): readonly StoreNotice[] {
    return this.#environment.notices
  }

  /** For a thread that opens the store with openInTurns(), and that this one may end. */
  takeTurns(): SharedArrayBuffer {
    this.#assertOpen()
    return this.#environment.gate.takeTurns()
  }

  /**
   * Called in a transaction, keeps the other thread out for good, so that it can be ended. Returns
   * whether it was called in one.
   */
  keepTurn(): boolean {
    return this.#environment.gate.keepTurn()
  }

  get busyTimeoutMs(): number {
    return this.#environment.gate.busyTimeoutMs
  }

  get location(): string {
    return this.#environment.directory.path
  }

  get identity(): string {
    return `lmdb ${this.#environment.identity}`
  }

  get(bucket: string, key: Uint8Array): Uint8Array | undefined {
    this.#assertOpen()
    try {
      this.#environment.refresh()
      return this.#environment.rows(bucket).getBinary(key)
    } catch (error) {
      this.#environment.mend(error)
      return this.get(bucket, key)
    }
  }

  peek(bucket: string, key: Uint8Array): Uint8Array | undefined {
    this.#assertOpen()
    try {
      this.#environment.refresh()
      const lent = this.#environment.rows(bucket).getBinaryFast(key)
      return lent && plainView(lent)
    } catch (error) {
      this.#environment.mend(error)
      return this.peek(bucket, key)
    }
  }

  scan(bucket: string, range: ScanRange, limit: number): StoreRow[] {
    this.#assertOpen()
    const rows: StoreRow[] = []
    this.walk(bucket, range, limit, (key, record) => {
      rows.push({ key: ownedBytes(key), record: ownedBytes(record) })
    })
    return rows
  }

  walk(bucket: string, range: ScanRange, limit: number, visit: RowVisitor): Uint8Array | undefined {
    this.#assertOpen()
    return this.#environment.native(() => {
      this.#environment.refresh()
      return walkRows(this.#environment.rows(bucket), range, limit, visit)
    })
  }

  due(bucket: string, now: number, limit: number, from?: DeadlineHint): DeadlineHint[] {
    this.#assertOpen()
    return this.#environment.native(() => {
      this.#environment.refresh()
      return hintsUpTo(this.#environment.deadlines(bucket), now, limit, from)
    })
  }

  /** Whether at least so many rows may be due. Takes about as long as to find one. */
  hasDue(bucket: string, now: number, rows: number): boolean {
    this.#assertOpen()
    return this.#environment.native(() => {
      this.#environment.refresh()
      return hasHints(this.#environment.deadlines(bucket), now, rows)
    })
  }

  changeId(): number {
    this.#assertOpen()
    return this.#environment.changeId()
  }

  onCommit(listener: () => void): () => void {
    this.#assertOpen()
    const stop = this.#environment.commits.add(listener)
    this.#stops.add(stop)
    return () => {
      this.#stops.delete(stop)
      stop()
    }
  }

  transaction<T>(promise: CommitPromise, fn: (tx: StoreTransaction) => T): T {
    this.#assertOpen()
    return this.#environment.transaction(promise === 'synced', () => {
      const usedBefore = this.#limitedUse()
      this.#transaction.begin()
      const value = fn(this.#transaction)
      this.#transaction.end()
      this.#assertQuota(usedBefore)
      // Before the commit: a caller who is told that the store has gone may try again elsewhere.
      this.#environment.assertReady(this.#transaction, promise === 'synced')
      if (this.#transaction.rows > 0) this.#environment.noteDurability(promise === 'synced')
      return value
    })
  }

  snapshot(buckets: readonly string[]): StoreSnapshot {
    this.#assertOpen()
    const snapshot = new EnvironmentSnapshot(this.#environment, buckets, () => {
      this.#snapshots.delete(snapshot)
    })
    this.#snapshots.add(snapshot)
    return snapshot
  }

  sync(): void {
    this.#assertOpen()
    this.#environment.sync()
  }

  stats(): StoreStats {
    this.#assertOpen()
    const { lastTxnId, lastPageNumber, mapSize, numReaders } = this.#environment.root.env.info()
    return {
      // Nothing, where the directory was removed.
      sizeBytes:
        statSync(this.#environment.data.place.dataFile, { throwIfNoEntry: false })?.size ?? 0,
      engine: {
        lastTransactionId: lastTxnId,
        lastPageNumber,
        mapSizeBytes: mapSize,
        readers: numReaders,
        usedBytes: this.#environment.native(() => this.#environment.data.usedBytes()),
      },
    }
  }

  close(): void {
    if (this.#closed) return
    this.#release(() => {
      this.upkeep.close()
      this.#closed = true
      for (const stop of this.#stops) stop()
      // Reading one after the environment has gone would be fatal.
      for (const snapshot of [...this.#snapshots]) snapshot.close()
    })
  }

  /** What the store takes in the running transaction; 0 where nobody wants to know. */
  #limitedUse(): number {
    const { maxSizeBytes, data } = this.#environment
    return maxSizeBytes === Number.POSITIVE_INFINITY
      ? 0
      : this.#environment.native(() => data.usedBytes())
  }

  /** A store that is over its limit may still shrink. */
  #assertQuota(usedBefore: number): void {
    const used = this.#limitedUse()
    const { maxSizeBytes } = this.#environment
    if (used <= maxSizeBytes || used <= usedBefore) return
    throw new StoreFullError(
      `"${this.location}" would take ${used} bytes, and may take ${maxSizeBytes} (lmdb.maxSizeBytes). What was not written stays pending; delete something and flush() again.`,
    )
  }

  #assertOpen(): void {
    if (this.#closed) throw new ClosedError('This LMDB store')
  }
}

/** One object serves all transactions of a store: there is never more than one. */
class LmdbTransaction implements StoreTransaction {
  readonly #store: LmdbStore
  readonly #environment: Environment
  /** Where changes are noted for whoever copies the store. */
  #journal: Journal | undefined
  #base = 0
  #given = 0
  /** Rows to insert before it is tried again whether they come after all that are there. */
  #insertsToAppend = 0
  /** Rows touched so far, and bytes in those that were put. */
  rows = 0
  bytes = 0

  constructor(store: LmdbStore, environment: Environment) {
    this.#store = store
    this.#environment = environment
  }

  begin(): void {
    const { state, data } = this.#environment
    this.#journal = state.copier === '' ? undefined : new Journal(data)
    if (this.#journal?.isInVain(state)) {
      this.#journal = undefined
      this.#environment.setState({ ...state, copier: '' })
    }
    this.#base = 0
    this.#given = 0
    this.#insertsToAppend = 0
    this.rows = 0
    this.bytes = 0
  }

  /** Gives the next transaction a start beyond what this one gave out. */
  end(): void {
    if (this.#given <= VERSIONS_PER_TRANSACTION) return
    const more = Math.ceil(this.#given / VERSIONS_PER_TRANSACTION) * VERSIONS_PER_TRANSACTION
    const { state } = this.#environment
    this.#environment.setState({ ...state, base: state.base + more })
  }

  get(bucket: string, key: Uint8Array): Uint8Array | undefined {
    return this.#store.get(bucket, key)
  }

  peek(bucket: string, key: Uint8Array): Uint8Array | undefined {
    return this.#store.peek(bucket, key)
  }

  scan(bucket: string, range: ScanRange, limit: number): StoreRow[] {
    return this.#store.scan(bucket, range, limit)
  }

  walk(bucket: string, range: ScanRange, limit: number, visit: RowVisitor): Uint8Array | undefined {
    return this.#store.walk(bucket, range, limit, visit)
  }

  due(bucket: string, now: number, limit: number, from?: DeadlineHint): DeadlineHint[] {
    return this.#store.due(bucket, now, limit, from)
  }

  put(bucket: string, key: Uint8Array, record: Uint8Array, deadline: number): void {
    this.rows++
    this.bytes += key.length + record.length
    this.#environment.native(() => {
      this.#environment.rows(bucket).put(key, record)
      this.#journal?.add(rowsName(bucket), key)
      if (deadline !== 0) this.#putHint(bucket, key, deadline)
    })
  }

  insert(bucket: string, key: Uint8Array, record: Uint8Array, deadline: number): boolean {
    this.rows++
    this.bytes += key.length + record.length
    return this.#environment.native(() => {
      if (!this.#putNew(this.#environment.rows(bucket), key, record)) return false
      this.#journal?.add(rowsName(bucket), key)
      if (deadline !== 0) this.#putHint(bucket, key, deadline)
      return true
    })
  }

  delete(bucket: string, key: Uint8Array): boolean {
    this.rows++
    return this.#environment.native(() => {
      this.#journal?.add(rowsName(bucket), key)
      return this.#environment.rows(bucket).removeSync(key)
    })
  }

  forget(bucket: string, hint: DeadlineHint): void {
    this.rows++
    const key = lentDeadlineKey(hint.deadline, hint.key)
    this.#environment.native(() => {
      this.#journal?.add(deadlinesName(bucket), key)
      this.#environment.deadlines(bucket).removeSync(key)
    })
  }

  /**
   * The transaction's id, which LMDB makes grow, times 64, and a counter. A transaction that needs
   * more than 64 raises the base for all that follow; so the usual one writes nothing for this.
   */
  nextVersion(): number {
    if (this.#given === 0) {
      const { state, writeId } = this.#environment
      this.#base = state.base + writeId * VERSIONS_PER_TRANSACTION
    }
    const version = this.#base + this.#given++
    if (version > MAX_UINT48) {
      throw new StoreFullError(
        `"${this.#store.location}" has used up its version numbers. Copy it into a new dict.`,
      )
    }
    return version
  }

  usedBytes(): number {
    return this.#environment.native(() => this.#environment.data.usedBytes())
  }

  /**
   * A row behind the last one needs no search. Rows come in the order of their keys, so once one is there,
   * all that follow mostly are.
   */
  #putNew(rows: NativeDatabase, key: Uint8Array, record: Uint8Array): boolean {
    if (this.#insertsToAppend === 0) {
      if (rows.putSync(key, record, APPEND)) return true
      this.#insertsToAppend = INSERTS_BETWEEN_APPENDS
    }
    this.#insertsToAppend--
    return rows.putSync(key, record, NO_OVERWRITE)
  }

  #putHint(bucket: string, key: Uint8Array, deadline: number): void {
    const due = lentDeadlineKey(deadline, key)
    this.#environment.deadlines(bucket).put(due, PRESENT)
    this.#journal?.add(deadlinesName(bucket), due)
  }
}
