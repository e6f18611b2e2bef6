import { type Clock, systemClock } from '../../clock.js'
import { durationMs } from '../../duration.js'
import type { AsyncStore } from '../async-store.js'
import { givenClientLink, ownClientLink } from './client-link.js'
import { givenClusterLink, ownClusterLink } from './cluster-link.js'
import { Commands } from './commands.js'
import { KeyNames } from './key-names.js'
import type { Link } from './link.js'
import { loadRedis } from './load-redis.js'
import type { RedisClientLike, RedisClusterLike } from './redis-client.js'
import {
  checkRedisOptions,
  DEFAULT_PREFIX,
  DEFAULT_TIMEOUT_MS,
  type RedisStoreOptions,
} from './redis-options.js'
import { RedisStore } from './redis-store.js'

/**
 * A store on a Redis server, 6.2 or later, or on a Redis Cluster. It connects when it is first used,
 * and again whenever the connection was lost.
 *
 * Throws OptionError, or MissingPackageError if the package `redis` is needed and missing. Whatever
 * the server does is the matter of the first call.
 */
export function redisStore(options: RedisStoreOptions): AsyncStore {
  checkRedisOptions(options)
  const { prefix = DEFAULT_PREFIX, parts = 1, timeout, tracking = true } = options
  const timeoutMs = timeout === undefined ? DEFAULT_TIMEOUT_MS : durationMs(timeout, 'timeout')
  const clock: Clock = systemClock
  const link = linkTo(options)
  return new RedisStore({
    commands: new Commands(link, timeoutMs, clock),
    names: new KeyNames(prefix, parts),
    identity: `redis ${link.location} ${JSON.stringify([prefix, parts])}`,
    tracking,
    clock,
  })
}

function linkTo(options: RedisStoreOptions): Link {
  const { url, client, cluster, clientOptions } = options
  if (client !== undefined) return givenClientLink(placeOf(client), client)
  const module = options.module ?? loadRedis()
  if (url !== undefined) {
    return ownClientLink(addressOf(url, databaseOf(clientOptions)), ({ socket, ...rest }) =>
      // Made anew each time: node-redis writes into its options.
      module.createClient({
        ...clientOptions,
        ...rest,
        url,
        socket: { ...socketOf(clientOptions), ...socket },
      } as never),
    )
  }
  if (isCluster(cluster)) return givenClusterLink(`a given cluster (${++given})`, cluster)
  return ownClusterLink(rootsOf(cluster), () => module.createCluster(withoutRetries(cluster)))
}

/** Of given clients and clusters whose address cannot be told: a number for each. */
let given = 0

function isCluster(cluster: object | undefined): cluster is RedisClusterLike {
  return cluster !== undefined && 'nodeClient' in cluster
}

/** The address without user and password. As in node-redis, a database in the URL goes first. */
function addressOf(url: string, database = 0): string {
  const { protocol, host, pathname } = new URL(url)
  return `${protocol}//${host}${pathname === '/' || pathname === '' ? databasePath(database) : pathname}`
}

function placeOf(client: RedisClientLike): string {
  const options = client.options as
    | { readonly url?: string; readonly socket?: { host?: string; port?: number; path?: string } }
    | undefined
  const database = databaseOf(client.options)
  if (options?.url !== undefined) return addressOf(options.url, database)
  const { host = 'localhost', port = 6379, path } = options?.socket ?? {}
  return `redis://${path ?? `${host}:${port}`}${databasePath(database)}`
}

function databasePath(database: number): string {
  return database === 0 ? '' : `/${database}`
}

function rootsOf(cluster: object | undefined): string {
  const { rootNodes = [] } = cluster as {
    readonly rootNodes?: readonly { url?: string; socket?: { host?: string; port?: number } }[]
  }
  const addresses = rootNodes.map(({ url, socket }) =>
    url === undefined ? `redis://${socket?.host}:${socket?.port}` : addressOf(url),
  )
  return addresses.join(' ')
}

/**
 * A node whose connection is lost is not waited for: another may have taken over. The link looks for
 * it, beginning with the root nodes.
 */
function withoutRetries(cluster: object | undefined): never {
  const { defaults = {}, ...rest } = { ...cluster } as { readonly defaults?: object }
  const socket = { ...socketOf(defaults), reconnectStrategy: false }
  // As in redis-client.ts: these are options of node-redis.
  return { ...rest, defaults: { ...defaults, socket } } as never
}

function socketOf(options: object | undefined): object {
  return (options as { readonly socket?: object } | undefined)?.socket ?? {}
}

function databaseOf(options: object | undefined): number {
  return (options as { readonly database?: number } | undefined)?.database ?? 0
}
