import { refuseUnknown } from '../../errors/unknown-option.js'
import { type AeadCipher, aeadCipher, type CipherOptions, type Suite } from './aead-cipher.js'
import { SUITE } from './cipher.js'
import { openFrom, sealInto } from './node-aead.js'
import { MAX_RANDOM_NONCES, NONCE_BYTES } from './nonce.js'

/** ChaCha20-Poly1305 (RFC 8439) with random nonces. */
const CHACHA20_POLY1305: Suite = {
  id: 'chacha20-poly1305',
  code: SUITE.chacha20Poly1305,
  nonceBytes: NONCE_BYTES,
  commitmentBytes: 0,
  maxMessages: MAX_RANDOM_NONCES,
  seal: (key, nonce, plaintext, associated, target, at) =>
    sealInto('chacha20-poly1305', key, nonce, plaintext, associated, target, at),
  open: (key, nonce, sealed, associated) =>
    openFrom('chacha20-poly1305', key, nonce, sealed, associated),
}

/**
 * ChaCha20-Poly1305, for the option `cipher` of open(): for machines without AES in hardware. One key
 * seals at most 2^32 messages. Throws OptionError for keys that are none.
 */
export function chacha20Poly1305(options: CipherOptions): AeadCipher {
  refuseUnknown(options, ['keys', 'versionTag'], 'chacha20Poly1305()')
  return aeadCipher(CHACHA20_POLY1305, options)
}
