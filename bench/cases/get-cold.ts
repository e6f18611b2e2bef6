import { type BenchCase, OURS } from '../harness/case.js'
import { sumOfIds } from '../harness/data.js'
import { classicLevel } from '../sides/classic-level.js'
import { filled } from '../sides/kind.js'
import { lmdb, STRUCTURES } from '../sides/lmdb.js'
import { persistdict } from '../sides/persistdict.js'
import { sqlite } from '../sides/sqlite.js'

export const bench: BenchCase = {
  what: 'get() without a read cache, in random order',
  goals: [
    { rival: 'lmdb', ratioAtLeast: 1 / 1.5 },
    { rival: 'better-sqlite3', ratioAtLeast: 2 },
  ],
  notes: ['persistdict freezes what it returns'],
  setUp(stage) {
    const records = stage.records(stage.count(100_000, 10_000))
    const keys = stage.shuffled(records.keys())
    const withoutCache = persistdict({ cache: { maxEntries: 0 } })
    return {
      operations: keys.length,
      answer: sumOfIds(records.values()),
      stored: records,
      sides: [
        filled(stage, OURS, withoutCache, records, (dict) => {
          let sum = 0
          for (const key of keys) sum += dict.get(key)?.id ?? 0
          return sum
        }),
        filled(stage, 'lmdb', lmdb(), records, (db) => {
          let sum = 0
          for (const key of keys) sum += db.get(key)?.id ?? 0
          return sum
        }),
        filled(stage, 'lmdb, structures', lmdb(STRUCTURES), records, (db) => {
          let sum = 0
          for (const key of keys) sum += db.get(key)?.id ?? 0
          return sum
        }),
        filled(stage, 'better-sqlite3', sqlite('NORMAL'), records, (store) => {
          let sum = 0
          for (const key of keys) sum += store.get(key)?.id ?? 0
          return sum
        }),
        filled(stage, 'classic-level', classicLevel(), records, (store) => {
          let sum = 0
          for (const key of keys) sum += store.get(key)?.id ?? 0
          return sum
        }),
      ],
    }
  },
}
