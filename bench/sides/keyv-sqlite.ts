/** Keyv over SQLite, through @keyv/sqlite. */
import { join } from 'node:path'
import { KeyvSqlite } from '@keyv/sqlite'
import Keyv from 'keyv'
import type { BenchRecord } from '../harness/data.js'
import type { Kind } from './kind.js'

export function keyvSqlite(): Kind<Keyv> {
  return {
    open: (folder) => new Keyv({ store: new KeyvSqlite(`sqlite://${join(folder, 'data.db')}`) }),
    async fill(keyv, records) {
      for (const [key, value] of records) await keyv.set(key, value)
    },
    read: (keyv, key) => keyv.get<BenchRecord>(key),
    settle: () => undefined,
    close: (keyv) => keyv.disconnect(),
  }
}
