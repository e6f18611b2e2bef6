/**
 * Every face of the dict on every store: what the conformance suite runs on. A new store gets a line
 * here, and nothing else.
 *
 * The suite is written with `await`, which takes synchronous answers, too. So it sees each face as an
 * AsyncPersistDict; size() and all() are apart, as a getter and an iterator cannot be awaited.
 */
import { onTestFinished } from 'vitest'
import type { AsyncPersistDict } from '../../src/dict/async-persist-dict.js'
import type { KeyOf } from '../../src/dict/face.js'
import { fileStore } from '../../src/file.js'
import { open } from '../../src/open/open.js'
import { openAsync } from '../../src/open/open-async.js'
import type { OpenOptions } from '../../src/open/open-options.js'
import { redisStore } from '../../src/redis.js'
import { sqliteStore } from '../../src/sqlite.js'
import { asyncMemoryStore } from '../../src/store/async-memory.js'
import type { AsyncStore } from '../../src/store/async-store.js'
import { lmdbStore } from '../../src/store/lmdb/open-lmdb.js'
import { memoryStore } from '../../src/store/memory.js'
import type { SyncStore } from '../../src/store/sync-store.js'
import { testCipher } from '../../src/testing.js'
import { tiered } from '../../src/tiered.js'
import { tempDirectory } from '../processes/temp-directory.js'
import { newPrefix } from '../redis/prefix.js'
import { redisUrl } from '../redis/redis-url.js'
import { sharedCluster } from '../redis/shared-cluster.js'

/** The dict as the suite sees it. */
export type Dict<S extends object = Record<string, unknown>> = AsyncPersistDict<S>

/** Opens a dict over one place: each call another handle. Closed when the running test ends. */
export type OpenHandle = <S extends object = Record<string, unknown>>(
  options?: OpenOptions<S, KeyOf<S>>,
) => Promise<Dict<S>>

export interface Face {
  readonly name: string
  /** Whether several keys are written all or none. */
  readonly isAtomicAcrossKeys: boolean
  /** Whether changes of several keys have an order. */
  readonly hasOrder: boolean
  /** Whether watchers hear of what is written when it is sent to another store. */
  readonly isBehind: boolean
  /** Whether it is opened with testCipher(). */
  readonly isEncrypted: boolean
  /** A new, empty place. */
  newPlace(): OpenHandle
}

/** Makes stores over one new place: each call one more over the same data. */
type NewPlace<T> = () => () => T

const SYNC_STORES: Readonly<Record<string, NewPlace<SyncStore>>> = {
  memory: () => one(memoryStore()),
  LMDB: () => at('dict', (path) => lmdbStore(path)),
  SQLite: () => at('dict.db', (path) => sqliteStore(path)),
  file: () => at('dict', (path) => fileStore(path)),
}

const ASYNC_STORES: Readonly<Record<string, NewPlace<AsyncStore | Promise<AsyncStore>>>> = {
  'asynchronous memory': () => one(asyncMemoryStore()),
  Redis: () => {
    const [url, prefix] = [redisUrl(), newPrefix()]
    return () => redisStore({ url, prefix })
  },
  'memory before Redis': () => {
    const far = redisStore({ url: redisUrl(), prefix: newPrefix() })
    return one(tiered({ near: memoryStore(), far }))
  },
  'LMDB before SQLite, written behind': () => {
    const [near, far] = [lmdbStore(tempDirectory()), sqliteStore(`${tempDirectory()}/far.db`)]
    return one(tiered({ near, far, write: 'behind' }))
  },
  'Redis Cluster': () => {
    const prefix = newPrefix()
    return async () =>
      redisStore({ cluster: { rootNodes: (await sharedCluster()).rootNodes }, prefix })
  },
}

/** As the above, of stores whose keys live in different places. */
const SPREAD_STORES: Readonly<Record<string, NewPlace<AsyncStore>>> = {
  'Redis in parts': () => {
    const [url, prefix] = [redisUrl(), newPrefix()]
    return () => redisStore({ url, prefix, parts: 3 })
  },
}

/** With hidden names, all goes by other storage keys, and ranges by other rules. */
const ENCRYPTED_STORES: Readonly<Record<string, NewPlace<AsyncStore | Promise<AsyncStore>>>> =
  Object.fromEntries(
    ['Redis', 'LMDB before SQLite, written behind'].map((name) => [
      name,
      ASYNC_STORES[name] as NewPlace<AsyncStore>,
    ]),
  )

export const FACES: readonly Face[] = [
  ...faces('sync', SYNC_STORES, true, openSync),
  ...faces('async', { ...SYNC_STORES, ...ASYNC_STORES }, true, openAsynchronously),
  ...faces('async', SPREAD_STORES, false, openAsynchronously),
  ...faces('encrypted async', ENCRYPTED_STORES, true, openEncrypted),
  ...faces('encrypted async', SPREAD_STORES, false, openEncrypted),
]

/** How many entries a dict has. */
export async function sizeOf(dict: { size: unknown }): Promise<unknown> {
  const { size } = dict
  return typeof size === 'function' ? size.call(dict) : size
}

/** All that an iterator yields, of either kind. */
export async function all<T>(items: AsyncIterable<T> | Iterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

/** What a call throws, or rejects with. */
export async function failure(call: () => unknown): Promise<unknown> {
  try {
    await call()
  } catch (error) {
    return error
  }
  throw new Error('The call did not fail.')
}

function faces<T>(
  kind: 'sync' | 'async' | 'encrypted async',
  places: Readonly<Record<string, NewPlace<T>>>,
  isAtomicAcrossKeys: boolean,
  openOver: (store: T, options: object) => Promise<Dict>,
): Face[] {
  return Object.entries(places).map(([store, newPlace]) => ({
    name: `the ${kind} dict on ${store}`,
    isAtomicAcrossKeys,
    hasOrder: isAtomicAcrossKeys,
    isBehind: store.endsWith('written behind'),
    isEncrypted: kind === 'encrypted async',
    newPlace() {
      const storeAgain = newPlace()
      const openHandle = async (options: object = {}) => {
        const dict = await openOver(storeAgain(), options)
        onTestFinished(() => dict.close())
        return dict
      }
      return openHandle as OpenHandle
    },
  }))
}

async function openSync(store: SyncStore, options: object): Promise<Dict> {
  // The members have the same names and, awaited, the same answers: that is what the suite is about.
  return open(store, options) as unknown as Dict
}

async function openAsynchronously(
  store: SyncStore | AsyncStore | Promise<AsyncStore>,
  options: object,
): Promise<Dict> {
  return openAsync(await store, options)
}

async function openEncrypted(
  store: AsyncStore | Promise<AsyncStore>,
  options: object,
): Promise<Dict> {
  return openAsync(await store, { ...options, cipher: testCipher(), debugKeys: true })
}

function one<T>(store: T): () => T {
  return () => store
}

function at<T>(name: string, make: (path: string) => T): () => T {
  const path = `${tempDirectory()}/${name}`
  return () => make(path)
}
