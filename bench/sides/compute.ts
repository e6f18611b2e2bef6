/** Caches that compute what is missing, in their own words. Rivals keep values in memory only. */
import { type CacheEntry, cachified } from '@epic-web/cachified'
import { BentoCache, bentostore } from 'bentocache'
import { memoryDriver } from 'bentocache/drivers/memory'
import { Cacheable } from 'cacheable'
import { LRUCache } from 'lru-cache'
import { open } from 'persistdict'
import type { BenchRecord } from '../harness/data.js'

export type Factory = () => Promise<BenchRecord>

/** A cache that computes. */
export interface ComputingCache {
  getOrSet(key: string, factory: Factory): Promise<BenchRecord>
  close(): unknown
}

/** More than the keys of any case. */
const MAX_ITEMS = 100_000

export const COMPUTING: Readonly<Record<string, (folder: string) => ComputingCache>> = {
  persistdict(folder) {
    const dict = open<Record<string, BenchRecord>>(folder)
    return {
      getOrSet: (key, factory) => dict.getOrSet(key, factory) as Promise<BenchRecord>,
      close: () => dict.close(),
    }
  },
  bentocache() {
    const store = bentostore().useL1Layer(memoryDriver({ maxItems: MAX_ITEMS }))
    const bento = new BentoCache({ default: 'memory', stores: { memory: store } })
    return {
      getOrSet: (key, factory) => bento.getOrSetForever({ key, factory }),
      close: () => bento.disconnectAll(),
    }
  },
  cacheable() {
    const cache = new Cacheable()
    return {
      getOrSet: async (key, factory) => (await cache.getOrSet(key, factory)) as BenchRecord,
      close: () => cache.disconnect(),
    }
  },
  cachified() {
    const cache = new LRUCache<string, CacheEntry>({ max: MAX_ITEMS })
    return {
      getOrSet: (key, getFreshValue) => cachified({ key, cache, getFreshValue }),
      close() {},
    }
  },
}
