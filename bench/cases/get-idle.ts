import { type BenchCase, OURS } from '../harness/case.js'
import { sumOfIds } from '../harness/data.js'
import { filled } from '../sides/kind.js'
import { type Dict, persistdict } from '../sides/persistdict.js'

export const bench: BenchCase = {
  what: 'get() of a value in the read cache with maxIdle, 5,000 keys in random order',
  goals: [{ rival: 'without maxIdle', ratioAtLeast: 0.9 }],
  notes: [
    'persistdict notes reads once an hour here, which is once a key; "maxIdle 10s" notes each key five times a second',
  ],
  setUp(stage) {
    const records = stage.records(5_000)
    const keys = stage.shuffled(records.keys())
    const passes = stage.count(100, 20)
    // Each side has a loop of its own: one that is shared is compiled for all of them at once.
    return {
      operations: keys.length * passes,
      answer: sumOfIds(records.values()) * passes,
      stored: records,
      sides: [
        filled(stage, OURS, persistdict({ maxIdle: '30d' }), records, (dict: Dict) => {
          let sum = 0
          for (let pass = 0; pass < passes; pass++) {
            for (const key of keys) sum += dict.get(key)?.id ?? 0
          }
          return sum
        }),
        filled(stage, 'without maxIdle', persistdict(), records, (dict: Dict) => {
          let sum = 0
          for (let pass = 0; pass < passes; pass++) {
            for (const key of keys) sum += dict.get(key)?.id ?? 0
          }
          return sum
        }),
        filled(stage, 'maxIdle 10s', persistdict({ maxIdle: '10s' }), records, (dict: Dict) => {
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
