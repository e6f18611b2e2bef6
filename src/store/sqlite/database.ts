/**
 * One database, with one connection to it, however many stores of this thread use it.
 *
 * CHANGE ID. SQLite tells whether another connection has committed, by a number that means nothing
 * else (PRAGMA data_version). Ours grows by one with each commit of our own, and by more whenever
 * that number has moved: so that a reader can tell the two apart.
 */
import { closeSync, existsSync, fsyncSync, openSync, statSync } from 'node:fs'
import { systemClock } from '../../clock.js'
import { StoreGoneError, TransactionError } from '../../errors/store-errors.js'
import { CommitWatch } from '../commit-watch.js'
import { fileIdentity } from '../local-directory.js'
import type { StoreStats } from '../sync-store.js'
import { whenFree } from './busy-wait.js'
import type { Connect, SqliteConnection, SqliteStatement, SqliteValue } from './driver.js'
import { RowStatements } from './row-statements.js'
import { ensureSchema } from './schema.js'
import { asStoreError } from './sqlite-errors.js'

/** More than one, which an own commit moves it by. */
const FOREIGN_STEP = 2

/** A commit writes the log, then makes it visible: within microseconds, unless it is a large one. */
const VISIBLE_WITHIN_MS = 50

export class SqliteDatabase {
  readonly file: string
  /** Device and inode: the same however the path is spelled. */
  readonly identity: string | undefined
  readonly rows: RowStatements
  readonly commits: CommitWatch
  readonly #connect: Connect
  readonly #busyTimeoutMs: number
  readonly #connection: SqliteConnection
  readonly #dataVersion: SqliteStatement<{ data_version: number }>
  readonly #begin: SqliteStatement<never>
  readonly #commit: SqliteStatement<never>
  #seenDataVersion = 0
  #changeId = 0
  #isSynced: boolean | undefined
  #isInTransaction = false

  constructor(file: string, connect: Connect, busyTimeoutMs: number) {
    this.file = file
    this.#connect = connect
    this.#busyTimeoutMs = busyTimeoutMs
    this.#connection = this.native(() => connect(file))
    try {
      this.native(() => ensureSchema(this.#connection, file))
      this.rows = new RowStatements(this.#connection)
      this.#dataVersion = this.#prepared('PRAGMA data_version')
      this.#begin = this.#prepared('BEGIN IMMEDIATE')
      this.#commit = this.#prepared('COMMIT')
      this.identity = fileIdentity(file)
      this.commits = new CommitWatch({
        file: this.#logFile,
        published: () => this.changeId(),
        // What was written a moment ago may be about to become visible.
        written: () => this.changeId() + (this.#wasWrittenJustNow() ? 1 : 0),
      })
    } catch (error) {
      this.#connection.close()
      throw error
    }
  }

  /** Runs calls of SQLite that may be repeated. What it throws comes out as one of our errors. */
  native<T>(call: () => T): T {
    try {
      // In a transaction the lock is ours, and a call that failed may not be repeated.
      return this.#isInTransaction ? call() : whenFree(this.file, this.#busyTimeoutMs, call)
    } catch (error) {
      throw asStoreError(error, this.file)
    }
  }

  changeId(): number {
    return this.native(() => {
      const version = this.#dataVersion.get()?.data_version ?? 0
      if (version !== this.#seenDataVersion) {
        this.#seenDataVersion = version
        this.#changeId += FOREIGN_STEP
      }
      return this.#changeId
    })
  }

  /** Runs `fn` in a write transaction. It returns whether it changed anything, and its result. */
  transaction<T>(synced: boolean, fn: () => { isChange: boolean; value: T }): T {
    if (this.#isInTransaction) throw new TransactionError('Transactions of a store do not nest.')
    this.native(() => {
      this.#setSynchronous(synced)
      this.#begin.run()
    })
    this.#isInTransaction = true
    let result: T
    try {
      const { isChange, value } = fn()
      this.#assertPresent()
      this.native(() => this.#commit.run())
      if (isChange) this.#changeId++
      this.rows.settle(true)
      result = value
    } catch (error) {
      this.#rollBack()
      this.rows.settle(false)
      throw error
    } finally {
      this.#isInTransaction = false
    }
    this.commits.look()
    return result
  }

  /** Puts everything that anybody has committed on disk. */
  sync(): void {
    this.#assertPresent()
    const log = this.#logFile
    // What is not in the log any more was synced when it was moved into the database.
    if (!existsSync(log)) return
    // Closing a descriptor of the log drops no lock: SQLite has none on it.
    const descriptor = openSync(log, 'r+')
    try {
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
  }

  stats(): StoreStats {
    return this.native(() => {
      const { pages } = this.#one<{ pages: number }>(
        'SELECT page_count AS pages FROM pragma_page_count',
      )
      const { free } = this.#one<{ free: number }>(
        'SELECT freelist_count AS free FROM pragma_freelist_count',
      )
      const logBytes = bytesOf(this.#logFile)
      return {
        sizeBytes: bytesOf(this.file) + logBytes,
        engine: { pages, freePages: free, logBytes },
      }
    })
  }

  /** Runs SQL that returns nothing, outside of transactions. */
  run(sql: string, ...values: SqliteValue[]): void {
    if (this.#isInTransaction) throw new TransactionError('This is not possible in a transaction.')
    this.native(() => this.#connection.prepare(sql).run(...values))
  }

  /** Moves the log into the database, as far as no reader needs it. */
  checkpoint(): void {
    this.native(() => this.#connection.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get())
  }

  /** Another connection to the same file, for whoever reads as of one moment. */
  connectAgain(): SqliteConnection {
    return this.native(() => this.#connect(this.file))
  }

  close(): void {
    this.commits.close()
    this.#connection.close()
  }

  #wasWrittenJustNow(): boolean {
    const { mtimeMs = 0 } = statSync(this.#logFile, { throwIfNoEntry: false }) ?? {}
    return systemClock.now() - mtimeMs < VISIBLE_WITHIN_MS
  }

  get #logFile(): string {
    return `${this.file}-wal`
  }

  /** Throws StoreGoneError if the file is no longer where it was opened. */
  #assertPresent(): void {
    if (fileIdentity(this.file) !== this.identity) throw new StoreGoneError(this.file)
  }

  /** SQLite allows this between transactions only. */
  #setSynchronous(synced: boolean): void {
    if (this.#isSynced === synced) return
    this.#connection.exec(`PRAGMA synchronous = ${synced ? 'FULL' : 'NORMAL'}`)
    this.#isSynced = synced
  }

  #rollBack(): void {
    try {
      this.#connection.exec('ROLLBACK')
    } catch {
      // After some failures, such as a full disk, SQLite has done so itself, and says that there is
      // nothing to roll back. The error that led here is the one to tell.
    }
  }

  #prepared<Row>(sql: string): SqliteStatement<Row> {
    // The caller names the columns that its SQL selects.
    return this.native(() => this.#connection.prepare(sql)) as SqliteStatement<Row>
  }

  #one<Row>(sql: string): Row {
    return this.#connection.prepare(sql).get() as Row
  }
}

function bytesOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}
