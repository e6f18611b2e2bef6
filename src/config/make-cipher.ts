/** Ciphers from what a configuration says of them. */
import type { AeadCipher } from '../codec/cipher/aead-cipher.js'
import { aesGcm } from '../codec/cipher/aes-gcm.js'
import { chacha20Poly1305 } from '../codec/cipher/chacha20-poly1305.js'
import { type CipherKey, KEY_BYTES } from '../codec/cipher/key-ring.js'
import { passwordKey } from '../codec/cipher/password-key.js'
import { ConfigError } from '../errors/config-error.js'
import type { CipherConfig, KeyConfig } from './cipher-config.js'
import { type SecretPlace, secretBytes, secretText } from './secret.js'

/** Throws ConfigError for keys that are not where they should be, or are none; OptionError for impossible costs. */
export function ciphersOf(cipher: CipherConfig | readonly CipherConfig[]): AeadCipher[] {
  if (!isList(cipher)) return [cipherOf(cipher, 'cipher')]
  return cipher.map((one, at) => cipherOf(one, `cipher.${at}`))
}

function isList(cipher: CipherConfig | readonly CipherConfig[]): cipher is readonly CipherConfig[] {
  return Array.isArray(cipher)
}

function cipherOf({ kind, keys, ...options }: CipherConfig, path: string): AeadCipher {
  const made = keys.map((key, at) => keyOf(key, `${path}.keys.${at}`))
  const make = kind === 'aes-256-gcm' ? aesGcm : chacha20Poly1305
  return make({ keys: made, ...options })
}

function keyOf(key: KeyConfig, path: string): CipherKey {
  if ('password' in key) {
    const { password, ...costs } = key
    const given = Object.entries(costs).filter(([, cost]) => cost !== undefined)
    const text = secretText(password, `${path}.password`)
    return passwordKey(text, given.length > 0 ? Object.fromEntries(given) : undefined)
  }
  return keyAt(key, path)
}

/** The 32 bytes of a key. Throws ConfigError, which says of `path` what is wrong. */
export function keyAt(key: SecretPlace, path: string): Buffer {
  const bytes = secretBytes(key, path)
  if ('file' in key && bytes.length === KEY_BYTES) return bytes
  const decoded = decodedKey(bytes.toString('latin1').trim())
  if (decoded !== undefined) return decoded
  const place = 'env' in key ? `The variable ${key.env}` : `The file "${key.file}"`
  throw new ConfigError(
    path,
    `${place} holds no key: it must be ${KEY_BYTES} bytes as base64 or in hexadecimal digits, and has ${bytes.length} characters. ` +
      'Make one with "openssl rand -base64 32".',
  )
}

const HEX = /^[0-9a-f]{64}$/i
const BASE64 = /^[A-Za-z0-9+/_-]{43}=?$/

function decodedKey(text: string): Buffer | undefined {
  if (HEX.test(text)) return Buffer.from(text, 'hex')
  return BASE64.test(text) ? Buffer.from(text, 'base64') : undefined
}
