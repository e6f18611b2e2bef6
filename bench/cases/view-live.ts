import { type BenchCase, OURS } from '../harness/case.js'
import { sumOfIds } from '../harness/data.js'
import { filled } from '../sides/kind.js'
import { proxyOverMap } from '../sides/memory.js'
import { persistdict } from '../sides/persistdict.js'

export const bench: BenchCase = {
  what: 'dict.object[key].id, a property of a live value, 5,000 keys in random order',
  notes: ['A live value saves what is changed inside it; the rivals do not'],
  setUp(stage) {
    const records = stage.records(5_000)
    const keys = stage.shuffled(records.keys())
    const passes = stage.count(20, 4)
    return {
      operations: keys.length * passes,
      answer: sumOfIds(records.values()) * passes,
      stored: records,
      sides: [
        filled(stage, OURS, persistdict(), records, (dict) => {
          const view = dict.object
          let sum = 0
          for (let pass = 0; pass < passes; pass++)
            for (const key of keys) sum += view[key]?.id ?? 0
          return sum
        }),
        filled(stage, 'frozen view', persistdict(), records, (dict) => {
          const view = dict.asObject({ values: 'frozen' })
          let sum = 0
          for (let pass = 0; pass < passes; pass++)
            for (const key of keys) sum += view[key]?.id ?? 0
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
