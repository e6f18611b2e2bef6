/**
 * A database as of one moment: a read transaction on a connection of its own. While it is open, the
 * log cannot begin anew, so it may grow.
 */
import { ClosedError } from '../../errors/open-errors.js'
import type { DeadlineHint, RowVisitor, ScanRange, StoreSnapshot } from '../sync-store.js'
import type { SqliteDatabase } from './database.js'
import type { SqliteConnection } from './driver.js'
import { RowStatements } from './row-statements.js'

export class SqliteSnapshot implements StoreSnapshot {
  readonly #database: SqliteDatabase
  readonly #connection: SqliteConnection
  #rows: RowStatements | undefined

  constructor(database: SqliteDatabase) {
    this.#database = database
    this.#connection = database.connectAgain()
    try {
      database.native(() => {
        this.#connection.exec('BEGIN')
        const rows = new RowStatements(this.#connection)
        // The transaction begins with its first read.
        rows.lastVersion()
        this.#rows = rows
      })
    } catch (error) {
      this.#connection.close()
      throw error
    }
  }

  get(bucket: string, key: Uint8Array): Uint8Array | undefined {
    return this.#database.native(() => this.#open().get(bucket, key))
  }

  walk(bucket: string, range: ScanRange, limit: number, visit: RowVisitor): Uint8Array | undefined {
    return this.#database.native(() => this.#open().walk(bucket, range, limit, visit))
  }

  due(bucket: string, now: number, limit: number, from?: DeadlineHint): DeadlineHint[] {
    return this.#database.native(() => this.#open().due(bucket, now, limit, from))
  }

  close(): void {
    if (this.#rows === undefined) return
    this.#rows = undefined
    this.#connection.close()
  }

  #open(): RowStatements {
    if (this.#rows === undefined) throw new ClosedError('This snapshot')
    return this.#rows
  }
}
