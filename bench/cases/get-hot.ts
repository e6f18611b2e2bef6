import { LRUCache } from 'lru-cache'
import { type BenchCase, OURS } from '../harness/case.js'
import { type BenchRecord, sumOfIds } from '../harness/data.js'
import { filled } from '../sides/kind.js'
import { inMemory } from '../sides/memory.js'
import { persistdict } from '../sides/persistdict.js'

export const bench: BenchCase = {
  what: 'get() of a value in the read cache, 5,000 keys in random order',
  goals: [{ rival: 'lru-cache', ratioAtLeast: 0.5 }],
  notes: ['persistdict alone sees what other processes write; a Map bounds nothing'],
  setUp(stage) {
    const records = stage.records(5_000)
    const keys = stage.shuffled(records.keys())
    const passes = stage.count(100, 20)
    return {
      operations: keys.length * passes,
      answer: sumOfIds(records.values()) * passes,
      stored: records,
      sides: [
        filled(stage, OURS, persistdict(), records, (dict) => {
          let sum = 0
          for (let pass = 0; pass < passes; pass++) {
            for (const key of keys) sum += dict.get(key)?.id ?? 0
          }
          return sum
        }),
        inMemory(
          'lru-cache',
          new LRUCache<string, BenchRecord>({ max: 10_000 }),
          records,
          (lru) => {
            let sum = 0
            for (let pass = 0; pass < passes; pass++) {
              for (const key of keys) sum += lru.get(key)?.id ?? 0
            }
            return sum
          },
        ),
        inMemory('Map', new Map<string, BenchRecord>(), records, (map) => {
          let sum = 0
          for (let pass = 0; pass < passes; pass++) {
            for (const key of keys) sum += map.get(key)?.id ?? 0
          }
          return sum
        }),
      ],
    }
  },
}
