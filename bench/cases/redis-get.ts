import { type BenchCase, OURS } from '../harness/case.js'
import { sumOfIds } from '../harness/data.js'
import {
  keyvOnRedis,
  nodeRedis,
  persistdictOnRedis,
  type Remote,
  redisSides,
} from '../sides/redis.js'

const IN_FLIGHT = 50

export const bench: BenchCase = {
  what: `get() of values on Redis without a cache, ${IN_FLIGHT} at a time`,
  goals: [
    { rival: 'keyv', ratioAtLeast: 1 },
    { rival: 'node-redis', ratioAtLeast: 0.5 },
  ],
  async setUp(stage) {
    const records = stage.records(stage.count(2_000, 500))
    const keys = stage.shuffled(records.keys())
    const onRedis = await redisSides()
    const readAll = async <T>(store: T, remote: Remote<T>) => {
      let sum = 0
      for (let start = 0; start < keys.length; start += IN_FLIGHT) {
        const some = keys.slice(start, start + IN_FLIGHT)
        const values = await Promise.all(some.map((key) => remote.get(store, key)))
        for (const value of values) sum += value?.id ?? 0
      }
      return sum
    }
    return {
      operations: keys.length,
      answer: sumOfIds(records.values()),
      stored: records,
      sides: [
        onRedis(OURS, persistdictOnRedis(false), records, readAll),
        onRedis('keyv', keyvOnRedis(), records, readAll),
        onRedis('node-redis', nodeRedis(), records, readAll),
      ],
    }
  },
}
