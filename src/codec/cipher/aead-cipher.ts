/**
 * What the built-in ciphers have in common: the envelope, and the ring of keys.
 *
 *     version tag │ key id (4 bytes) │ nonce │ ciphertext │ tag (16 bytes)
 *
 * The version tag and the key id are bound as associated data before everything of the caller's. The
 * key id is made from the key by a one-way function.
 */

import type { KeyObject } from 'node:crypto'
import { OptionError } from '../../errors/option-error.js'
import { type Cipher, type SealContext, type StoreSalt, UnsealError } from './cipher.js'
import { type CipherKey, checkKeys, KEY_ID_BYTES, KeyRing } from './key-ring.js'
import { fillRandom } from './nonce-pool.js'
import { PasswordKey } from './password-key.js'

/** Bytes of an authentication tag. */
export const TAG_BYTES = 16

/** What differs between the built-in ciphers. */
export interface Suite {
  readonly id: string
  /** Its number in records; see SUITE. */
  readonly code: number
  /** Random bytes in front of the ciphertext: a nonce, or what a key is derived from. */
  readonly nonceBytes: number
  /** Bytes between the nonce and the ciphertext. */
  readonly commitmentBytes: number
  readonly maxMessages: number | undefined
  /** Writes commitment, ciphertext and tag to the end of `target`, from `at` on. */
  seal(
    key: KeyObject,
    nonce: Uint8Array,
    plaintext: Uint8Array,
    associated: Uint8Array,
    target: Uint8Array,
    at: number,
  ): void
  /** Throws unless everything is as it was sealed. */
  open(key: KeyObject, nonce: Uint8Array, sealed: Uint8Array, associated: Uint8Array): Uint8Array
}

/** Options of the built-in ciphers. */
export interface CipherOptions {
  /**
   * Keys of 32 bytes, or made with passwordKey(). The first one seals; any of them opens. Keys have
   * names, which are made from them, so their order means nothing else.
   */
  readonly keys: readonly CipherKey[]
  /** Begins everything that is sealed: 1 to 8 ASCII characters. @default 'PD1' */
  readonly versionTag?: string | undefined
}

const DEFAULT_VERSION_TAG = 'PD1'

/**
 * An authenticated cipher for the option `cipher` of open(): what aesGcm() and chacha20Poly1305()
 * make.
 */
export class AeadCipher implements Cipher {
  /** @internal */
  readonly suite: Suite
  readonly #keys: readonly CipherKey[]
  readonly #versionTag: Buffer
  readonly #ring: KeyRing | undefined

  /**
   * Made by aesGcm() and chacha20Poly1305(). `ring` is left out as long as there are passwords, and no
   * store to take a salt from.
   */
  constructor(suite: Suite, keys: readonly CipherKey[], versionTag: Buffer, ring?: KeyRing) {
    this.suite = suite
    this.#keys = keys
    this.#versionTag = versionTag
    this.#ring = ring
  }

  get id(): string {
    return this.suite.id
  }

  get maxMessages(): number | undefined {
    return this.suite.maxMessages
  }

  get keyId(): string {
    return Buffer.from(this.#keyRing.first.id).toString('hex')
  }

  /** The costs of the first key from a password; undefined if there is none. */
  costsFor(salt: StoreSalt): StoreSalt['costs'] {
    return this.#keys.find((key) => key instanceof PasswordKey)?.costsFor(salt)
  }

  forStore(salt: StoreSalt): AeadCipher {
    const ring = new KeyRing(this.#keys, salt)
    return new AeadCipher(this.suite, this.#keys, this.#versionTag, ring)
  }

  seal(plaintext: Uint8Array, { associatedData }: SealContext): Uint8Array {
    const { nonceBytes, commitmentBytes } = this.suite
    const { id, key } = this.#keyRing.first
    const keyAt = this.#versionTag.length
    const nonceAt = keyAt + KEY_ID_BYTES
    const bodyAt = nonceAt + nonceBytes
    const sealed = Buffer.allocUnsafe(bodyAt + commitmentBytes + plaintext.length + TAG_BYTES)
    sealed.set(this.#versionTag, 0)
    sealed.set(id, keyAt)
    fillRandom(sealed, nonceAt, nonceBytes)
    const associated = Buffer.concat([sealed.subarray(0, nonceAt), associatedData])
    const nonce = sealed.subarray(nonceAt, bodyAt)
    this.suite.seal(key, nonce, plaintext, associated, sealed, bodyAt)
    return sealed
  }

  open(sealed: Uint8Array, { associatedData }: SealContext): Uint8Array {
    const { nonceBytes, commitmentBytes } = this.suite
    const keyAt = this.#versionTag.length
    const nonceAt = keyAt + KEY_ID_BYTES
    const bodyAt = nonceAt + nonceBytes
    if (sealed.length < bodyAt + commitmentBytes + TAG_BYTES) {
      throw new UnsealError('form', 'it is cut off')
    }
    const head = sealed.subarray(0, nonceAt)
    if (Buffer.compare(head.subarray(0, keyAt), this.#versionTag) !== 0) {
      throw new UnsealError('form', 'it has another version tag')
    }
    const key = this.#keyRing.find(head.subarray(keyAt))
    if (key === undefined) {
      const id = Buffer.from(head.subarray(keyAt)).toString('hex')
      throw new UnsealError('key', `it was sealed with the key ${id}, which is not among the keys`)
    }
    const associated = Buffer.concat([head, associatedData])
    try {
      return this.suite.open(
        key,
        sealed.subarray(nonceAt, bodyAt),
        sealed.subarray(bodyAt, sealed.length),
        associated,
      )
    } catch {
      throw new UnsealError('changed', 'it, its header or its place is not what was sealed')
    }
  }

  isCurrent(sealed: Uint8Array): boolean {
    const now = Buffer.concat([this.#versionTag, this.#keyRing.first.id])
    return now.equals(sealed.subarray(0, now.length))
  }

  get #keyRing(): KeyRing {
    if (this.#ring !== undefined) return this.#ring
    throw new OptionError('keys', 'A key from a password is there only once a store is opened.')
  }
}

const NO_SALT: StoreSalt = { bytes: new Uint8Array(0), costs: undefined }

/** A cipher of that suite. Throws OptionError. */
export function aeadCipher(suite: Suite, options: CipherOptions): AeadCipher {
  const { keys, versionTag = DEFAULT_VERSION_TAG } = options
  checkKeys(keys)
  if (typeof versionTag !== 'string' || !/^[\x21-\x7e]{1,8}$/.test(versionTag)) {
    throw new OptionError('versionTag', 'versionTag must be 1 to 8 printable ASCII characters.')
  }
  const tag = Buffer.from(versionTag)
  const isComplete = !keys.some((key) => key instanceof PasswordKey)
  return new AeadCipher(suite, [...keys], tag, isComplete ? new KeyRing(keys, NO_SALT) : undefined)
}
