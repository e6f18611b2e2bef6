/** better-sqlite3 as a key-value store: one table, statements prepared once, values as MessagePack. */
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { Packr } from 'msgpackr'
import type { BenchRecord } from '../harness/data.js'
import type { Kind } from './kind.js'

/** FULL syncs each commit to disk; NORMAL syncs now and then, and may lose the last ones. */
export type Synchronous = 'NORMAL' | 'FULL'

/** How long a process waits for another one's write. */
const BUSY_MS = 10_000

const packr = new Packr({ useRecords: false })

interface Row {
  readonly key: string
  readonly value: Buffer
}

export class SqliteStore {
  readonly db: Database.Database
  readonly #get
  readonly #has
  readonly #set
  readonly #delete
  readonly #all
  readonly #keys

  constructor(folder: string, synchronous: Synchronous) {
    this.db = new Database(join(folder, 'data.db'), { timeout: BUSY_MS })
    this.db.pragma('journal_mode = WAL')
    this.db.pragma(`synchronous = ${synchronous}`)
    this.db.exec(
      'create table if not exists entries (key text primary key, value blob) without rowid',
    )
    const { db } = this
    this.#get = db.prepare<[string], Buffer>('select value from entries where key = ?').pluck()
    this.#has = db.prepare<[string], number>('select 1 from entries where key = ?').pluck()
    this.#set = db.prepare<[string, Buffer]>('insert or replace into entries values (?, ?)')
    this.#delete = db.prepare<[string]>('delete from entries where key = ?')
    this.#all = db.prepare<[], Row>('select key, value from entries order by key')
    this.#keys = db.prepare<[], string>('select key from entries order by key').pluck()
  }

  get(key: string): BenchRecord | undefined {
    const bytes = this.#get.get(key)
    return bytes && packr.unpack(bytes)
  }

  has(key: string): boolean {
    return this.#has.get(key) !== undefined
  }

  set(key: string, value: BenchRecord): void {
    this.#set.run(key, packr.pack(value))
  }

  delete(key: string): boolean {
    return this.#delete.run(key).changes > 0
  }

  *entries(): Generator<[string, BenchRecord]> {
    for (const { key, value } of this.#all.iterate()) yield [key, packr.unpack(value)]
  }

  keys(): IterableIterator<string> {
    return this.#keys.iterate()
  }

  transaction<T>(fn: () => T): T {
    return this.db.transaction(fn)()
  }

  /** Moves the log into the database file, and syncs that. */
  checkpoint(): void {
    this.db.pragma('wal_checkpoint(TRUNCATE)')
  }
}

export function sqlite(synchronous: Synchronous): Kind<SqliteStore> {
  return {
    open: (folder) => new SqliteStore(folder, synchronous),
    fill: (store, records) =>
      store.transaction(() => {
        for (const [key, value] of records) store.set(key, value)
      }),
    read: (store, key) => store.get(key),
    settle: (store) => store.checkpoint(),
    close: (store) => store.db.close(),
  }
}
