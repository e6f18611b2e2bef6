import type { BenchCase } from '../harness/case.js'
import { codedCase } from '../sides/coded.js'

export const bench: BenchCase = codedCase(10_000, [2_000, 300])
