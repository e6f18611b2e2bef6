/**
 * What computing a value once needs of a dict, synchronous or not: the contract between dicts and
 * recipes, which do not know each other.
 */
import type { Clock } from '../../clock.js'
import type { Awaitable, Lease } from '../leases/lease-table.js'
import type { Leasing } from '../leases/leasing.js'

/** An entry, fresh or kept after its deadline. */
export interface KeptEntry {
  readonly version: number
  readonly isFresh: boolean
  /** Milliseconds since 1970-01-01 UTC; 0 for never. */
  readonly freshUntil: number
  /** How long it took to compute; 0 if that is not known. */
  readonly computeMs: number
  /** The value as readers get it. */
  value(): unknown
}

/** A value that was computed under a lease. */
export interface ComputedItem {
  readonly key: string
  readonly value: unknown
  readonly lease: Lease
  readonly terms: StoreTerms
}

/** How it is stored. */
export interface StoreTerms {
  readonly ttl: number | null | undefined
  readonly tags: readonly string[] | undefined
  /** The ttl, the dict's default too, is multiplied by this. */
  readonly ttlFactor: number
  /** How long the entry is kept after its ttl. */
  readonly graceMs: number
  /** Undefined if nobody will ask. */
  readonly computeMs: number | undefined
}

export interface ComputeHost {
  readonly clock: Clock
  readonly leasing: Leasing
  /** One string for a key of any namespace of the store. */
  idOf(key: string): string
  leaseKey(key: string): Uint8Array
  /** A key for messages. */
  shown(key: string): string
  /** The live values of keys, as readers get them. */
  values(keys: readonly string[]): Awaitable<unknown[]>
  /** What there is of a key, expired or not. */
  kept(key: string): Awaitable<KeptEntry | undefined>
  /**
   * Stores values and gives their leases back, each pair in one step. False for those whose lease was
   * lost: they are not stored. Rejects if a value cannot be stored; nothing is stored then.
   */
  store(items: readonly ComputedItem[]): Awaitable<boolean[]>
  /** The error that is kept for a key, in place of a value. */
  keptError(key: string): Awaitable<{ readonly error: unknown } | undefined>
  /** Keeps an error, or forgets the one that is kept. */
  keepError(
    key: string,
    failure: { readonly error: unknown; ttlMs: number } | undefined,
  ): Awaitable<void>
  /** Told of failures that no call can report. */
  onError(error: unknown): void
}
