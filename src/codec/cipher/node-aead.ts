/** One call of node:crypto's authenticated ciphers, from and to buffers of ours. */
import { type CipherGCMTypes, createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto'
import { TAG_BYTES } from './aead-cipher.js'

export type NodeAead = Extract<CipherGCMTypes, 'aes-256-gcm'> | 'chacha20-poly1305'

const OPTIONS = { authTagLength: TAG_BYTES }

/** Writes ciphertext and tag into `target`, from `at` on. */
export function sealInto(
  algorithm: NodeAead,
  key: KeyObject,
  nonce: Uint8Array,
  plaintext: Uint8Array,
  associated: Uint8Array,
  target: Uint8Array,
  at: number,
): void {
  // Both take the same options; the types of Node know one of them only.
  const cipher = createCipheriv(algorithm as 'aes-256-gcm', key, nonce, OPTIONS)
  cipher.setAAD(associated)
  target.set(cipher.update(plaintext), at)
  cipher.final()
  target.set(cipher.getAuthTag(), at + plaintext.length)
}

/** The plaintext of ciphertext and tag. Throws unless the tag is right. */
export function openFrom(
  algorithm: NodeAead,
  key: KeyObject,
  nonce: Uint8Array,
  sealed: Uint8Array,
  associated: Uint8Array,
): Uint8Array {
  const end = sealed.length - TAG_BYTES
  const decipher = createDecipheriv(algorithm as 'aes-256-gcm', key, nonce, OPTIONS)
  decipher.setAAD(associated)
  decipher.setAuthTag(sealed.subarray(end, sealed.length))
  const plaintext = decipher.update(sealed.subarray(0, end))
  decipher.final()
  return plaintext
}
