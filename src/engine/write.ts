import type { Grace } from '../codec/record.js'
import type { Payload } from '../codec/value-codec.js'
import type { KeySpace } from '../keys/key-space.js'

/** A change to one key, checked and encoded, not yet in the store. */
export type Write = SetWrite | DeleteWrite

export interface SetWrite {
  readonly kind: 'set'
  readonly space: KeySpace
  readonly key: string
  readonly payload: Payload
  /** Milliseconds since 1970-01-01 UTC; 0 for never. */
  readonly expiresAt: number
  readonly tags: readonly string[]
  /** Only of an entry that was computed. */
  readonly grace?: Pick<Grace, 'until' | 'computeMs'> | undefined
  /** The key was deleted just before: it counts as inserted anew. */
  readonly isNew: boolean
  /** When the entry was made and changed, of one that comes from elsewhere. */
  readonly times?: EntryTimes | undefined
}

/** In milliseconds since 1970-01-01 UTC. */
export interface EntryTimes {
  readonly createdAt: number
  readonly updatedAt: number
}

export interface DeleteWrite {
  readonly kind: 'delete'
  readonly space: KeySpace
  readonly key: string
  /** The entry, as the caller has just seen it in the store: it need not be looked at again. */
  readonly sighting?: Sighting | undefined
}

/**
 * What is known of a live entry in the store. It holds until somebody else commits: what is done to the
 * key here is done to the pending write first.
 */
export interface Sighting {
  /** As CachedReads counted them then. */
  readonly foreignChanges: number
  /** 0 for never. */
  readonly expiresAt: number
}

/** A payload with its deadline, wherever it is now. */
export interface StoredPayload {
  readonly payload: Payload
  readonly expiresAt: number
  readonly tags: readonly string[]
}

/** What a pending write weighs besides its payload: objects, map entry, header. */
const OVERHEAD_BYTES = 256

/** How much memory a pending write holds, roughly. */
export function weightOf(write: Write): number {
  return (
    OVERHEAD_BYTES + write.key.length * 2 + (write.kind === 'set' ? write.payload.bytes.length : 0)
  )
}
