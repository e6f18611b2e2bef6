import type { BenchCase } from '../harness/case.js'
import { mixedCase } from '../processes/mixed-case.js'

export const bench: BenchCase = mixedCase({ processes: 4, writes: 0.1 }, [
  { rival: 'better-sqlite3', ratioAtLeast: 2 },
])
