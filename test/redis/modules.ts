import * as six from 'redis'
import * as five from 'redis-5'
import type { RedisModule } from '../../src/redis.js'

/** Both versions of node-redis that the store supports. */
export const MODULES: readonly (readonly [name: string, module: RedisModule])[] = [
  ['node-redis 5', five],
  ['node-redis 6', six],
]
