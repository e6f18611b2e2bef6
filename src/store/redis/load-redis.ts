import { createRequire } from 'node:module'
import { MissingPackageError } from '../../errors/open-errors.js'
import type { RedisModule } from './redis-client.js'

/** node-redis, if it is installed beside this package. Throws MissingPackageError. */
export function loadRedis(): RedisModule {
  try {
    return createRequire(import.meta.url)('redis')
  } catch (cause) {
    throw new MissingPackageError(
      'redis',
      'install it beside persistdict (npm install redis), or give redisStore() a client of yours as "client"',
      { cause },
    )
  }
}
