import type { BenchCase } from '../harness/case.js'
import { bigValueSides } from '../sides/big-values.js'

const DIMENSIONS = 768

export const bench: BenchCase = {
  what: `set() and, without a read cache, get() of a Float32Array of ${DIMENSIONS} numbers (3 KB), on disk between the two`,
  setUp(stage) {
    const values = new Map(
      Array.from({ length: stage.count(2_000, 200) }, (_, n) => {
        const vector = Float32Array.from({ length: DIMENSIONS }, () => stage.random() - 0.5)
        return [`vector:${n}`, vector] as const
      }),
    )
    return {
      operations: values.size,
      answer: values.size * DIMENSIONS,
      stored: values,
      sides: bigValueSides(stage, values, (vector: Float32Array) => vector.length),
    }
  },
}
