/** Caches in memory whose get() returns a promise, in their own words. */
import { createCache } from 'cache-manager'
import { Cacheable } from 'cacheable'
import { Keyv } from 'keyv'
import { createStorage } from 'unstorage'
import memoryDriver from 'unstorage/drivers/memory'
import type { Side } from '../harness/case.js'
import type { BenchRecord, Records } from '../harness/data.js'

interface PromisedCache {
  get(key: string): Promise<unknown>
  set(key: string, value: BenchRecord): Promise<unknown>
}

const MAKE: Readonly<Record<string, () => PromisedCache>> = {
  keyv: () => new Keyv(),
  cacheable: () => new Cacheable(),
  'cache-manager': () => createCache(),
  unstorage() {
    const storage = createStorage<BenchRecord>({ driver: memoryDriver() })
    return {
      get: (key) => storage.getItem(key),
      set: (key, value) => storage.setItem(key, value),
    }
  },
}

/** A side for each of them, filled before its first round; `run` is one round. */
export function promisedSides(
  records: Records,
  run: (get: (key: string) => Promise<BenchRecord | undefined>) => Promise<number>,
): Side[] {
  return Object.entries(MAKE).map(([name, make]) => {
    const cache = make()
    const get = (key: string) => cache.get(key) as Promise<BenchRecord | undefined>
    let isFilled = false
    return {
      name,
      async prepare() {
        if (isFilled) return
        isFilled = true
        for (const [key, value] of records) await cache.set(key, value)
      },
      run: () => run(get),
      read: get,
    }
  })
}
