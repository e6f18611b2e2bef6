import { type BenchCase, OURS } from '../harness/case.js'
import { sumOfIds } from '../harness/data.js'
import { filled } from '../sides/kind.js'
import { proxyOverMap } from '../sides/memory.js'
import { persistdict } from '../sides/persistdict.js'

export const bench: BenchCase = {
  what: "view[key] of a frozen value in the read cache, asObject({ values: 'frozen' }), 5,000 keys",
  goals: [{ rival: 'dict.get()', extraAtMost: 20 }],
  notes: ['dict.get() is our own method: what the object face adds to it'],
  setUp(stage) {
    const records = stage.records(5_000)
    const keys = stage.shuffled(records.keys())
    const passes = stage.count(60, 12)
    return {
      operations: keys.length * passes,
      answer: sumOfIds(records.values()) * passes,
      stored: records,
      sides: [
        filled(stage, OURS, persistdict(), records, (dict) => {
          const view = dict.asObject({ values: 'frozen' })
          let sum = 0
          for (let pass = 0; pass < passes; pass++)
            for (const key of keys) sum += view[key]?.id ?? 0
          return sum
        }),
        filled(stage, 'dict.get()', persistdict(), records, (dict) => {
          let sum = 0
          for (let pass = 0; pass < passes; pass++) {
            for (const key of keys) sum += dict.get(key)?.id ?? 0
          }
          return sum
        }),
        proxyOverMap(records, (view) => {
          let sum = 0
          for (let pass = 0; pass < passes; pass++)
            for (const key of keys) sum += view[key]?.id ?? 0
          return sum
        }),
      ],
    }
  },
}
