/**
 * Sealing bytes: nobody without the key reads or changes them unnoticed (authenticated encryption
 * with associated data, AEAD).
 */
import type { DecryptFailure } from '../../errors/cipher-errors.js'

/** What sealed bytes are bound to. */
export interface SealContext {
  /** Sealed bytes open only with the same: namespace, key, header, format and store. Lent for the call. */
  readonly associatedData: Uint8Array
}

/** Seals bytes and opens them. Yours may be given to open() as `cipher`; it must be an AEAD. */
export interface Cipher {
  /** Names the cipher. */
  readonly id: string
  /**
   * Names the key that seals, without telling anything of it. Messages are counted by it. Undefined:
   * they are not counted.
   */
  readonly keyId?: string | undefined
  /** How many messages one key may seal. Undefined: as many as you like. */
  readonly maxMessages?: number | undefined
  /** Different bytes each time, for the same plaintext. */
  seal(plaintext: Uint8Array, context: SealContext): Uint8Array
  /** The plaintext. Must throw unless seal() made exactly these bytes with the same context. */
  open(sealed: Uint8Array, context: SealContext): Uint8Array
  /** Whether these bytes were sealed as seal() would seal now. Left out: rotateKeys() seals all anew. */
  isCurrent?(sealed: Uint8Array): boolean
  /** The cipher for one store, whose salt keys from passwords take. */
  forStore?(salt: StoreSalt): Cipher
}

/** What a store keeps, readable by all, for keys that are made from passwords. */
export interface StoreSalt {
  /** 32 random bytes. */
  readonly bytes: Uint8Array
  /** What making a key cost when the store was made; undefined if no key was made from a password. */
  readonly costs: ScryptCosts | undefined
}

/** What making a key from a password costs: `cost` and `blockSize` in memory, all three in time. */
export interface ScryptCosts {
  /** A power of two. With 131,072 and a block size of 8, 128 MiB and about half a second. @default 131,072 */
  readonly cost: number
  /** The block size of scrypt. @default 8 */
  readonly blockSize: number
  /** How many times the work is done, one after the other. @default 1 */
  readonly parallelization: number
}

/** The codes of ciphers in records. 0 stands for none. */
export const SUITE = {
  aes256Gcm: 1,
  chacha20Poly1305: 2,
  committingAes256Gcm: 3,
  /** A cipher of the user's. */
  foreign: 255,
} as const

/** Sealed bytes do not open. The message tells nothing of what is in them. */
export class UnsealError extends Error {
  readonly reason: DecryptFailure

  constructor(reason: DecryptFailure, what: string) {
    super(what)
    this.name = 'UnsealError'
    this.reason = reason
  }
}
