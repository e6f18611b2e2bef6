import type { BenchCase } from '../harness/case.js'
import { sizeTrial } from '../sides/size.js'

export const bench: BenchCase = {
  what: 'bytes of all files for a record of about 100 bytes under a key of 16, written all at once in random order',
  unit: 'bytes',
  goals: [{ costAtMost: 200 }],
  setUp(stage) {
    const count = stage.count(50_000, 10_000)
    return sizeTrial(stage, count, count)
  },
}
