import { open } from 'persistdict'
import { type BenchCase, OURS } from '../harness/case.js'
import { type BenchRecord, sumOfIds } from '../harness/data.js'
import { promisedSides } from '../sides/promised-memory.js'

export const bench: BenchCase = {
  what: 'await of get() of a value in memory, 5,000 keys in random order',
  notes: [
    'The rivals keep values in memory only, for this process only; keyv, cache-manager and unstorage serialize them',
  ],
  setUp(stage) {
    const records = stage.records(5_000)
    const keys = stage.shuffled(records.keys())
    const passes = stage.count(4, 1)
    const dict = open<Record<string, BenchRecord>>(stage.folder())
    dict.setMany(records)
    const run = async (get: (key: string) => unknown) => {
      let sum = 0
      for (let pass = 0; pass < passes; pass++) {
        for (const key of keys) sum += ((await get(key)) as BenchRecord).id
      }
      return sum
    }
    return {
      operations: keys.length * passes,
      answer: sumOfIds(records.values()) * passes,
      stored: records,
      sides: [
        {
          name: OURS,
          prepare: () => dict.flush(),
          run: () => run((key) => dict.get(key)),
          read: (key) => dict.get(key),
          close: () => dict.close(),
        },
        ...promisedSides(records, run),
      ],
    }
  },
}
