/** What can be said of a cipher in plain data. Keys themselves are never in a configuration. */
import { z } from 'zod'
import type { AesGcmOptions } from '../codec/cipher/aes-gcm.js'
import { type Secret, type SecretPlace, secretModel, secretPlaceModel } from './secret.js'

/** A key from a password: see docs/encryption.md. */
export interface PasswordConfig {
  /** The password; best by its place. */
  readonly password: Secret
  /** What making the key costs, a power of two. @default as the store was made, or 131,072 */
  readonly cost?: number | undefined
  /** The block size of scrypt. @default as the store was made, or 8 */
  readonly blockSize?: number | undefined
  /** How many times the work is done, one after the other. @default as the store was made, or 1 */
  readonly parallelization?: number | undefined
}

/**
 * Where a key is: 32 bytes, in a variable of the environment or a file, as base64 or in hexadecimal
 * digits; in a file also as they are. Or a password.
 */
export type KeyConfig = SecretPlace | PasswordConfig

/** A cipher, and where its keys are. */
export interface CipherConfig extends Pick<AesGcmOptions, 'versionTag' | 'committing'> {
  /** The algorithm. */
  readonly kind: 'aes-256-gcm' | 'chacha20-poly1305'
  /** The first one seals; any of them opens. */
  readonly keys: readonly KeyConfig[]
}

const cost = z.int().min(1).optional()

const keyModel = z.union([
  secretPlaceModel,
  z.strictObject({ password: secretModel, cost, blockSize: cost, parallelization: cost }),
])

const keys = z.array(keyModel).min(1)
const versionTag = z
  .string()
  .regex(/^[\x21-\x7e]{1,8}$/)
  .optional()

export const cipherModel = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('aes-256-gcm'),
    keys,
    versionTag,
    committing: z.boolean().optional(),
  }),
  z.strictObject({ kind: z.literal('chacha20-poly1305'), keys, versionTag }),
])
