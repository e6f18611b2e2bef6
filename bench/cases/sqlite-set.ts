import { type BenchCase, OURS } from '../harness/case.js'
import { keyvSqlite } from '../sides/keyv-sqlite.js'
import { empty } from '../sides/kind.js'
import { persistdictOn } from '../sides/persistdict-on.js'
import { sqlite } from '../sides/sqlite.js'

export const bench: BenchCase = {
  what: 'one write on the SQLite store, committed before the next one starts',
  notes: [
    "persistdict has durability 'commit', better-sqlite3 WAL and NORMAL; keyv commits as SQLite does by default, with a sync",
  ],
  setUp(stage) {
    const records = stage.records(stage.count(500, 100))
    return {
      operations: records.size,
      answer: records.size,
      stored: records,
      sides: [
        empty(stage, OURS, persistdictOn('sqlite', { durability: 'commit' }), (dict) => {
          for (const [key, value] of records) dict.set(key, value)
          return records.size
        }),
        empty(stage, 'better-sqlite3', sqlite('NORMAL'), (store) => {
          for (const [key, value] of records) store.set(key, value)
          return records.size
        }),
        empty(stage, 'keyv', keyvSqlite(), async (keyv) => {
          for (const [key, value] of records) await keyv.set(key, value)
          return records.size
        }),
      ],
    }
  },
}
