import type { BenchCase } from '../harness/case.js'
import { mixedCase } from '../processes/mixed-case.js'

export const bench: BenchCase = mixedCase({ processes: 2, writes: 0.1 })
