/**
 * The secrets of one store: its ciphers, and the key that hides names.
 *
 * What is sealed is bound to its place by associated data:
 *
 *     salt of the store (32 bytes) │ length of the bucket's name (u8) │ its name │
 *     length of the key (u16, little-endian) │ the key │ header, to the end
 *
 * The key of names is made at random with the store and kept in it, sealed (engine/secrets-row.ts). So
 * names stay where they are when the keys of the cipher change.
 */
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'
import type { Secrets } from '../../keys/secrets.js'
import { AeadCipher } from './aead-cipher.js'
import { type Cipher, SUITE, UnsealError } from './cipher.js'

const LENGTHS_BYTES = 3

export interface StoreSecretsParts {
  /** The first one seals; any opens what it sealed. */
  readonly ciphers: readonly Cipher[]
  /** 32 bytes that no other store has. */
  readonly salt: Uint8Array
  /** 32 random bytes. */
  readonly nameKey: Uint8Array
  readonly hidesNames: boolean
  readonly showsKeys: boolean
}

export class StoreSecrets implements Secrets {
  readonly hidesNames: boolean
  readonly showsKeys: boolean
  readonly suite: number
  readonly cipher: Cipher
  /** How many messages were sealed here. */
  messages = 0
  readonly #ciphers: readonly Cipher[]
  readonly #salt: Uint8Array
  readonly #nameKey: KeyObject

  constructor(parts: StoreSecretsParts) {
    this.hidesNames = parts.hidesNames
    this.showsKeys = parts.showsKeys
    this.cipher = parts.ciphers[0] as Cipher
    this.suite = suiteOf(this.cipher)
    this.#ciphers = parts.ciphers
    this.#salt = parts.salt
    this.#nameKey = createSecretKey(parts.nameKey)
  }

  hide(name: Uint8Array): Uint8Array {
    return createHmac('sha256', this.#nameKey).update(name).digest()
  }

  seal(bucket: string, key: Uint8Array, header: Uint8Array, plaintext: Uint8Array): Uint8Array {
    this.messages++
    const associatedData = boundTo(this.#salt, bucket, key, header)
    return this.cipher.seal(plaintext, { associatedData })
  }

  open(
    suite: number,
    bucket: string,
    key: Uint8Array,
    header: Uint8Array,
    sealed: Uint8Array,
  ): Uint8Array {
    const associatedData = boundTo(this.#salt, bucket, key, header)
    return openWith(this.#ciphers, suite, sealed, associatedData)
  }

  /** Whether these bytes are as the cipher that seals now would have sealed them. */
  isCurrent(suite: number, sealed: Uint8Array): boolean {
    return suite === this.suite && this.cipher.isCurrent?.(sealed) === true
  }
}

/** What opens with any of the ciphers. Throws UnsealError, of the cipher that came nearest. */
export function openWith(
  ciphers: readonly Cipher[],
  suite: number,
  sealed: Uint8Array,
  associatedData: Uint8Array,
): Uint8Array {
  let failure = new UnsealError('key', 'it was sealed with a cipher that open() was not given')
  for (const cipher of ciphers) {
    if (suiteOf(cipher) !== suite) continue
    try {
      return cipher.open(sealed, { associatedData })
    } catch (error) {
      // Two rings of one suite: the one that has the key knows best.
      if (failure.reason !== 'changed') failure = asUnsealError(error)
    }
  }
  throw failure
}

/** The associated data of what is sealed in one place of one store. */
export function boundTo(
  salt: Uint8Array,
  bucket: string,
  key: Uint8Array,
  header: Uint8Array,
): Uint8Array {
  const name = Buffer.from(bucket)
  const lengths = Buffer.allocUnsafe(LENGTHS_BYTES)
  lengths[0] = name.length
  lengths.writeUInt16LE(key.length, 1)
  return Buffer.concat([salt, lengths.subarray(0, 1), name, lengths.subarray(1), key, header])
}

/** What stands for a cipher in records. */
export function suiteOf(cipher: Cipher): number {
  return cipher instanceof AeadCipher ? cipher.suite.code : SUITE.foreign
}

function asUnsealError(error: unknown): UnsealError {
  // What a cipher of the user's says might tell of what is inside.
  return error instanceof UnsealError ? error : new UnsealError('changed', 'the cipher refused it')
}
