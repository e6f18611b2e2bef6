/** What can be asked of the leases of a store, of whatever kind it is. */
import type { Beat, Blocked } from './lease-rules.js'

/** A value, or a promise of one: what asynchronous and synchronous stores have in common. */
export type Awaitable<T> = T | PromiseLike<T>

/** A lease that was given. It is held until it is released, or taken over by somebody else. */
export interface Lease {
  readonly kind: 'lease'
  /** Names what is leased; at most 511 bytes. */
  readonly key: Uint8Array
  /** Greater than that of every owner before. */
  readonly token: number
  readonly leaseMs: number
}

/** How a lease is asked for. */
export interface ClaimTerms {
  readonly leaseMs: number
  /** See Claimant in lease-rules.ts. */
  readonly queueAs?: string | undefined
  readonly seen?: Beat | undefined
}

/** A lease that somebody waits for. */
export interface Asked {
  readonly key: Uint8Array
  readonly terms: ClaimTerms
}

export interface LeaseTable {
  /** How often to look for what nobody tells of, such as the death of an owner. */
  readonly lookEveryMs: number
  /** Asks for several leases; each is given or not by itself. Without waiting. */
  claim(keys: readonly Uint8Array[], terms: ClaimTerms): Awaitable<(Lease | Blocked)[]>
  /** For each lease, what would be in the way of claiming it now. Writes nothing. */
  look(asked: readonly Asked[]): Awaitable<(Blocked | undefined)[]>
  /** Gives each lease its whole time again; false for those that are lost. */
  renew(leases: readonly Lease[]): Awaitable<boolean[]>
  /** Gives leases back; false for those that were lost before. */
  release(leases: readonly Lease[]): Awaitable<boolean[]>
  /**
   * Throws LockLostError unless the lease is still its holder's. Inside a transaction of a synchronous
   * store, it stays so until the transaction has ended.
   */
  assertHeld(lease: Lease): Awaitable<void>
  /** Takes one who waits out of the queue. */
  leave(key: Uint8Array, queueAs: string): Awaitable<void>
  /** Calls `listener` soon after any lease may have changed. Returns how to stop. */
  onChange(listener: () => void): () => void
}
