/** LMDB before Redis, without a read cache in front: the near tier answers, and the far one backs it up. */
import { lmdbStore, openAsync } from 'persistdict'
import { redisStore } from 'persistdict/redis'
import { tiered } from 'persistdict/tiered'
import type { BenchRecord } from '../harness/data.js'
import type { Stage } from '../harness/stage.js'
import { persistdictOnRedis, type Remote } from './redis.js'

type Dict = ReturnType<typeof persistdictOnRedis> extends Remote<infer D> ? D : never

export function persistdictTiered(stage: Stage, write: 'through' | 'behind'): Remote<Dict> {
  return {
    ...persistdictOnRedis(true),
    async open(url, prefix) {
      const [near, far] = [lmdbStore(stage.folder()), redisStore({ url, prefix })]
      const store = tiered({ near, far, write })
      return openAsync<Record<string, BenchRecord>>({
        store,
        durability: 'commit',
        cache: { maxEntries: 0 },
      })
    },
  }
}
