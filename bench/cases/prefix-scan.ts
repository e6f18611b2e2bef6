import { type BenchCase, OURS } from '../harness/case.js'
import { classicLevel } from '../sides/classic-level.js'
import { filled } from '../sides/kind.js'
import { lmdb } from '../sides/lmdb.js'
import { persistdict } from '../sides/persistdict.js'

export const bench: BenchCase = {
  what: 'one entry, decoded, of walks through all entries whose keys begin with one of 13 prefixes, in a store of 100,000',
  setUp(stage) {
    const records = stage.records(stage.count(100_000, 10_000))
    const some = Array.from('acegikmoqsuwy', (letter) => `user:${letter}${letter}`)
    const passes = stage.count(5, 20)
    const prefixes = Array.from({ length: passes }, () => some).flat()
    const wanted = [...records].filter(([key]) => some.some((prefix) => key.startsWith(prefix)))
    return {
      operations: wanted.length * passes,
      answer: wanted.reduce((sum, [, { id }]) => sum + id, 0) * passes,
      stored: new Map(wanted),
      sides: [
        filled(stage, OURS, persistdict(), records, (dict) => {
          let sum = 0
          for (const prefix of prefixes) for (const { id } of dict.values({ prefix })) sum += id
          return sum
        }),
        filled(stage, 'lmdb', lmdb(), records, (db) => {
          let sum = 0
          for (const start of prefixes) {
            for (const { value } of db.getRange({ start, end: `${start}\uffff` })) sum += value.id
          }
          return sum
        }),
        filled(stage, 'classic-level', classicLevel(), records, async (store) => {
          let sum = 0
          for (const gte of prefixes) {
            for await (const [, { id }] of store.entries({ gte, lt: `${gte}\uffff` })) sum += id
          }
          return sum
        }),
      ],
    }
  },
}
