/** The keys of a cipher: the first one seals, any of them opens what names it. */
import { createHmac, createSecretKey, KeyObject } from 'node:crypto'
import { equalBytes } from '../../bytes.js'
import { kindOf } from '../../errors/checked-argument.js'
import { OptionError } from '../../errors/option-error.js'
import type { StoreSalt } from './cipher.js'
import { PasswordKey } from './password-key.js'

/** A key of 32 bytes; or one made from a password. */
export type CipherKey = Uint8Array | KeyObject | PasswordKey

/** Bytes of a key. */
export const KEY_BYTES = 32

/** Bytes that name a key in what it sealed. */
export const KEY_ID_BYTES = 4

/** A key and its name, which is made from it by a one-way function. */
export interface NamedKey {
  readonly id: Uint8Array
  readonly key: KeyObject
}

export class KeyRing {
  readonly first: NamedKey
  readonly #keys: readonly NamedKey[]

  /** Throws OptionError for what is no key. */
  constructor(keys: readonly CipherKey[], salt: StoreSalt) {
    this.#keys = keys.map((key) => named(key instanceof PasswordKey ? key.derive(salt) : key))
    this.first = this.#keys[0] as NamedKey
    for (const [at, { id }] of this.#keys.entries()) {
      if (this.#keys.findIndex((other) => equalBytes(other.id, id)) === at) continue
      throw new OptionError('keys', 'A key is given twice in the list of keys.')
    }
  }

  /** The key of that name; undefined if there is none. */
  find(id: Uint8Array): KeyObject | undefined {
    return this.#keys.find((key) => equalBytes(key.id, id))?.key
  }
}

/** Throws OptionError unless this is a list of one key at least, each of a kind that can be one. */
export function checkKeys(keys: unknown): asserts keys is readonly CipherKey[] {
  if (!Array.isArray(keys) || keys.length === 0) {
    throw new OptionError('keys', 'keys must be a list of one key at least; the first one seals.')
  }
  for (const key of keys) if (!(key instanceof PasswordKey)) secretKey(key)
}

/** A key of 32 bytes as Node keeps them: out of reach of whatever prints objects. */
export function secretKey(key: unknown): KeyObject {
  if (key instanceof KeyObject) {
    if (key.type === 'secret' && key.symmetricKeySize === KEY_BYTES) return key
    throw new OptionError('keys', `A key must be a secret key of ${KEY_BYTES} bytes.`)
  }
  if (!(key instanceof Uint8Array)) {
    const advice = typeof key === 'string' ? ' Make one from a password with passwordKey().' : ''
    throw new OptionError(
      'keys',
      `A key must be ${KEY_BYTES} bytes or a KeyObject, and was ${kindOf(key)}.${advice}`,
    )
  }
  if (key.length !== KEY_BYTES) {
    throw new OptionError('keys', `A key must have ${KEY_BYTES} bytes, and had ${key.length}.`)
  }
  return createSecretKey(key)
}

function named(key: Uint8Array | KeyObject): NamedKey {
  const secret = secretKey(key)
  const id = createHmac('sha256', secret).update('persistdict key id').digest()
  return { id: id.subarray(0, KEY_ID_BYTES), key: secret }
}
