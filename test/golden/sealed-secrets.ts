/** The secrets of the golden sealed records. They keep nothing secret. */
import { aesGcm } from '../../src/codec/cipher/aes-gcm.js'
import { chacha20Poly1305 } from '../../src/codec/cipher/chacha20-poly1305.js'
import type { Cipher } from '../../src/codec/cipher/cipher.js'
import { StoreSecrets } from '../../src/codec/cipher/store-secrets.js'

const keys = [Buffer.alloc(32, 'golden key')]

export const CIPHERS: Readonly<Record<string, Cipher>> = {
  'aes-256-gcm': aesGcm({ keys }),
  'chacha20-poly1305': chacha20Poly1305({ keys }),
  'aes-256-gcm-committing': aesGcm({ keys, committing: true }),
}

export function goldenSecrets(cipher: Cipher, hidesNames: boolean): StoreSecrets {
  return new StoreSecrets({
    ciphers: [cipher],
    salt: Buffer.alloc(32, 'golden salt'),
    nameKey: Buffer.alloc(32, 'golden names'),
    hidesNames,
    showsKeys: false,
  })
}
