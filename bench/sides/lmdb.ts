/**
 * lmdb-js without us: what reading and writing cost at the least.
 *
 * It gets the encoding that we use, plain MessagePack; its own default is slower. `STRUCTURES` is
 * its fastest and smallest, which keeps property names out of the records.
 */
import { open, type RootDatabase, type RootDatabaseOptions } from 'lmdb'
import type { BenchRecord } from '../harness/data.js'
import type { Kind } from './kind.js'

type Options = Partial<RootDatabaseOptions>

/** The types of lmdb do not know what msgpackr takes. */
const PLAIN = { encoder: { useRecords: false } } as Options

export const STRUCTURES: Options = { sharedStructuresKey: Symbol.for('structures') }

/** Every write is on disk when it returns or resolves; by default some return before that. */
export const DURABLE: Options = { ...PLAIN, overlappingSync: false }

/** No write waits for the disk; a loss of power may damage the store. */
export const NO_SYNC: Options = { ...PLAIN, overlappingSync: false, noSync: true }

export function lmdb<V = BenchRecord>(options: Options = PLAIN): Kind<RootDatabase<V, string>, V> {
  return {
    open: (path) => open<V, string>({ path, ...options }),
    async fill(db, records) {
      let last: Promise<boolean> | undefined
      for (const [key, value] of records) last = db.put(key, value)
      await last
    },
    read: (db, key) => db.get(key),
    settle: (db) => db.flushed,
    close: (db) => db.close(),
  }
}
