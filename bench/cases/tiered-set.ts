import { type BenchCase, OURS } from '../harness/case.js'
import { keyvOnRedis, persistdictOnRedis, type Remote, redisSides } from '../sides/redis.js'
import { persistdictTiered } from '../sides/tiered.js'

const IN_FLIGHT = 50

export const bench: BenchCase = {
  what: `set() on LMDB before Redis, written behind, ${IN_FLIGHT} at a time`,
  notes: [
    'ours is done when LMDB has committed it; the server gets it later, and asks for CPU as well',
  ],
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
        onRedis(OURS, persistdictTiered(stage, 'behind'), new Map(), writeAll),
        onRedis('persistdict on Redis', persistdictOnRedis(true), new Map(), writeAll),
        onRedis('keyv on Redis', keyvOnRedis(), new Map(), writeAll),
      ],
    }
  },
}
