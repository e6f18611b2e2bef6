/** What can go wrong with ciphers and their keys. */
import { PersistDictError } from './persist-dict-error.js'
import { UnreadableRecordError } from './value-errors.js'

/** An encrypted store was opened without a cipher, or a plain one with one. Nothing was changed. */
export class CipherMismatchError extends PersistDictError {
  readonly code = 'ERR_PERSISTDICT_CIPHER_MISMATCH'
  /** What the store is: `'sealed'`, or `'none'` for a plain one. */
  readonly stored: string

  constructor(location: string, stored: string) {
    super(
      stored === 'none'
        ? `"${location}" is not encrypted, and was opened with a cipher. Nothing was changed. Copy it into a new dict to encrypt it (docs/encryption.md), or leave the cipher out.`
        : `"${location}" is encrypted, and was opened without a cipher. Nothing was changed. Open it with the cipher and the keys that it was made with.`,
    )
    this.stored = stored
  }
}

/** None of the keys opens the store. Nothing was changed. */
export class WrongKeyError extends PersistDictError {
  readonly code = 'ERR_PERSISTDICT_WRONG_KEY'

  constructor(location: string, what: string, options?: ErrorOptions) {
    super(
      `None of the keys given opens "${location}": ${what}. Nothing was changed. Check the key or password, its costs, and the cipher.`,
      options,
    )
  }
}

/**
 * Why sealed bytes do not open. `'key'`: they name a key that the cipher was not given. `'changed'`:
 * they, or what they are bound to, are not what was sealed. `'form'`: they are no sealed bytes at all,
 * or of another cipher.
 */
export type DecryptFailure = 'key' | 'changed' | 'form'

/** A record of an encrypted store is not what was sealed there. It is left in place. */
export class DecryptError extends UnreadableRecordError {
  override readonly code = 'ERR_PERSISTDICT_DECRYPT'
  /** `'key'`, `'changed'` or `'form'`. */
  readonly reason: DecryptFailure

  constructor(key: string, reason: DecryptFailure, what: string, options?: ErrorOptions) {
    super(key, what, options)
    this.reason = reason
  }
}

/** A key has sealed as many messages as it safely can. Nothing more is written with it. */
export class KeyExhaustedError extends PersistDictError {
  readonly code = 'ERR_PERSISTDICT_KEY_EXHAUSTED'
  /** Names the key, without telling anything of it. */
  readonly keyId: string

  constructor(keyId: string, maxMessages: number) {
    super(
      `The key ${keyId} has sealed ${maxMessages} messages; with more, two of them might share a nonce. Nothing was written. Put a new key first in the list of keys, and call rotateKeys().`,
    )
    this.keyId = keyId
  }
}

/** A provider of keys failed, or gave something that is no key. */
export class KeyProviderError extends PersistDictError {
  readonly code = 'ERR_PERSISTDICT_KEY_PROVIDER'

  constructor(what: string, options?: ErrorOptions) {
    super(`The keys could not be had: ${what}`, options)
  }
}

/** Bytes given as a blob of LiveDict's do not open. */
export class Ld1BlobError extends PersistDictError {
  readonly code = 'ERR_PERSISTDICT_LD1_BLOB'

  constructor(what: string) {
    super(`These bytes are no LD1 blob of this key: ${what}.`)
  }
}
