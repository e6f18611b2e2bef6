import { type BenchCase, OURS } from '../harness/case.js'
import { sumOfIds } from '../harness/data.js'
import {
  keyvOnRedis,
  nodeRedisCached,
  persistdictOnRedis,
  type Remote,
  redisSides,
} from '../sides/redis.js'

export const bench: BenchCase = {
  what: 'get() of values on Redis that were read before, 1,000 keys in random order',
  goals: [{ rival: 'node-redis, client-side cache', ratioAtLeast: 1 }],
  notes: ['the first two answer from memory, and hear of changes; keyv asks the server each time'],
  async setUp(stage) {
    const records = stage.records(stage.count(1_000, 200))
    const keys = stage.shuffled(records.keys())
    const onRedis = await redisSides()
    const readAll = async <T>(store: T, remote: Remote<T>) => {
      let sum = 0
      for (const key of keys) sum += (await remote.get(store, key))?.id ?? 0
      return sum
    }
    return {
      operations: keys.length,
      answer: sumOfIds(records.values()),
      stored: records,
      sides: [
        onRedis(OURS, persistdictOnRedis(true), records, readAll),
        onRedis('node-redis, client-side cache', nodeRedisCached(), records, readAll),
        onRedis('keyv', keyvOnRedis(), records, readAll),
      ],
    }
  },
}
