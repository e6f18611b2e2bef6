import { LRUCache } from 'lru-cache'
import { type BenchCase, OURS, type Side } from '../harness/case.js'
import { type BenchRecord, sumOfIds } from '../harness/data.js'
import { ForeignWriter } from '../processes/foreign-writer.js'
import { filled } from '../sides/kind.js'
import { inMemory } from '../sides/memory.js'
import { type Dict, persistdict } from '../sides/persistdict.js'

export const bench: BenchCase = {
  what: 'get() of a value in the read cache while another process commits all the time, 5,000 keys in random order',
  notes: [
    'What another process commits is seen by the next get(): each commit makes all entries be looked at again',
    'The writer takes a processor of its own, and shares the memory bus',
  ],
  setUp(stage) {
    const records = stage.records(5_000)
    const keys = stage.shuffled(records.keys())
    const passes = stage.count(20, 4)
    const read = (dict: Dict): number => {
      let sum = 0
      for (let pass = 0; pass < passes; pass++) {
        for (const key of keys) sum += dict.get(key)?.id ?? 0
      }
      return sum
    }
    // A function of its own: shared loops would be compiled for both sides at once.
    const readAlone = (dict: Dict): number => {
      let sum = 0
      for (let pass = 0; pass < passes; pass++) {
        for (const key of keys) sum += dict.get(key)?.id ?? 0
      }
      return sum
    }
    let folder = ''
    const kind = persistdict()
    const noted = {
      ...kind,
      open(place: string) {
        folder = place
        return kind.open(place)
      },
    }
    return {
      operations: keys.length * passes,
      answer: sumOfIds(records.values()) * passes,
      stored: records,
      sides: [
        besideWriter(filled(stage, OURS, noted, records, read), () => folder),
        filled(stage, 'persistdict, nobody writing', persistdict(), records, readAlone),
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
      ],
    }
  },
}

/** The same side, with a writer at work during each of its rounds and of no other's. */
function besideWriter(side: Side, folder: () => string): Side {
  const writer = new ForeignWriter()
  return {
    ...side,
    async prepare() {
      await side.prepare?.()
      await writer.write(folder())
    },
    async settle() {
      const commits = await writer.pause()
      if (commits === 0) throw new Error('The foreign writer has committed nothing.')
      await side.settle?.()
    },
    close() {
      writer.stop()
      return side.close?.()
    },
  }
}
