import type { BenchCase } from '../harness/case.js'
import { redisCodedCase } from '../sides/redis-coded.js'

export const bench: BenchCase = redisCodedCase(100, [2_000, 500])
