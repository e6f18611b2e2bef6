import { inject } from 'vitest'
// Only for its declaration of what it provides.
import type {} from './global-setup.js'

/**
 * The server that all test files share. Others use it at the same time: a test keeps to a prefix of
 * its own. Throws if there is no server, and says what to do.
 */
export function redisUrl(): string {
  const redis = inject('redis')
  if ('failure' in redis) throw new Error(redis.failure)
  return redis.url
}
