/** The options of open() that bound what is stored. */
import { z } from 'zod'
import type { Eviction, Limits, LimitTable } from '../engine/capacity/limits.js'

/** Limits of a store or of a namespace. */
export interface LimitOptions {
  /** Most entries; null for no limit. @default null */
  readonly maxEntries?: number | null | undefined
  /**
   * Most bytes; null for no limit. For a whole store on LMDB or SQLite, what its rows and indexes
   * really take on disk; for a namespace, the sum of its keys and records. @default null
   */
  readonly maxBytes?: number | null | undefined
  /**
   * Who goes when there is no more room. `'sieve'`: the oldest that nobody read for a while. `'lru'`:
   * the least recently used. `'fifo'`: the oldest. `'none'`: nobody; the write is refused with a
   * CapacityError. @default 'sieve'
   */
  readonly eviction?: Eviction | undefined
}

/** Limits of the whole store, and of namespaces. */
export interface StoreLimitOptions extends LimitOptions {
  /** Limits of namespaces by their names; the namespaces within share them. */
  readonly namespaces?: Readonly<Record<string, LimitOptions>> | undefined
}

/** Fewer are less than the few pages that a store always takes. */
const LEAST_MAX_BYTES = 2 ** 16

const maxEntries = () => z.int().min(1).nullable().optional()
const maxBytes = () => z.int().min(LEAST_MAX_BYTES).nullable().optional()
const eviction = () => z.enum(['sieve', 'lru', 'fifo', 'none']).optional()

/** For the model of all options. */
export const LIMIT_MODELS = {
  maxEntries,
  maxBytes,
  eviction,
  namespaces: () => {
    const limits = z.strictObject({
      maxEntries: maxEntries(),
      maxBytes: maxBytes(),
      eviction: eviction(),
    })
    return z.record(z.string(), limits).optional()
  },
}

/** The limits that the options ask for; undefined if they say nothing of limits. */
export function limitTableOf(options: StoreLimitOptions): LimitTable | undefined {
  const { maxEntries, maxBytes, eviction, namespaces } = options
  if ([maxEntries, maxBytes, eviction, namespaces].every((option) => option === undefined)) {
    return undefined
  }
  const spaces = Object.entries(namespaces ?? {}).map(([name, limits]) => [name, resolved(limits)])
  return { all: resolved(options), spaces: Object.fromEntries(spaces) as LimitTable['spaces'] }
}

function resolved({ maxEntries, maxBytes, eviction }: LimitOptions): Limits {
  return {
    maxEntries: maxEntries ?? Number.POSITIVE_INFINITY,
    maxBytes: maxBytes ?? Number.POSITIVE_INFINITY,
    eviction: eviction ?? 'sieve',
  }
}
