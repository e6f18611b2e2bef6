import type { BenchCase } from '../harness/case.js'
import { bigValueSides } from '../sides/big-values.js'

const BYTES = 2 ** 20

export const bench: BenchCase = {
  what: 'set() and, without a read cache, get() of a text of 1 MiB, on disk between the two',
  setUp(stage) {
    const values = new Map(
      Array.from({ length: stage.count(40, 8) }, (_, n) => {
        const text = String.fromCharCode(97 + (n % 26)).repeat(BYTES - 1) + String(n % 10)
        return [`text:${n}`, text] as const
      }),
    )
    return {
      operations: values.size,
      answer: values.size * BYTES,
      stored: values,
      sides: bigValueSides(stage, values, (text: string) => text.length),
    }
  },
}
