import type { BenchCase } from '../harness/case.js'
import { treeSides } from '../sides/tree.js'

export const bench: BenchCase = {
  what: 'tree.branch.twig.leaf, three properties down a live value that is held',
  notes: [
    'valtio and on-change keep their trees in memory only; the plain object is what V8 makes of the loop',
  ],
  setUp(stage) {
    const reads = stage.count(2_000_000, 100_000)
    return {
      operations: reads,
      answer: reads,
      stored: new Map([['leaf', 1]]),
      sides: treeSides(stage, (tree) => {
        let sum = 0
        for (let at = 0; at < reads; at++) sum += tree.branch.twig.leaf
        return sum
      }),
    }
  },
}
