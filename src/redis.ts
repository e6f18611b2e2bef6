/**
 * A store on Redis or Redis Cluster, for dicts of several hosts.
 *
 * @packageDocumentation
 */
export { redisStore } from './store/redis/open-redis.js'
export type { RedisClientLike, RedisClusterLike, RedisModule } from './store/redis/redis-client.js'
export type { RedisStoreOptions } from './store/redis/redis-options.js'
