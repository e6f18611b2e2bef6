import { type BenchCase, OURS } from '../harness/case.js'
import { sumOfIds } from '../harness/data.js'
import { classicLevel } from '../sides/classic-level.js'
import { filled } from '../sides/kind.js'
import { lmdb, STRUCTURES } from '../sides/lmdb.js'
import { persistdict } from '../sides/persistdict.js'
import { sqlite } from '../sides/sqlite.js'

export const bench: BenchCase = {
  what: 'one entry, decoded, of a walk through all in key order',
  goals: [{ costAtMost: 1e9 / 500_000 }],
  setUp(stage) {
    const records = stage.records(stage.count(100_000, 10_000))
    return {
      operations: records.size,
      answer: sumOfIds(records.values()),
      stored: records,
      sides: [
        filled(stage, OURS, persistdict(), records, (dict) => {
          let sum = 0
          for (const [, { id }] of dict) sum += id
          return sum
        }),
        filled(stage, 'lmdb', lmdb(), records, (db) => {
          let sum = 0
          for (const { value } of db.getRange()) sum += value.id
          return sum
        }),
        filled(stage, 'lmdb, structures', lmdb(STRUCTURES), records, (db) => {
          let sum = 0
          // The structures themselves are a row among the others.
          for (const { key, value } of db.getRange()) if (typeof key === 'string') sum += value.id
          return sum
        }),
        filled(stage, 'better-sqlite3', sqlite('NORMAL'), records, (store) => {
          let sum = 0
          for (const [, { id }] of store.entries()) sum += id
          return sum
        }),
        filled(stage, 'classic-level', classicLevel(), records, async (store) => {
          let sum = 0
          for await (const [, { id }] of store.entries()) sum += id
          return sum
        }),
      ],
    }
  },
}
