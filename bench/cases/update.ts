import { type BenchCase, OURS } from '../harness/case.js'
import { refilled } from '../sides/kind.js'
import { lmdb, NO_SYNC } from '../sides/lmdb.js'
import { persistdict } from '../sides/persistdict.js'
import { sqlite } from '../sides/sqlite.js'

export const bench: BenchCase = {
  what: 'update() of one entry of 1,000, read and written in one transaction that every process sees',
  notes: ["None waits for the disk: durability 'commit'; lmdb with noSync; WAL and NORMAL"],
  setUp(stage) {
    const records = stage.records(1_000)
    const keys = stage.shuffled(records.keys())
    const stored = new Map(
      Array.from(records, ([key, value]) => [key, { ...value, score: value.score + 1 }]),
    )
    return {
      operations: keys.length,
      answer: keys.length,
      stored,
      sides: [
        refilled(stage, OURS, persistdict({ durability: 'commit' }), records, (dict) => {
          for (const key of keys) {
            dict.update(key, (value) => value && { ...value, score: value.score + 1 })
          }
          return keys.length
        }),
        refilled(stage, 'lmdb', lmdb(NO_SYNC), records, (db) => {
          for (const key of keys) {
            db.transactionSync(() => {
              const value = db.get(key)
              if (value !== undefined) db.putSync(key, { ...value, score: value.score + 1 })
            })
          }
          return keys.length
        }),
        refilled(stage, 'better-sqlite3', sqlite('NORMAL'), records, (store) => {
          for (const key of keys) {
            store.transaction(() => {
              const value = store.get(key)
              if (value !== undefined) store.set(key, { ...value, score: value.score + 1 })
            })
          }
          return keys.length
        }),
      ],
    }
  },
}
