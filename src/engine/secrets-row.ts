/**
 * What an encrypted store keeps for its ciphers: a row of the bucket `meta`.
 *
 *     'secrets' → {"salt": "…", "costs": {…}, "suite": 1, "sealed": "…"}
 *
 * `sealed` is the key that hides names. Opening it is also how a wrong key is known at once. In base64:
 * the row is readable by everybody, as deriving a key from a password needs its salt.
 */
import { randomBytes } from 'node:crypto'
import { AeadCipher } from '../codec/cipher/aead-cipher.js'
import { type Cipher, type StoreSalt, UnsealError } from '../codec/cipher/cipher.js'
import { boundTo, openWith, StoreSecrets, suiteOf } from '../codec/cipher/store-secrets.js'
import { WrongKeyError } from '../errors/cipher-errors.js'
import { DamagedStoreError } from '../errors/open-errors.js'
import { META } from './format-identity.js'

export const SECRETS = Buffer.from('secrets')

const SALT_BYTES = 32
const NAME_KEY_BYTES = 32

/** What is not in the row. */
export interface SecretsPolicy {
  readonly hidesNames: boolean
  readonly showsKeys: boolean
}

interface SecretsRow {
  readonly salt: StoreSalt
  readonly suite: number
  readonly sealed: Uint8Array
}

/** The row of a new store. */
export function newSecretsRow(ciphers: readonly Cipher[]): Uint8Array {
  const salt: StoreSalt = { bytes: randomBytes(SALT_BYTES), costs: undefined }
  const cipher = bound(ciphers, salt)[0] as Cipher
  return encode(sealed(salt, cipher, randomBytes(NAME_KEY_BYTES)))
}

/** The secrets of a store. Throws WrongKeyError, or DamagedStoreError. */
export function openSecretsRow(
  location: string,
  row: Uint8Array,
  ciphers: readonly Cipher[],
  policy: SecretsPolicy,
): StoreSecrets {
  const { salt, suite, sealed } = decode(location, row)
  const ready = bound(ciphers, salt)
  const nameKey = opened(location, ready, salt, suite, sealed)
  return new StoreSecrets({ ciphers: ready, salt: salt.bytes, nameKey, ...policy })
}

/** The row as the cipher seals it now; undefined if that is how it is. */
export function resealedRow(
  location: string,
  row: Uint8Array,
  secrets: StoreSecrets,
): Uint8Array | undefined {
  const { salt, suite, sealed: before } = decode(location, row)
  if (secrets.isCurrent(suite, before)) return undefined
  const nameKey = secrets.open(suite, META, SECRETS, Uint8Array.of(suite), before)
  return encode(sealed(salt, secrets.cipher, nameKey))
}

function bound(ciphers: readonly Cipher[], salt: StoreSalt): readonly Cipher[] {
  return ciphers.map((cipher) => cipher.forStore?.(salt) ?? cipher)
}

function sealed(salt: StoreSalt, cipher: Cipher, nameKey: Uint8Array): SecretsRow {
  const suite = suiteOf(cipher)
  const associatedData = boundTo(salt.bytes, META, SECRETS, Uint8Array.of(suite))
  const costs = cipher instanceof AeadCipher ? cipher.costsFor(salt) : undefined
  return { salt: { ...salt, costs }, suite, sealed: cipher.seal(nameKey, { associatedData }) }
}

function opened(
  location: string,
  ciphers: readonly Cipher[],
  salt: StoreSalt,
  suite: number,
  sealed: Uint8Array,
): Uint8Array {
  const associatedData = boundTo(salt.bytes, META, SECRETS, Uint8Array.of(suite))
  try {
    const nameKey = openWith(ciphers, suite, sealed, associatedData)
    if (nameKey.length === NAME_KEY_BYTES) return nameKey
  } catch (cause) {
    if (cause instanceof UnsealError) throw new WrongKeyError(location, cause.message, { cause })
    throw cause
  }
  throw new WrongKeyError(location, 'its check is of another length')
}

function encode({ salt, suite, sealed }: SecretsRow): Uint8Array {
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64')
  const { bytes, costs } = salt
  return Buffer.from(JSON.stringify({ salt: base64(bytes), costs, suite, sealed: base64(sealed) }))
}

function decode(location: string, row: Uint8Array): SecretsRow {
  try {
    const { salt, costs, suite, sealed } = JSON.parse(Buffer.from(row).toString('utf8'))
    const bytes = Buffer.from(salt, 'base64')
    if (bytes.length !== SALT_BYTES || typeof suite !== 'number') throw new RangeError('no salt')
    return { salt: { bytes, costs }, suite, sealed: Buffer.from(sealed, 'base64') }
  } catch (cause) {
    const what = 'the row that its ciphers need is not readable'
    throw new DamagedStoreError(location, what, { cause })
  }
}
