import { type BenchCase, OURS } from '../harness/case.js'
import {
  keyvOnRedis,
  nodeRedis,
  persistdictOnRedis,
  type Remote,
  redisSides,
} from '../sides/redis.js'

const IN_FLIGHT = 50

export const bench: BenchCase = {
  what: `set() of values on Redis, ${IN_FLIGHT} at a time`,
  goals: [
    { rival: 'keyv', ratioAtLeast: 0.5 },
    { rival: 'node-redis', ratioAtLeast: 0.25 },
  ],
  notes: ['persistdict keeps versions, times and the order of keys, and overwrites nothing unseen'],
  async setUp(stage) {
    const records = stage.records(stage.count(2_000, 500))
    const all = [...records]
    const onRedis = await redisSides()
    const writeAll = async <T>(store: T, remote: Remote<T>) => {
      for (let start = 0; start < all.length; start += IN_FLIGHT) {
        const some = all.slice(start, start + IN_FLIGHT)
        await Promise.all(some.map(([key, value]) => remote.set(store, key, value)))
      }
      return all.length
    }
    return {
      operations: all.length,
      answer: all.length,
      stored: records,
      sides: [
        onRedis(OURS, persistdictOnRedis(true), new Map(), writeAll),
        onRedis('keyv', keyvOnRedis(), new Map(), writeAll),
        onRedis('node-redis', nodeRedis(), new Map(), writeAll),
      ],
    }
  },
}
