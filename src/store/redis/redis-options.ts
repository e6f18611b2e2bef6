import type { Duration } from '../../duration.js'
import { OptionError } from '../../errors/option-error.js'
import { refuseUnknown } from '../../errors/unknown-option.js'
import type { RedisClientLike, RedisClusterLike, RedisModule } from './redis-client.js'

/** Where the server is, and how it is used. One of `url`, `client` and `cluster` is needed. */
export interface RedisStoreOptions {
  /** The address of one server: `redis://user:password@host:6379/0`, or `rediss://` for TLS. */
  readonly url?: string | undefined
  /**
   * More settings for createClient() of node-redis, which go to it as they are: `socket` with those of
   * TLS, `username`, `password` and so on. Only with `url`.
   */
  readonly clientOptions?: object | undefined
  /** A client of yours, made by createClient(). You close it; the store connects it if it is not. */
  readonly client?: RedisClientLike | undefined
  /**
   * A cluster: the settings for createCluster() of node-redis, such as `{ rootNodes: [{ url }] }`. Or
   * a cluster client of yours, which you close.
   */
  readonly cluster?: RedisClusterLike | object | undefined
  /**
   * The names of all keys of the store begin with this, in braces. Stores with different prefixes
   * never touch each other.
   * @default 'persistdict'
   */
  readonly prefix?: string | undefined
  /**
   * Over how many slots of a cluster the keys are spread. With 1, all lie on one server, and batches
   * are atomic as a whole. With more, they are atomic for each key. It must be the same for all who
   * use the prefix.
   * @default 1
   */
  readonly parts?: number | undefined
  /**
   * How long a command may take, waiting for a connection included.
   * @default '5s'
   */
  readonly timeout?: Duration | undefined
  /**
   * Whether to hear of changes by others, so that values can be cached here. It takes one more
   * connection to each server, over which come the names of all changed rows.
   * @default true
   */
  readonly tracking?: boolean | undefined
  /** The module of node-redis, where `import('redis')` does not find it. */
  readonly module?: RedisModule | undefined
}

export const DEFAULT_PREFIX = 'persistdict'
export const DEFAULT_TIMEOUT_MS = 5_000

/** Each part has indices of its own, and a scan asks all of them. */
const MOST_PARTS = 256

const KNOWN = [
  'url',
  'clientOptions',
  'client',
  'cluster',
  'prefix',
  'parts',
  'timeout',
  'tracking',
  'module',
]

/** Throws OptionError for options that cannot be used, whatever the server. */
export function checkRedisOptions(options: RedisStoreOptions): void {
  refuseUnknown(options, KNOWN, 'redisStore()')
  const { url, client, cluster, clientOptions, prefix, parts, tracking, module } = options
  const places = [url, client, cluster].filter((place) => place !== undefined)
  if (places.length !== 1) {
    throw new OptionError('url', 'redisStore() takes exactly one of url, client and cluster.')
  }
  if (url !== undefined && !isRedisUrl(url)) {
    // The address may hold a password: it is not shown.
    throw new OptionError('url', 'url must be an address such as redis://localhost:6379.')
  }
  if (clientOptions !== undefined && url === undefined) {
    throw new OptionError('clientOptions', 'clientOptions needs url. A client has its own options.')
  }
  if (client !== undefined && !hasMethods(client, 'connect', 'sendCommand', 'duplicate', 'on')) {
    throw new OptionError('client', 'client must be a client that createClient() has made.')
  }
  if (cluster !== undefined) checkCluster(cluster)
  if (clientOptions !== undefined && !isGroup(clientOptions)) {
    throw new OptionError('clientOptions', 'clientOptions must be an object.')
  }
  if (module !== undefined && !hasMethods(module, 'createClient', 'createCluster')) {
    throw new OptionError('module', 'module must be node-redis: what import("redis") gives.')
  }
  if (tracking !== undefined && typeof tracking !== 'boolean') {
    throw new OptionError('tracking', 'tracking must be true or false.')
  }
  if (url !== undefined) refuseOtherTls(url, clientOptions)
  if (prefix !== undefined && (typeof prefix !== 'string' || prefix === '')) {
    throw new OptionError('prefix', 'prefix must be a string with at least one character.')
  }
  if (parts !== undefined && !(Number.isInteger(parts) && parts >= 1 && parts <= MOST_PARTS)) {
    throw new OptionError('parts', `parts must be a whole number from 1 to ${MOST_PARTS}.`)
  }
}

/** Messages show nothing of it: the addresses of its nodes may hold a password. */
function checkCluster(cluster: unknown): void {
  if (!isGroup(cluster)) {
    throw new OptionError(
      'cluster',
      'cluster must be the settings for createCluster(), or a client that it has made.',
    )
  }
  if ('nodeClient' in cluster) return
  const { rootNodes } = cluster as { readonly rootNodes?: unknown }
  if (!Array.isArray(rootNodes) || rootNodes.length === 0) {
    throw new OptionError('cluster', 'cluster needs rootNodes, such as [{ url: "redis://…" }].')
  }
}

function isGroup(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function hasMethods(value: unknown, ...names: readonly string[]): boolean {
  const members = value as Readonly<Record<string, unknown>> | null | undefined
  return names.every((name) => typeof members?.[name] === 'function')
}

function isRedisUrl(url: unknown): boolean {
  return typeof url === 'string' && /^rediss?:\/\//.test(url) && URL.canParse(url)
}

/** node-redis would show the whole address, with its password. */
function refuseOtherTls(url: string, clientOptions: object | undefined): void {
  const { socket } = { ...clientOptions } as { readonly socket?: { readonly tls?: unknown } }
  if (socket?.tls === undefined || socket.tls === url.startsWith('rediss:')) return
  throw new OptionError('clientOptions', 'socket.tls must fit url: true for rediss:, or left out.')
}
