import { createHash } from 'node:crypto'

/** What leases are for. Those of different kinds have nothing to do with each other. */
export type LeaseKind = 'lock' | 'compute' | 'sweep'

/**
 * The name of a lease: a digest, since keys may be longer than a store's keys can be, and may have to
 * stay hidden. `storageKey` has the namespace in it.
 */
export function leaseKey(kind: LeaseKind, storageKey: Uint8Array): Uint8Array {
  return createHash('sha256').update(kind).update('\0').update(storageKey).digest()
}
