import * as redis6 from 'redis'
import * as redis5 from 'redis-5'
import { describe, test } from 'vitest'
import { redisStore } from '../../src/redis.js'
import { asyncStoreLaws } from '../../src/testing.js'
import { newPrefix } from '../redis/prefix.js'
import { sharedCluster } from '../redis/shared-cluster.js'

const KINDS = [
  ['one part, node-redis 6', redis6, 1],
  ['five parts, node-redis 5', redis5, 5],
] as const

for (const [name, module, parts] of KINDS) {
  describe(`the laws of AsyncStore, on a cluster (${name})`, () => {
    for (const law of asyncStoreLaws) {
      test(law.title, async () => {
        const { rootNodes } = await sharedCluster()
        await law.check(() =>
          redisStore({ cluster: { rootNodes }, prefix: newPrefix(), parts, module }),
        )
      })
    }
  })
}
