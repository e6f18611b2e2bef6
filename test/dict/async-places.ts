/** Places of every kind of asynchronous store, for tests that open them again and from several sides. */
import { onTestFinished } from 'vitest'
import { redisStore } from '../../src/redis.js'
import { sqliteStore } from '../../src/sqlite.js'
import { asyncMemoryStore } from '../../src/store/async-memory.js'
import type { AsyncStore } from '../../src/store/async-store.js'
import { lmdbStore } from '../../src/store/lmdb/open-lmdb.js'
import { memoryStore } from '../../src/store/memory.js'
import { tiered } from '../../src/tiered.js'
import { tempDirectory } from '../processes/temp-directory.js'
import { newPrefix } from '../redis/prefix.js'
import { redisUrl } from '../redis/redis-url.js'
import { sharedCluster } from '../redis/shared-cluster.js'

const PLACES = {
  'asynchronous memory': asyncMemoryStore,
  Redis: () => redisStore({ url: redisUrl(), prefix: newPrefix() }),
  'Redis in parts': () => redisStore({ url: redisUrl(), prefix: newPrefix(), parts: 3 }),
  'Redis Cluster': async () => {
    const { rootNodes } = await sharedCluster()
    return redisStore({ cluster: { rootNodes }, prefix: newPrefix(), parts: 3 })
  },
  'memory before Redis': () =>
    tiered({ near: memoryStore(), far: redisStore({ url: redisUrl(), prefix: newPrefix() }) }),
  'LMDB before SQLite, written behind': () =>
    tiered({
      near: lmdbStore(tempDirectory()),
      far: sqliteStore(`${tempDirectory()}/far.db`),
      write: 'behind',
    }),
} satisfies Readonly<Record<string, () => AsyncStore | Promise<AsyncStore>>>

export type AsyncPlace = keyof typeof PLACES

export const ASYNC_PLACES = Object.keys(PLACES) as readonly AsyncPlace[]

let handles = 0

/**
 * Makes stores over one new place. Each has an identity of its own, as if it were of another process,
 * so that dicts over them share nothing; closing one leaves the place open until the test ends.
 */
export async function newPlace(kind: AsyncPlace): Promise<() => AsyncStore> {
  const store = await PLACES[kind]()
  onTestFinished(() => store.close())
  return () => handleOf(store)
}

export function handleOf(store: AsyncStore): AsyncStore {
  const identity = `handle ${++handles}`
  return changed(store, { identity, close: async () => {} })
}

/** The store with other members. */
export function changed(store: AsyncStore, members: Partial<AsyncStore>): AsyncStore {
  return new Proxy(store, {
    get(target, name) {
      if (name in members) return Reflect.get(members, name)
      const member: unknown = Reflect.get(target, name)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}

/** All rows of the buckets, as they lie in the store. */
export async function rowsOf(
  store: AsyncStore,
  buckets: readonly string[],
): Promise<{ bucket: string; key: Uint8Array; record: Uint8Array }[]> {
  const found: { bucket: string; key: Uint8Array; record: Uint8Array }[] = []
  for (const bucket of buckets) {
    for (let after: Uint8Array | undefined; ; ) {
      const rows = await store.scan(bucket, after === undefined ? {} : { after }, 1_000)
      after = rows.at(-1)?.key
      if (after === undefined) break
      found.push(...rows.map((row) => ({ bucket, ...row })))
    }
  }
  return found
}
