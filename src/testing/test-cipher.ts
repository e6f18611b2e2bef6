/**
 * A cipher for tests: the same bytes for the same input, so that files can be compared. It keeps
 * nothing secret, since its key is here to read.
 */
import { createCipheriv, createDecipheriv, createHmac, createSecretKey } from 'node:crypto'
import type { Cipher, SealContext } from '../codec/cipher/cipher.js'
import { OptionError } from '../errors/option-error.js'

/** The full name of the cipher. */
export const TEST_CIPHER_ID = 'insecure-deterministic-test-cipher'

const KEY = createSecretKey(Buffer.alloc(32, 'persistdict test cipher'))
const NONCE_BYTES = 12
const TAG_BYTES = 16

/** Set by vitest, by Jest, and by the test runner of Node. */
const MARKS_OF_TESTS = ['VITEST', 'JEST_WORKER_ID', 'NODE_TEST_CONTEXT']

/**
 * A deterministic cipher, for the option `cipher` of open() in tests. It protects nothing. Outside of
 * tests it throws OptionError, unless it is asked for by its full name:
 * `testCipher('insecure-deterministic-test-cipher')`. A test is where NODE_ENV is `test`, or where
 * vitest, Jest or node:test runs.
 */
export function testCipher(fullName?: 'insecure-deterministic-test-cipher'): Cipher {
  if (fullName !== TEST_CIPHER_ID && !isTest()) {
    throw new OptionError(
      'cipher',
      'testCipher() protects nothing, and this is no test. Use aesGcm() with a key of your own.',
    )
  }
  return {
    id: TEST_CIPHER_ID,
    keyId: 'test',
    seal(plaintext, { associatedData }) {
      // As SIV (RFC 5297) makes its nonces: of everything that is sealed.
      const nonce = createHmac('sha256', KEY)
        .update(String(associatedData.length))
        .update(associatedData)
        .update(plaintext)
        .digest()
        .subarray(0, NONCE_BYTES)
      const cipher = createCipheriv('aes-256-gcm', KEY, nonce, { authTagLength: TAG_BYTES })
      cipher.setAAD(associatedData)
      const body = Buffer.concat([cipher.update(plaintext), cipher.final()])
      return Buffer.concat([nonce, body, cipher.getAuthTag()])
    },
    open: opened,
    isCurrent: () => true,
  }
}

function opened(sealed: Uint8Array, { associatedData }: SealContext): Uint8Array {
  const end = sealed.length - TAG_BYTES
  if (end < NONCE_BYTES) throw new RangeError('it is too short')
  const nonce = sealed.subarray(0, NONCE_BYTES)
  const decipher = createDecipheriv('aes-256-gcm', KEY, nonce, { authTagLength: TAG_BYTES })
  decipher.setAAD(associatedData)
  decipher.setAuthTag(sealed.subarray(end))
  return Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, end)), decipher.final()])
}

function isTest(): boolean {
  return process.env.NODE_ENV === 'test' || MARKS_OF_TESTS.some((mark) => mark in process.env)
}
