import { type BenchCase, OURS } from '../harness/case.js'
import { filled } from '../sides/kind.js'
import { lmdb } from '../sides/lmdb.js'
import { persistdict } from '../sides/persistdict.js'
import { sqlite } from '../sides/sqlite.js'

export const bench: BenchCase = {
  what: 'one key of a walk through all in key order',
  setUp(stage) {
    const records = stage.records(stage.count(100_000, 10_000))
    let length = 0
    for (const key of records.keys()) length += key.length
    return {
      operations: records.size,
      answer: length,
      stored: records,
      sides: [
        filled(stage, OURS, persistdict(), records, (dict) => {
          let sum = 0
          for (const key of dict.keys()) sum += key.length
          return sum
        }),
        filled(stage, 'lmdb', lmdb(), records, (db) => {
          let sum = 0
          for (const key of db.getKeys()) sum += key.length
          return sum
        }),
        filled(stage, 'better-sqlite3', sqlite('NORMAL'), records, (store) => {
          let sum = 0
          for (const key of store.keys()) sum += key.length
          return sum
        }),
      ],
    }
  },
}
