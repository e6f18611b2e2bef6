import { type BenchCase, OURS, type Side } from '../harness/case.js'
import { type BenchRecord, type Records, sumOfIds } from '../harness/data.js'
import { filled } from '../sides/kind.js'
import { persistdict } from '../sides/persistdict.js'

export const bench: BenchCase = {
  what: 'value.id of a live value that was taken from dict.object before, 1,000 values in turn',
  goals: [{ costAtMost: 60 }],
  notes: ['A live value looks whether the entry has changed meanwhile; a Proxy looks at nothing'],
  setUp(stage) {
    const records = stage.records(1_000)
    const passes = stage.count(200, 100)
    return {
      operations: records.size * passes,
      answer: sumOfIds(records.values()) * passes,
      stored: records,
      sides: [
        filled(stage, OURS, persistdict(), records, (dict) => {
          const values = Array.from(records.keys(), (key) => dict.object[key] as BenchRecord)
          let sum = 0
          for (let pass = 0; pass < passes; pass++) for (const value of values) sum += value.id
          return sum
        }),
        proxies(records, (values) => {
          let sum = 0
          for (let pass = 0; pass < passes; pass++) for (const value of values) sum += value.id
          return sum
        }),
      ],
    }
  },
}

function proxies(records: Records, run: (values: readonly BenchRecord[]) => number): Side {
  const get = (target: BenchRecord, key: string | symbol) => Reflect.get(target, key)
  const values = Array.from(records.values(), (record) => new Proxy(record, { get }))
  return { name: 'Proxy', run: () => run(values), read: (key) => records.get(key) }
}
