import { refuseUnknown } from '../../errors/unknown-option.js'
import { type AeadCipher, aeadCipher, type CipherOptions, type Suite } from './aead-cipher.js'
import { SUITE } from './cipher.js'
import { committingAesGcm } from './committing-aes-gcm.js'
import { openFrom, sealInto } from './node-aead.js'
import { MAX_RANDOM_NONCES, NONCE_BYTES } from './nonce.js'

/** AES-256-GCM (NIST SP 800-38D) with random nonces. */
const AES_GCM: Suite = {
  id: 'aes-256-gcm',
  code: SUITE.aes256Gcm,
  nonceBytes: NONCE_BYTES,
  commitmentBytes: 0,
  maxMessages: MAX_RANDOM_NONCES,
  seal: (key, nonce, plaintext, associated, target, at) =>
    sealInto('aes-256-gcm', key, nonce, plaintext, associated, target, at),
  open: (key, nonce, sealed, associated) => openFrom('aes-256-gcm', key, nonce, sealed, associated),
}

/** Options of aesGcm(). */
export interface AesGcmOptions extends CipherOptions {
  /**
   * Derive a fresh key for each record, and commit to it: for keys from passwords, and for stores of
   * several tenants. No bytes then open under two keys, and there is no limit of messages. It takes
   * 52 bytes more a record and about twice the time. @default false
   */
  readonly committing?: boolean | undefined
}

/**
 * AES-256-GCM, for the option `cipher` of open(). One key seals at most 2^32 messages.
 * Throws OptionError for keys that are none.
 */
export function aesGcm(options: AesGcmOptions): AeadCipher {
  refuseUnknown(options, ['keys', 'versionTag', 'committing'], 'aesGcm()')
  return aeadCipher(options.committing === true ? committingAesGcm : AES_GCM, options)
}
