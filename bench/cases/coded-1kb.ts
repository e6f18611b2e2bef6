import type { BenchCase } from '../harness/case.js'
import { codedCase } from '../sides/coded.js'

export const bench: BenchCase = codedCase(1_000, [10_000, 1_000])
