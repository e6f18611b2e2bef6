/** The rows of a database, through statements that are prepared once. */
import { MAX_UINT48 } from '../../bytes.js'
import {
  type DeadlineHint,
  type RowVisitor,
  SCAN_STEP_BYTES,
  type ScanRange,
} from '../sync-store.js'
import type { SqliteConnection, SqliteStatement, SqliteValue } from './driver.js'

interface Row {
  readonly key: Uint8Array
  readonly record: Uint8Array
}

/** A bucket that nobody has written to. No row has this id. */
const NO_BUCKET = -1

/** SQLite reads a negative LIMIT as none. */
const NO_LIMIT = -1

export class RowStatements {
  readonly #connection: SqliteConnection
  readonly #prepared = new Map<string, SqliteStatement<unknown>>()
  /** Ids of buckets that are committed: they never change. */
  readonly #buckets = new Map<string, number>()
  /** Ids of buckets that the running transaction made: gone again if it rolls back. */
  readonly #fresh = new Map<string, number>()

  constructor(connection: SqliteConnection) {
    this.#connection = connection
  }

  get(bucket: string, key: Uint8Array): Uint8Array | undefined {
    const sql = 'SELECT record FROM rows WHERE bucket = ? AND key = ?'
    return this.#statement<Row>(sql).get(this.#idOf(bucket), key)?.record
  }

  walk(bucket: string, range: ScanRange, limit: number, visit: RowVisitor): Uint8Array | undefined {
    const { where, bounds } = conditionsOf(range)
    const order = range.reverse ? 'DESC' : 'ASC'
    const sql = `SELECT key, record FROM rows WHERE bucket = ?${where} ORDER BY key ${order} LIMIT ?`
    const rows = this.#statement<Row>(sql)
    let last: Uint8Array | undefined
    let bytes = 0
    for (const { key, record } of rows.iterate(this.#idOf(bucket), ...bounds, limitOf(limit))) {
      visit(key, record)
      last = key
      bytes += record.length
      if (bytes >= SCAN_STEP_BYTES) break
    }
    return last
  }

  due(bucket: string, now: number, limit: number, from?: DeadlineHint): DeadlineHint[] {
    const id = this.#idOf(bucket)
    const start = from === undefined ? '' : ' AND (deadline, key) >= (?, ?)'
    const sql = `SELECT key, deadline FROM rows WHERE bucket = ? AND deadline <= ?${start} ORDER BY deadline, key LIMIT ?`
    const after = from === undefined ? [] : [from.deadline, from.key]
    const hints = this.#statement<DeadlineHint>(sql)
    return Array.from(hints.iterate(id, now, ...after, limitOf(limit)), ({ key, deadline }) => ({
      key,
      deadline,
    }))
  }

  put(bucket: string, key: Uint8Array, record: Uint8Array, deadline: number): void {
    // node:sqlite binds no bytes as NULL.
    const sql = `INSERT INTO rows VALUES (?, ?, coalesce(?, x''), ?)
      ON CONFLICT DO UPDATE SET record = excluded.record, deadline = excluded.deadline`
    const instant = deadline === 0 ? null : Math.min(Math.max(0, Math.ceil(deadline)), MAX_UINT48)
    this.#statement(sql).run(this.#writableIdOf(bucket), key, record, instant)
  }

  delete(bucket: string, key: Uint8Array): boolean {
    const sql = 'DELETE FROM rows WHERE bucket = ? AND key = ?'
    return Number(this.#statement(sql).run(this.#idOf(bucket), key).changes) > 0
  }

  /** Whether there was such a hint. */
  forget(bucket: string, hint: DeadlineHint): boolean {
    const sql = 'UPDATE rows SET deadline = NULL WHERE bucket = ? AND key = ? AND deadline = ?'
    const { changes } = this.#statement(sql).run(this.#idOf(bucket), hint.key, hint.deadline)
    return Number(changes) > 0
  }

  /** The last version that a committed transaction has given out. */
  lastVersion(): number {
    const row = this.#statement<{ last: number }>('SELECT last FROM versions').get()
    return row?.last ?? 0
  }

  setLastVersion(version: number): void {
    this.#statement('UPDATE versions SET last = ?').run(version)
  }

  /** The running transaction was committed, or taken back. */
  settle(isCommitted: boolean): void {
    if (this.#fresh.size === 0) return
    if (isCommitted) for (const [name, id] of this.#fresh) this.#buckets.set(name, id)
    this.#fresh.clear()
  }

  #idOf(bucket: string): number {
    const known = this.#buckets.get(bucket) ?? this.#fresh.get(bucket)
    if (known !== undefined) return known
    const id = this.#findId(bucket)
    if (id !== NO_BUCKET) this.#buckets.set(bucket, id)
    return id
  }

  /**
   * Names are kept as JSON, which escapes lone surrogates. SQLite's text cannot hold them.
   */
  #writableIdOf(bucket: string): number {
    const known = this.#idOf(bucket)
    if (known !== NO_BUCKET) return known
    this.#statement('INSERT INTO buckets (name) VALUES (?)').run(JSON.stringify(bucket))
    const id = this.#findId(bucket)
    this.#fresh.set(bucket, id)
    return id
  }

  #findId(bucket: string): number {
    const sql = 'SELECT id FROM buckets WHERE name = ?'
    return this.#statement<{ id: number }>(sql).get(JSON.stringify(bucket))?.id ?? NO_BUCKET
  }

  #statement<Result>(sql: string): SqliteStatement<Result> {
    let statement = this.#prepared.get(sql)
    if (statement === undefined) {
      statement = this.#connection.prepare(sql)
      this.#prepared.set(sql, statement)
    }
    // Each caller names the columns that its SQL selects.
    return statement as SqliteStatement<Result>
  }
}

/** A range in SQL. Bounds without bytes are left out: they bound nothing, or everything. */
function conditionsOf(range: ScanRange): { where: string; bounds: SqliteValue[] } {
  const { from, to, after, reverse } = range
  const bounds: SqliteValue[] = []
  let where = ''
  const add = (operator: string, bound: Uint8Array | undefined) => {
    if (bound === undefined) return
    where += ` AND key ${operator} coalesce(?, x'')`
    bounds.push(bound)
  }
  add('>=', from)
  add('<', to)
  add(reverse ? '<' : '>', after)
  return { where, bounds }
}

function limitOf(limit: number): number {
  return Number.isFinite(limit) ? limit : NO_LIMIT
}
