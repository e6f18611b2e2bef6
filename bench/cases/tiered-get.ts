import { type BenchCase, OURS } from '../harness/case.js'
import { sumOfIds } from '../harness/data.js'
import { keyvOnRedis, persistdictOnRedis, type Remote, redisSides } from '../sides/redis.js'
import { persistdictTiered } from '../sides/tiered.js'

export const bench: BenchCase = {
  what: 'get() on LMDB before Redis, of values that were read before, in random order',
  goals: [{ rival: 'keyv on Redis', ratioAtLeast: 1 }],
  notes: ['ours answers from LMDB, without a read cache; the others ask the server each time'],
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
        onRedis(OURS, persistdictTiered(stage, 'through'), records, readAll),
        onRedis('persistdict on Redis', persistdictOnRedis(false), records, readAll),
        onRedis('keyv on Redis', keyvOnRedis(), records, readAll),
      ],
    }
  },
}
