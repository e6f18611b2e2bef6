import type { BenchCase } from '../harness/case.js'
import { treeSides } from '../sides/tree.js'

export const bench: BenchCase = {
  what: 'tree.branch.twig.leaf = n, three properties down a live value that is held, in one stretch',
  notes: [
    'persistdict writes the value once, after the stretch; on-change calls its subscriber at each change',
  ],
  setUp(stage) {
    const writes = stage.count(500_000, 50_000)
    return {
      operations: writes,
      answer: writes,
      stored: new Map([['leaf', writes]]),
      sides: treeSides(stage, (tree) => {
        for (let at = 1; at <= writes; at++) tree.branch.twig.leaf = at
        return tree.branch.twig.leaf
      }),
    }
  },
}
