import { type BenchCase, OURS } from '../harness/case.js'
import { empty } from '../sides/kind.js'
import { lmdb, NO_SYNC } from '../sides/lmdb.js'
import { persistdict } from '../sides/persistdict.js'
import { sqlite } from '../sides/sqlite.js'

export const bench: BenchCase = {
  what: 'one write, seen by every process before the next one starts',
  notes: [
    "None waits for the disk: durability 'commit'; lmdb putSync() with noSync; WAL and NORMAL",
  ],
  setUp(stage) {
    const records = stage.records(stage.count(2_000, 200))
    return {
      operations: records.size,
      answer: records.size,
      stored: records,
      sides: [
        empty(stage, OURS, persistdict({ durability: 'commit' }), (dict) => {
          for (const [key, value] of records) dict.set(key, value)
          return records.size
        }),
        empty(stage, 'lmdb', lmdb(NO_SYNC), (db) => {
          for (const [key, value] of records) db.putSync(key, value)
          return records.size
        }),
        empty(stage, 'better-sqlite3', sqlite('NORMAL'), (store) => {
          for (const [key, value] of records) store.set(key, value)
          return records.size
        }),
      ],
    }
  },
}
