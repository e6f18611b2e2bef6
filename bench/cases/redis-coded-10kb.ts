import type { BenchCase } from '../harness/case.js'
import { redisCodedCase } from '../sides/redis-coded.js'

export const bench: BenchCase = redisCodedCase(10_000, [1_000, 200])
