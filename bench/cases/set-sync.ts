import { type BenchCase, OURS } from '../harness/case.js'
import { empty } from '../sides/kind.js'
import { DURABLE, lmdb } from '../sides/lmdb.js'
import { persistdict } from '../sides/persistdict.js'
import { sqlite } from '../sides/sqlite.js'

export const bench: BenchCase = {
  what: 'one write, on disk before the next one starts',
  goals: [
    { rival: 'lmdb put, flushed', ratioAtLeast: 0.9 },
    { rival: 'lmdb putSync', ratioAtLeast: 0.9 },
  ],
  notes: ["persistdict has durability 'sync', better-sqlite3 WAL and FULL"],
  setUp(stage) {
    const records = stage.records(stage.count(200, 40))
    return {
      operations: records.size,
      answer: records.size,
      stored: records,
      sides: [
        empty(stage, OURS, persistdict({ durability: 'sync' }), (dict) => {
          for (const [key, value] of records) dict.set(key, value)
          return records.size
        }),
        empty(stage, 'lmdb putSync', lmdb(DURABLE), (db) => {
          for (const [key, value] of records) db.putSync(key, value)
          return records.size
        }),
        empty(stage, 'lmdb put, flushed', lmdb(), async (db) => {
          for (const [key, value] of records) {
            void db.put(key, value)
            await db.flushed
          }
          return records.size
        }),
        empty(stage, 'better-sqlite3', sqlite('FULL'), (store) => {
          for (const [key, value] of records) store.set(key, value)
          return records.size
        }),
      ],
    }
  },
}
