import type { BenchCase } from '../harness/case.js'
import { sumOfIds } from '../harness/data.js'
import { COMPUTING, type ComputingCache } from '../sides/compute.js'

export const bench: BenchCase = {
  what: 'getOrSet() of a value that is there, awaited, 1,000 keys in random order',
  goals: [
    { rival: 'bentocache', ratioAtLeast: 1 },
    { rival: 'cacheable', ratioAtLeast: 1 },
    { rival: 'cachified', ratioAtLeast: 1 },
  ],
  notes: ['persistdict alone sees what other processes write; the rivals keep values in memory'],
  setUp(stage) {
    const records = stage.records(1_000)
    const entries = stage.shuffled(records)
    const passes = stage.count(20, 3)
    return {
      operations: entries.length * passes,
      answer: sumOfIds(records.values()) * passes,
      sides: Object.entries(COMPUTING).map(([name, make]) => {
        let cache: ComputingCache | undefined
        return {
          name,
          async prepare() {
            if (cache !== undefined) return
            cache = make(stage.folder())
            for (const [key, record] of entries) await cache.getOrSet(key, async () => record)
          },
          async run() {
            let sum = 0
            for (let pass = 0; pass < passes; pass++) {
              for (const [key] of entries) sum += (await cache?.getOrSet(key, missing))?.id ?? 0
            }
            return sum
          },
          close: () => cache?.close(),
        }
      }),
    }
  },
}

async function missing(): Promise<never> {
  throw new Error('The value should be there.')
}
