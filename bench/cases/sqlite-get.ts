import { type BenchCase, OURS } from '../harness/case.js'
import { sumOfIds } from '../harness/data.js'
import { keyvSqlite } from '../sides/keyv-sqlite.js'
import { filled } from '../sides/kind.js'
import { persistdictOn } from '../sides/persistdict-on.js'
import { sqlite } from '../sides/sqlite.js'

export const bench: BenchCase = {
  what: 'get() on the SQLite store without a read cache, in random order',
  notes: ['keyv is asynchronous, each read awaited'],
  setUp(stage) {
    const records = stage.records(stage.count(5_000, 500))
    const keys = stage.shuffled(records.keys())
    const withoutCache = persistdictOn('sqlite', { cache: { maxEntries: 0 } })
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
        filled(stage, 'better-sqlite3', sqlite('NORMAL'), records, (store) => {
          let sum = 0
          for (const key of keys) sum += store.get(key)?.id ?? 0
          return sum
        }),
        filled(stage, 'keyv', keyvSqlite(), records, async (keyv) => {
          let sum = 0
          for (const key of keys) sum += (await keyv.get(key)).id
          return sum
        }),
      ],
    }
  },
}
