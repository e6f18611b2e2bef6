/** How keys become bytes. Part of a store's format identity: all handles of a store agree on it. */
import { createHash } from 'node:crypto'
import { OptionError } from '../errors/option-error.js'
import type { Secrets } from './secrets.js'

/** Hashes the bytes of a long key. */
export interface KeyHash {
  /** Stored with the dict, and compared when it is opened. */
  readonly id: string
  /** The digest of some bytes, always the same for the same bytes: at least `digestBytes` long. */
  digest(bytes: Uint8Array): Uint8Array
}

/** Settings of the key layout; see key-space.ts for the layout itself. */
export interface KeySettings {
  /** Longest key, in bytes of WTF-8, that is stored as it is. Longer keys are hashed. */
  readonly keySizeLimit: number
  /** How many leading bytes of the digest are kept. */
  readonly digestBytes: number
  readonly hash: KeyHash
  /** Of an encrypted store. */
  readonly secrets?: Secrets | undefined
}

export const sha256: KeyHash = {
  id: 'sha256',
  digest: (bytes) => createHash('sha256').update(bytes).digest(),
}

export const DEFAULT_KEY_SETTINGS: KeySettings = Object.freeze({
  keySizeLimit: 511,
  digestBytes: 32,
  hash: sha256,
})

/** The marker byte before a digest, and the slot number after it. */
export const MARKER_BYTES = 1
export const SLOT_BYTES = 4

/**
 * LMDB takes keys of up to 1,978 bytes. A storage key adds a namespace prefix (104 bytes at most),
 * and its row in the deadline index 8 bytes more.
 */
export const LARGEST_KEY_SIZE_LIMIT = 1_800

/** Returns the settings, or throws OptionError when they leave no room for a digest. */
export function checkedKeySettings(settings: KeySettings): KeySettings {
  const { keySizeLimit, digestBytes } = settings
  if (!Number.isInteger(digestBytes) || digestBytes < 1 || digestBytes > 32) {
    throw new OptionError('digestBytes', `digestBytes must be 1 to 32, and was ${digestBytes}.`)
  }
  const least = digestBytes + MARKER_BYTES + SLOT_BYTES
  if (
    !Number.isInteger(keySizeLimit) ||
    keySizeLimit < least ||
    keySizeLimit > LARGEST_KEY_SIZE_LIMIT
  ) {
    throw new OptionError(
      'keySizeLimit',
      `keySizeLimit must be ${least} (digestBytes and 5 more) to ${LARGEST_KEY_SIZE_LIMIT} bytes, and was ${keySizeLimit}.`,
    )
  }
  return settings
}
