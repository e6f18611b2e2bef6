/**
 * AES-256-GCM under a fresh key for each message, with a commitment to it.
 *
 *     salt (32 random bytes) │ commitment (32 bytes) │ ciphertext │ tag (16 bytes)
 *
 * HKDF-SHA-512 (RFC 5869) makes both from key and salt: 32 bytes of key, 32 of commitment. A plain GCM
 * ciphertext can be made to open under two keys, which lets whoever can write to a store try many
 * passwords with one record (Len, Grubbs, Ristenpart, "Partitioning Oracle Attacks", 2021). Here it
 * would take two keys with one commitment.
 */
import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto'
import type { Suite } from './aead-cipher.js'
import { SUITE } from './cipher.js'
import { openFrom, sealInto } from './node-aead.js'
import { NONCE_BYTES } from './nonce.js'

const SALT_BYTES = 32
const DERIVED_KEY_BYTES = 32
const COMMITMENT_BYTES = 32
const INFO = 'persistdict aes-256-gcm-committing'

/** The key seals one message, so one nonce is enough. */
const NONCE = new Uint8Array(NONCE_BYTES)

export const committingAesGcm: Suite = {
  id: 'aes-256-gcm-committing',
  code: SUITE.committingAes256Gcm,
  nonceBytes: SALT_BYTES,
  commitmentBytes: COMMITMENT_BYTES,
  maxMessages: undefined,
  seal(key, salt, plaintext, associated, target, at) {
    const { messageKey, commitment } = derived(key, salt)
    target.set(commitment, at)
    const bodyAt = at + COMMITMENT_BYTES
    sealInto('aes-256-gcm', messageKey, NONCE, plaintext, associated, target, bodyAt)
  },
  open(key, salt, sealed, associated) {
    const { messageKey, commitment } = derived(key, salt)
    if (!timingSafeEqual(commitment, sealed.subarray(0, COMMITMENT_BYTES))) {
      throw new Error('The commitment is of another key.')
    }
    const body = sealed.subarray(COMMITMENT_BYTES, sealed.length)
    return openFrom('aes-256-gcm', messageKey, NONCE, body, associated)
  },
}

/** HKDF by two HMACs: Node's hkdfSync() takes more than twice as long for the same bytes. */
export function derived(key: KeyObject, salt: Uint8Array) {
  const extracted = createHmac('sha512', salt).update(key.export()).digest()
  const expanded = createHmac('sha512', extracted).update(INFO).update(Uint8Array.of(1)).digest()
  return {
    messageKey: createSecretKey(expanded.subarray(0, DERIVED_KEY_BYTES)),
    commitment: expanded.subarray(DERIVED_KEY_BYTES, DERIVED_KEY_BYTES + COMMITMENT_BYTES),
  }
}
