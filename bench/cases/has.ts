import { type BenchCase, OURS } from '../harness/case.js'
import { filled } from '../sides/kind.js'
import { lmdb } from '../sides/lmdb.js'
import { persistdict } from '../sides/persistdict.js'
import { sqlite } from '../sides/sqlite.js'

export const bench: BenchCase = {
  what: 'has(), half of the keys there and half not, in random order',
  goals: [{ costAtMost: 1_000 }],
  setUp(stage) {
    const records = stage.records(stage.count(100_000, 10_000))
    const present = [...records.keys()].slice(0, records.size / 2)
    const keys = stage.shuffled([...present, ...present.map((key) => `${key}?`)])
    return {
      operations: keys.length,
      answer: present.length,
      stored: records,
      sides: [
        filled(stage, OURS, persistdict(), records, (dict) => {
          let found = 0
          for (const key of keys) if (dict.has(key)) found++
          return found
        }),
        filled(stage, 'lmdb', lmdb(), records, (db) => {
          let found = 0
          for (const key of keys) if (db.doesExist(key)) found++
          return found
        }),
        filled(stage, 'better-sqlite3', sqlite('NORMAL'), records, (store) => {
          let found = 0
          for (const key of keys) if (store.has(key)) found++
          return found
        }),
      ],
    }
  },
}
