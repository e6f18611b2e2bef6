import { type BenchCase, OURS } from '../harness/case.js'
import { filled } from '../sides/kind.js'
import { lmdb } from '../sides/lmdb.js'
import { persistdict } from '../sides/persistdict.js'
import { sqlite } from '../sides/sqlite.js'

export const bench: BenchCase = {
  what: 'get() of a key that is not there',
  setUp(stage) {
    const records = stage.records(stage.count(100_000, 10_000))
    // Each a neighbour of a key that is there: misses all over the tree.
    const absent = stage.shuffled(records.keys()).map((key) => `${key}?`)
    return {
      operations: absent.length,
      answer: absent.length,
      stored: new Map(absent.slice(0, 1_000).map((key) => [key, undefined])),
      sides: [
        filled(stage, OURS, persistdict(), records, (dict) => {
          let misses = 0
          for (const key of absent) if (dict.get(key) === undefined) misses++
          return misses
        }),
        filled(stage, 'lmdb', lmdb(), records, (db) => {
          let misses = 0
          for (const key of absent) if (db.get(key) === undefined) misses++
          return misses
        }),
        filled(stage, 'better-sqlite3', sqlite('NORMAL'), records, (store) => {
          let misses = 0
          for (const key of absent) if (store.get(key) === undefined) misses++
          return misses
        }),
      ],
    }
  },
}
