/** Stores that hold one number. */
import { join } from 'node:path'
import Database from 'better-sqlite3'
import type { RootDatabase } from 'lmdb'
import { type Durability, open, type PersistDict } from 'persistdict'
import type { Kind } from './kind.js'
import { lmdb } from './lmdb.js'
import type { Synchronous } from './sqlite.js'

export const COUNTER = 'counter'

type Counters = Record<string, number>

export function counterDict(durability: Durability): Kind<PersistDict<Counters>, number> {
  return {
    open: (folder) => open<Counters, string>(folder, { durability }),
    fill: (dict, records) => dict.setMany(records),
    read: (dict, key) => dict.get(key),
    settle: (dict) => dict.flush(),
    close: (dict) => dict.close(),
  }
}

export function counterLmdb(
  ...options: Parameters<typeof lmdb>
): Kind<RootDatabase<number, string>, number> {
  return lmdb<number>(...options)
}

class SqliteCounter {
  readonly db: Database.Database
  readonly #get
  readonly #increment

  constructor(folder: string, synchronous: Synchronous) {
    this.db = new Database(join(folder, 'data.db'))
    this.db.pragma('journal_mode = WAL')
    this.db.pragma(`synchronous = ${synchronous}`)
    this.db.exec('create table counters (key text primary key, n integer) without rowid')
    this.#get = this.db.prepare<[string], number>('select n from counters where key = ?').pluck()
    this.#increment = this.db
      .prepare<[string], number>(
        'insert into counters values (?, 1) on conflict do update set n = n + 1 returning n',
      )
      .pluck()
  }

  get(key: string): number | undefined {
    return this.#get.get(key)
  }

  increment(): number {
    return this.#increment.get(COUNTER) ?? 0
  }
}

/** Starts empty: it is never filled. */
export function counterSqlite(synchronous: Synchronous): Kind<SqliteCounter, never> {
  return {
    open: (folder) => new SqliteCounter(folder, synchronous),
    fill: () => undefined,
    read: (store, key) => store.get(key),
    settle: (store) => store.db.pragma('wal_checkpoint(TRUNCATE)'),
    close: (store) => store.db.close(),
  }
}
