/** Blobs of LiveDict, the Python package: `LD1` │ nonce (12 bytes) │ ciphertext │ tag (16 bytes). */
import { createDecipheriv } from 'node:crypto'
import { Ld1BlobError } from '../../errors/cipher-errors.js'
import { OptionError } from '../../errors/option-error.js'
import { NONCE_BYTES } from './nonce.js'

const MARK = Buffer.from('LD1')
const TAG_BYTES = 16
const ALGORITHMS = { 16: 'aes-128-gcm', 24: 'aes-192-gcm', 32: 'aes-256-gcm' } as const

/**
 * The plaintext of a blob that LiveDict wrote, by AES-GCM and without associated data: whose key it
 * was stored under is not known. For bringing old data in. Throws Ld1BlobError for bytes that
 * are no such blob or were sealed with another key, OptionError for a key of another length than 16,
 * 24 or 32 bytes.
 */
export function openLd1Blob(blob: Uint8Array, key: Uint8Array): Uint8Array {
  const algorithm = ALGORITHMS[key.length as keyof typeof ALGORITHMS]
  if (algorithm === undefined) {
    throw new OptionError('key', `A key must have 16, 24 or 32 bytes, and had ${key.length}.`)
  }
  const bodyAt = MARK.length + NONCE_BYTES
  const end = blob.length - TAG_BYTES
  if (end < bodyAt || !MARK.equals(blob.subarray(0, MARK.length))) {
    throw new Ld1BlobError('they do not begin with LD1, or are cut off')
  }
  const decipher = createDecipheriv(algorithm, key, blob.subarray(MARK.length, bodyAt), {
    authTagLength: TAG_BYTES,
  })
  decipher.setAuthTag(blob.subarray(end))
  try {
    return Buffer.concat([decipher.update(blob.subarray(bodyAt, end)), decipher.final()])
  } catch {
    throw new Ld1BlobError('they were sealed with another key, or have changed since')
  }
}
