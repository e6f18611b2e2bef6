/** The options of getOrSet(), checked, with all durations in milliseconds. */
import { durationMs } from '../duration.js'
import type { GetOrSetOptions } from '../engine/compute/compute-options.js'
import { DEFAULT_LEASE_MS } from '../engine/leases/locks.js'
import { OptionError } from '../errors/option-error.js'
import { refuseUnknown } from '../errors/unknown-option.js'

export interface ComputeTerms {
  readonly ttl: number | null | undefined
  readonly tags: readonly string[] | undefined
  readonly jitter: number
  readonly staleMs: number
  readonly graceMs: number
  readonly softTimeoutMs: number
  readonly timeoutMs: number
  readonly earlyRefresh: number
  readonly shouldStore: (value: unknown) => boolean
  readonly errorTtlMs: number
  readonly leaseMs: number
  readonly signal: AbortSignal | undefined
  readonly refresh: boolean
}

export const COMPUTE_OPTIONS: readonly (keyof GetOrSetOptions)[] = [
  'ttl',
  'tags',
  'jitter',
  'staleWhileRevalidate',
  'grace',
  'softTimeout',
  'timeout',
  'earlyRefresh',
  'shouldStore',
  'errorTtl',
  'lease',
  'signal',
  'refresh',
]

/** Throws OptionError, or RangeError for durations that are none. */
export function computeTerms(options: GetOrSetOptions<never>, where: string): ComputeTerms {
  refuseUnknown(options, COMPUTE_OPTIONS, where)
  const { ttl, tags, jitter = 0, earlyRefresh = 0 } = options
  if (!(jitter >= 0 && jitter <= 1)) {
    throw new OptionError('jitter', `jitter must be from 0 to 1, and was ${String(jitter)}.`)
  }
  if (!(earlyRefresh >= 0)) {
    throw new OptionError(
      'earlyRefresh',
      `earlyRefresh must be 0 or more, and was ${String(earlyRefresh)}.`,
    )
  }
  const ms = (name: 'staleWhileRevalidate' | 'grace' | 'errorTtl' | 'lease', none: number) =>
    options[name] === undefined ? none : durationMs(options[name], name)
  const limit = (name: 'timeout' | 'softTimeout') =>
    options[name] === undefined ? Number.POSITIVE_INFINITY : durationMs(options[name], name)
  return {
    ttl: ttl === undefined || ttl === null ? ttl : durationMs(ttl, 'ttl'),
    tags,
    jitter,
    staleMs: ms('staleWhileRevalidate', 0),
    graceMs: ms('grace', 0),
    softTimeoutMs: limit('softTimeout'),
    timeoutMs: limit('timeout'),
    earlyRefresh,
    shouldStore: (options.shouldStore ?? (() => true)) as (value: unknown) => boolean,
    errorTtlMs: ms('errorTtl', 0),
    leaseMs: ms('lease', DEFAULT_LEASE_MS),
    signal: options.signal,
    refresh: options.refresh ?? false,
  }
}
