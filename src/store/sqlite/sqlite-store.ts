/** The SQLite store: a face of SyncStore over a database that other stores may share. */
import { MAX_UINT48 } from '../../bytes.js'
import { ClosedError } from '../../errors/open-errors.js'
import { StoreFullError } from '../../errors/store-errors.js'
import type {
  CommitPromise,
  DeadlineHint,
  RowVisitor,
  ScanRange,
  StoreRow,
  StoreSnapshot,
  StoreStats,
  StoreTransaction,
  StoreUpkeep,
  SyncStore,
} from '../sync-store.js'
import type { SqliteDatabase } from './database.js'
import { SqliteSnapshot } from './snapshot.js'
import { SqliteUpkeep } from './upkeep.js'

export class SqliteStore implements SyncStore {
  readonly kind = 'sqlite'
  readonly #database: SqliteDatabase
  readonly #release: () => void
  /** How to stop each listener of this store. */
  readonly #stops = new Set<() => void>()
  #closed = false

  /** `release` gives the database back to whoever shares it out. */
  constructor(database: SqliteDatabase, release: () => void) {
    this.#database = database
    this.#release = release
  }

  get location(): string {
    return this.#database.file
  }

  get identity(): string {
    return `sqlite ${this.#database.identity}`
  }

  get(bucket: string, key: Uint8Array): Uint8Array | undefined {
    this.#assertOpen()
    return this.#database.native(() => this.#database.rows.get(bucket, key))
  }

  /** SQLite lends nothing: this is a copy, too. */
  peek(bucket: string, key: Uint8Array): Uint8Array | undefined {
    return this.get(bucket, key)
  }

  scan(bucket: string, range: ScanRange, limit: number): StoreRow[] {
    this.#assertOpen()
    return this.#database.native(() => {
      const rows: StoreRow[] = []
      this.#database.rows.walk(bucket, range, limit, (key, record) => rows.push({ key, record }))
      return rows
    })
  }

  walk(bucket: string, range: ScanRange, limit: number, visit: RowVisitor): Uint8Array | undefined {
    // Collected first: a visitor must not see a row twice because SQLite was busy in between.
    const rows = this.scan(bucket, range, limit)
    for (const { key, record } of rows) visit(key, record)
    return rows.at(-1)?.key
  }

  due(bucket: string, now: number, limit: number, from?: DeadlineHint): DeadlineHint[] {
    this.#assertOpen()
    return this.#database.native(() => this.#database.rows.due(bucket, now, limit, from))
  }

  changeId(): number {
    this.#assertOpen()
    return this.#database.changeId()
  }

  onCommit(listener: () => void): () => void {
    this.#assertOpen()
    const stop = this.#database.commits.add(listener)
    this.#stops.add(stop)
    return () => {
      this.#stops.delete(stop)
      stop()
    }
  }

  transaction<T>(promise: CommitPromise, fn: (tx: StoreTransaction) => T): T {
    this.#assertOpen()
    return this.#database.transaction(promise === 'synced', () => {
      const tx = new SqliteTransaction(this, this.#database)
      const value = fn(tx)
      return { isChange: tx.finish(), value }
    })
  }

  snapshot(): StoreSnapshot {
    this.#assertOpen()
    return new SqliteSnapshot(this.#database)
  }

  get upkeep(): StoreUpkeep {
    this.#assertOpen()
    return new SqliteUpkeep(this.#database)
  }

  sync(): void {
    this.#assertOpen()
    this.#database.sync()
  }

  stats(): StoreStats {
    this.#assertOpen()
    return this.#database.stats()
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const stop of this.#stops) stop()
    this.#stops.clear()
    this.#release()
  }

  #assertOpen(): void {
    if (this.#closed) throw new ClosedError('This SQLite store')
  }
}

class SqliteTransaction implements StoreTransaction {
  readonly #store: SqliteStore
  readonly #database: SqliteDatabase
  #isChange = false
  /** The last version given out; undefined before the first. */
  #version: number | undefined

  constructor(store: SqliteStore, database: SqliteDatabase) {
    this.#store = store
    this.#database = database
  }

  get(bucket: string, key: Uint8Array): Uint8Array | undefined {
    return this.#store.get(bucket, key)
  }

  peek(bucket: string, key: Uint8Array): Uint8Array | undefined {
    return this.#store.get(bucket, key)
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
    this.#isChange = true
    this.#database.native(() => this.#database.rows.put(bucket, key, record, deadline))
  }

  delete(bucket: string, key: Uint8Array): boolean {
    const existed = this.#database.native(() => this.#database.rows.delete(bucket, key))
    this.#isChange ||= existed
    return existed
  }

  forget(bucket: string, hint: DeadlineHint): void {
    const existed = this.#database.native(() => this.#database.rows.forget(bucket, hint))
    this.#isChange ||= existed
  }

  nextVersion(): number {
    const last = this.#version ?? this.#database.native(() => this.#database.rows.lastVersion())
    if (last >= MAX_UINT48) {
      throw new StoreFullError(
        `"${this.#store.location}" has used up its version numbers. Copy it into a new dict.`,
      )
    }
    this.#version = last + 1
    return this.#version
  }

  /** Keeps the versions that were given out. Returns whether the transaction has changed anything. */
  finish(): boolean {
    const version = this.#version
    // Versions of a transaction that changed nothing may be given out again.
    if (this.#isChange && version !== undefined) {
      this.#database.native(() => this.#database.rows.setLastVersion(version))
    }
    return this.#isChange
  }
}
