/** Stores from what a configuration says of them. */
import { tiered } from '../open/tiered.js'
import type { AsyncStore } from '../store/async-store.js'
import { fileStore } from '../store/file/open-file.js'
import { lmdbStore } from '../store/lmdb/open-lmdb.js'
import { memoryStore } from '../store/memory.js'
import { redisStore } from '../store/redis/open-redis.js'
import { sqliteStore } from '../store/sqlite/open-sqlite.js'
import type { SyncStore } from '../store/sync-store.js'
import { parseAddress } from './address.js'
import { secretText } from './secret.js'
import {
  answersAtOnce,
  type RedisConfig,
  type StoreConfig,
  type SyncStoreConfig,
  type TieredConfig,
} from './store-config.js'

/** Opens the store. Throws what lmdbStore(), fileStore() and sqliteStore() throw. */
export function syncStoreOf(store: SyncStoreConfig): SyncStore {
  switch (store.kind) {
    case 'memory':
      return memoryStore()
    case 'lmdb':
      return at(store, lmdbStore)
    case 'file':
      return at(store, fileStore)
    case 'sqlite':
      return at(store, sqliteStore)
  }
}

/**
 * Opens the store. Throws what the functions throw that make stores, and ConfigError for a secret that
 * is not where it should be.
 */
export function storeOf(store: StoreConfig): SyncStore | AsyncStore {
  if (answersAtOnce(store)) return syncStoreOf(store)
  return store.kind === 'redis' ? redisOf(store, 'store') : tieredOf(store)
}

function at<T extends { readonly kind: string; readonly path: string }>(
  store: T,
  make: (path: string, options: Omit<T, 'kind' | 'path'>) => SyncStore,
): SyncStore {
  const { kind: _, path, ...options } = store
  return make(path, options)
}

function tieredOf({ kind: _, near, far, ...options }: TieredConfig): AsyncStore {
  const nearConfig = asConfig(near, 'store.near')
  const farConfig = asConfig(far, 'store.far')
  const nearStore = storeOf(nearConfig)
  try {
    const farStore =
      farConfig.kind === 'redis' ? redisOf(farConfig, 'store.far') : storeOf(farConfig)
    // tiered() refuses a near store that is none.
    return tiered({ near: nearStore as SyncStore, far: farStore, ...options })
  } catch (error) {
    nearStore.close()
    throw error
  }
}

function asConfig(store: string | StoreConfig, path: string): StoreConfig {
  return typeof store === 'string' ? parseAddress(store, path) : store
}

function redisOf(config: RedisConfig, path: string): AsyncStore {
  const { kind: _, url, cluster, username, password, clientOptions, ...options } = config
  const login = {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password: secretText(password, `${path}.password`) }),
  }
  if (cluster !== undefined) {
    const { defaults, ...rest } = cluster
    return redisStore({
      ...options,
      cluster: { ...rest, defaults: { ...asObject(defaults), ...login } },
    })
  }
  return redisStore({
    ...options,
    url: url === undefined ? undefined : secretText(url, `${path}.url`),
    clientOptions: { ...clientOptions, ...login },
  })
}

function asObject(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {}
}
