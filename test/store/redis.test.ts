import * as redis6 from 'redis'
import * as redis5 from 'redis-5'
import { describe, test } from 'vitest'
import { redisStore } from '../../src/redis.js'
import { asyncStoreLaws } from '../../src/testing.js'
import { newPrefix } from '../redis/prefix.js'
import { redisUrl } from '../redis/redis-url.js'

const MODULES = { 'node-redis 5': redis5, 'node-redis 6': redis6 }

for (const [name, module] of Object.entries(MODULES)) {
  describe(`the laws of AsyncStore, on Redis through ${name}`, () => {
    for (const law of asyncStoreLaws) {
      test(law.title, () =>
        law.check(() => redisStore({ url: redisUrl(), prefix: newPrefix(), module })),
      )
    }
  })
}
