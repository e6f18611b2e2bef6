import { type BenchCase, OURS } from '../harness/case.js'
import { asyncPersistdict } from '../sides/async-persistdict.js'
import { empty } from '../sides/kind.js'
import { persistdict } from '../sides/persistdict.js'

export const bench: BenchCase = {
  what: 'await set() of a new key, on LMDB, on disk at the end of all',
  goals: [],
  notes: ['The rival is our own synchronous dict: the difference is what promises cost'],
  setUp(stage) {
    const records = stage.records(stage.count(20_000, 4_000))
    return {
      operations: records.size,
      answer: records.size,
      stored: records,
      sides: [
        empty(stage, OURS, asyncPersistdict(), async (opened) => {
          const dict = await opened
          for (const [key, value] of records) await dict.set(key, value)
          await dict.flush()
          return records.size
        }),
        empty(stage, 'open()', persistdict(), async (dict) => {
          for (const [key, value] of records) dict.set(key, value)
          await dict.flush()
          return records.size
        }),
      ],
    }
  },
}
