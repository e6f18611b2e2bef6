import { type BenchCase, OURS } from '../harness/case.js'
import { sumOfIds } from '../harness/data.js'
import { asyncPersistdict } from '../sides/async-persistdict.js'
import { filled } from '../sides/kind.js'
import { persistdict } from '../sides/persistdict.js'

export const bench: BenchCase = {
  what: 'await get() of a value in the read cache, on LMDB, 5,000 keys in random order',
  goals: [],
  notes: ['The rival is our own synchronous dict: the difference is what promises cost'],
  setUp(stage) {
    const records = stage.records(5_000)
    const keys = stage.shuffled(records.keys())
    const passes = stage.count(20, 4)
    return {
      operations: keys.length * passes,
      answer: sumOfIds(records.values()) * passes,
      stored: records,
      sides: [
        filled(stage, OURS, asyncPersistdict(), records, async (opened) => {
          const dict = await opened
          let sum = 0
          for (let pass = 0; pass < passes; pass++) {
            for (const key of keys) sum += (await dict.get(key))?.id ?? 0
          }
          return sum
        }),
        filled(stage, 'open()', persistdict(), records, (dict) => {
          let sum = 0
          for (let pass = 0; pass < passes; pass++) {
            for (const key of keys) sum += dict.get(key)?.id ?? 0
          }
          return sum
        }),
      ],
    }
  },
}
