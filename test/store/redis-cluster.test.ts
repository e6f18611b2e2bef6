import * as redis6 from 'redis'
import * as redis5 from 'redis-5'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { redisStore } from '../../src/redis.js'
import { asyncStoreLaws } from '../../src/testing.js'
import { type RedisCluster, startCluster } from '../redis/cluster.js'
import { newPrefix } from '../redis/prefix.js'

let cluster: RedisCluster
beforeAll(async () => {
  cluster = await startCluster()
})
afterAll(() => cluster.stop())

const KINDS = [
  ['one part, node-redis 6', redis6, 1],
  ['five parts, node-redis 5', redis5, 5],
] as const

for (const [name, module, parts] of KINDS) {
  describe(`the laws of AsyncStore, on a cluster (${name})`, () => {
    for (const law of asyncStoreLaws) {
      test(law.title, () =>
        law.check(() =>
          redisStore({
            cluster: { rootNodes: cluster.rootNodes },
            prefix: newPrefix(),
            parts,
            module,
          }),
        ),
      )
    }
  })
}
