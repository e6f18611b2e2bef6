import type { BenchCase } from '../harness/case.js'
import { sumOfIds } from '../harness/data.js'
import { COMPUTING } from '../sides/compute.js'

const CALLERS = 50

export const bench: BenchCase = {
  what: `one of ${CALLERS} callers in one process who miss the same key at once, until all have its value`,
  notes: [
    'persistdict asks all processes, and has the value on disk when it returns; the rivals ask nobody',
    'cachified without its batches calls the function once a caller; here the value costs nothing',
  ],
  setUp(stage) {
    const records = stage.records(stage.count(100, 20))
    return {
      operations: records.size * CALLERS,
      answer: sumOfIds(records.values()) * CALLERS,
      sides: Object.entries(COMPUTING).map(([name, make]) => {
        let cache = make(stage.folder())
        return {
          name,
          async prepare() {
            await cache.close()
            cache = make(stage.folder())
          },
          async run() {
            let sum = 0
            for (const [key, record] of records) {
              const ask = () => cache.getOrSet(key, async () => record)
              const values = await Promise.all(Array.from({ length: CALLERS }, ask))
              for (const { id } of values) sum += id
            }
            return sum
          },
          close: () => cache.close(),
        }
      }),
    }
  },
}
