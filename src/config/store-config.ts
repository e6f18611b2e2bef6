/** What can be said of a store in plain data: its kind, where it is, and all of its options. */
import { z } from 'zod'
import { type Duration, durationMs } from '../duration.js'
import { openModel } from '../open/open-options.js'
import type { TieredOptions } from '../open/tiered.js'
import type { FileOptions } from '../store/file/open-file.js'
import type { LmdbOptions } from '../store/lmdb/open-lmdb.js'
import type { RedisStoreOptions } from '../store/redis/redis-options.js'
import type { SqliteOptions } from '../store/sqlite/open-sqlite.js'
import { type Secret, secretModel } from './secret.js'

/** LMDB, in a directory. */
export interface LmdbConfig extends LmdbOptions {
  /** Says which store it is. */
  readonly kind: 'lmdb'
  /** The directory, which is made if need be. */
  readonly path: string
}

/** The memory of this process: nothing survives it. */
export interface MemoryConfig {
  /** Says which store it is. */
  readonly kind: 'memory'
}

/** A directory with one file an entry. */
export interface FileConfig extends FileOptions {
  /** Says which store it is. */
  readonly kind: 'file'
  /** The directory, which is made if need be. */
  readonly path: string
}

/** A database of SQLite. */
export interface SqliteConfig extends SqliteOptions {
  /** Says which store it is. */
  readonly kind: 'sqlite'
  /** The file of the database, which is made if need be. */
  readonly path: string
}

/** A server of Redis, by its `url`, or a cluster of them. */
export interface RedisConfig
  extends Pick<RedisStoreOptions, 'prefix' | 'parts' | 'timeout' | 'tracking'> {
  /** Says which store it is. */
  readonly kind: 'redis'
  /** The address of one server: `redis://user:password@host:6379/0`, or `rediss://` for TLS. */
  readonly url?: Secret | undefined
  /** More settings for createCluster() of node-redis, such as `{ rootNodes: [{ url }] }`. */
  readonly cluster?: Readonly<Record<string, unknown>> | undefined
  /** The name to log in with. */
  readonly username?: string | undefined
  /** The password to log in with; best by its place. */
  readonly password?: Secret | undefined
  /** More settings for createClient() of node-redis. Only with `url`. */
  readonly clientOptions?: Readonly<Record<string, unknown>> | undefined
}

/** Two stores as one: see docs/stores/tiered.md. */
export interface TieredConfig
  extends Pick<TieredOptions, 'write' | 'onFarError' | 'maxRows' | 'maxBytes' | 'maxQueued'> {
  /** Says which store it is. */
  readonly kind: 'tiered'
  /** The store that answers, or its address. */
  readonly near: string | NearConfig
  /** The store that has everything, or its address. */
  readonly far: string | FarConfig
}

/** Stores that answer at once. */
export type SyncStoreConfig = LmdbConfig | MemoryConfig | FileConfig | SqliteConfig
/** What can be the near store of a tiered one. */
export type NearConfig = SyncStoreConfig
/** What can be the far store of a tiered one. */
export type FarConfig = MemoryConfig | FileConfig | SqliteConfig | RedisConfig
/** A store, by its kind. */
export type StoreConfig = SyncStoreConfig | RedisConfig | TieredConfig

/** Whether dicts over the store can be synchronous. */
export function answersAtOnce(store: StoreConfig): store is SyncStoreConfig {
  return store.kind !== 'redis' && store.kind !== 'tiered'
}

const path = z.string().min(1)
const allowNetworkFileSystem = z.boolean().optional()
const busyTimeoutMs = z.number().nonnegative().optional()

/** A time: milliseconds, or a number with a unit. */
export const durationModel = z
  .union([
    z.number().min(1),
    z.templateLiteral([z.number(), z.enum(['ms', 's', 'm', 'h', 'd', 'w'])]),
  ])
  .refine(isDuration)

const lmdbModel = z.strictObject({
  kind: z.literal('lmdb'),
  path,
  ...openModel().shape.lmdb.unwrap().shape,
})

const memoryModel = z.strictObject({ kind: z.literal('memory') })

const fileModel = z.strictObject({
  kind: z.literal('file'),
  path,
  busyTimeoutMs,
  allowNetworkFileSystem,
})

const sqliteModel = z.strictObject({
  kind: z.literal('sqlite'),
  path,
  driver: z.enum(['node', 'better-sqlite3']).optional(),
  busyTimeoutMs,
  allowNetworkFileSystem,
})

const plainObject = z.record(z.string(), z.unknown())

const redisModel = z.strictObject({
  kind: z.literal('redis'),
  url: secretModel.optional(),
  cluster: plainObject.optional(),
  username: z.string().optional(),
  password: secretModel.optional(),
  clientOptions: plainObject.optional(),
  prefix: z.string().min(1).optional(),
  parts: z.int().min(1).max(256).optional(),
  timeout: durationModel.optional(),
  tracking: z.boolean().optional(),
})

const address = z.string().min(1)

const tieredModel = z.strictObject({
  kind: z.literal('tiered'),
  near: z.union([
    address,
    z.discriminatedUnion('kind', [lmdbModel, memoryModel, fileModel, sqliteModel]),
  ]),
  far: z.union([
    address,
    z.discriminatedUnion('kind', [memoryModel, fileModel, sqliteModel, redisModel]),
  ]),
  write: z.enum(['through', 'behind']).optional(),
  onFarError: z.enum(['throw', 'serve-near']).optional(),
  maxRows: z.int().min(100).optional(),
  maxBytes: z.number().min(1).optional(),
  maxQueued: z.int().min(1).optional(),
})

export const storeModel = z.union([
  address,
  z.discriminatedUnion('kind', [
    lmdbModel,
    memoryModel,
    fileModel,
    sqliteModel,
    redisModel,
    tieredModel,
  ]),
])

function isDuration(duration: Duration): boolean {
  try {
    durationMs(duration, '')
    return true
  } catch {
    return false
  }
}
