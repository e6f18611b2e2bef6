/** The ciphers themselves: what they seal they open, and nothing else. */
import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  hkdfSync,
  randomBytes,
} from 'node:crypto'
import { Worker } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import { aesGcm } from '../../../src/codec/cipher/aes-gcm.js'
import { chacha20Poly1305 } from '../../../src/codec/cipher/chacha20-poly1305.js'
import { type Cipher, UnsealError } from '../../../src/codec/cipher/cipher.js'
import { derived } from '../../../src/codec/cipher/committing-aes-gcm.js'
import { openLd1Blob } from '../../../src/codec/cipher/ld1-blob.js'
import { loadKeys } from '../../../src/codec/cipher/load-keys.js'
import { fillRandom } from '../../../src/codec/cipher/nonce-pool.js'
import { passwordKey } from '../../../src/codec/cipher/password-key.js'
import { KeyProviderError, Ld1BlobError } from '../../../src/errors/cipher-errors.js'
import { OptionError } from '../../../src/errors/option-error.js'
import { testCipher } from '../../../src/testing/test-cipher.js'

const KEY = Buffer.alloc(32, 7)
const OTHER = Buffer.alloc(32, 8)
const PLAINTEXT = Buffer.from('what nobody may know')
const CONTEXT = { associatedData: Buffer.from('where it is') }

const CIPHERS: Readonly<Record<string, (keys: readonly Buffer[], versionTag?: string) => Cipher>> =
  {
    'aes-256-gcm': (keys, versionTag) => aesGcm({ keys, versionTag }),
    'chacha20-poly1305': (keys, versionTag) => chacha20Poly1305({ keys, versionTag }),
    'aes-256-gcm-committing': (keys, versionTag) => aesGcm({ keys, versionTag, committing: true }),
  }

function failureOf(call: () => unknown): unknown {
  try {
    call()
  } catch (error) {
    return error
  }
  return undefined
}

describe.each(Object.keys(CIPHERS))('%s', (name) => {
  const make = CIPHERS[name] as (keys: readonly Buffer[], versionTag?: string) => Cipher
  const cipher = make([KEY])
  const sealed = Uint8Array.from(cipher.seal(PLAINTEXT, CONTEXT))

  test('open() brings back what seal() was given, of every length', () => {
    expect(cipher.id).toBe(name)
    for (const length of [0, 1, 15, 16, 17, 1_000, 70_000]) {
      const plaintext = randomBytes(length)
      const opened = cipher.open(cipher.seal(plaintext, CONTEXT), CONTEXT)
      expect(Buffer.compare(opened, plaintext)).toBe(0)
    }
  })

  test('seal() of the same bytes never gives the same bytes', () => {
    const seen = new Set<string>()
    for (let round = 0; round < 1_000; round++) {
      seen.add(Buffer.from(cipher.seal(PLAINTEXT, CONTEXT)).toString('hex'))
    }
    expect(seen.size).toBe(1_000)
  })

  test('open() notices each single flipped bit', () => {
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const flipped = Uint8Array.from(sealed)
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(() => cipher.open(flipped, CONTEXT), `bit ${bit}`).toThrow(UnsealError)
    }
  })

  test('open() notices a cut at every length, and bytes put on', () => {
    for (let length = 0; length < sealed.length; length++) {
      expect(() => cipher.open(sealed.slice(0, length), CONTEXT), `${length}`).toThrow(UnsealError)
    }
    expect(() => cipher.open(Buffer.concat([sealed, Buffer.of(0)]), CONTEXT)).toThrow(UnsealError)
  })

  test('open() with other associated data is refused', () => {
    for (const place of ['', 'where it iss', 'where it i', 'where it iS']) {
      const context = { associatedData: Buffer.from(place) }
      expect(failureOf(() => cipher.open(sealed, context))).toMatchObject({ reason: 'changed' })
    }
  })

  test('open() without the key names the key that it lacks', () => {
    const error = failureOf(() => make([OTHER]).open(sealed, CONTEXT))
    expect(error).toMatchObject({ reason: 'key' })
    expect((error as Error).message).toContain(cipher.keyId)
  })

  test('open() takes any key of the ring, and seal() the first', () => {
    const ring = make([OTHER, KEY])
    expect(Buffer.from(ring.open(sealed, CONTEXT))).toEqual(PLAINTEXT)
    expect(ring.isCurrent?.(sealed)).toBe(false)
    expect(cipher.isCurrent?.(sealed)).toBe(true)
    expect(ring.keyId).toBe(make([OTHER]).keyId)
    expect(Buffer.from(make([OTHER]).open(ring.seal(PLAINTEXT, CONTEXT), CONTEXT))).toEqual(
      PLAINTEXT,
    )
  })

  test('open() refuses a version tag that was put back to another', () => {
    const tagged = make([KEY], 'V2')
    const later = Buffer.from(tagged.seal(PLAINTEXT, CONTEXT))
    expect(later.toString('latin1', 0, 2)).toBe('V2')
    later.write('V1')
    // Neither the cipher of the old tag, which is bound to the bytes, nor that of the new one.
    expect(failureOf(() => make([KEY], 'V1').open(later, CONTEXT))).toMatchObject({
      reason: 'changed',
    })
    expect(failureOf(() => tagged.open(later, CONTEXT))).toMatchObject({ reason: 'form' })
  })

  test('what is thrown for keys of a wrong length or kind is an OptionError', () => {
    for (const key of [
      Buffer.alloc(16),
      Buffer.alloc(31),
      Buffer.alloc(33),
      'k'.repeat(32),
      null,
    ]) {
      expect(() => make([key as Buffer])).toThrow(OptionError)
    }
    expect(() => make([])).toThrow(OptionError)
    expect(() => make([KEY, Buffer.from(KEY)])).toThrow(/twice/)
    expect(() => make([KEY], 'too long a tag')).toThrow(OptionError)
    expect(() => make([KEY], 'ä')).toThrow(OptionError)
  })
})

test('seal() of AES-GCM makes version tag, key id, nonce, ciphertext and tag', () => {
  const cipher = aesGcm({ keys: [createSecretKey(KEY)] })
  const sealed = Buffer.from(cipher.seal(PLAINTEXT, CONTEXT))
  expect(sealed).toHaveLength(3 + 4 + 12 + PLAINTEXT.length + 16)
  expect(sealed.toString('latin1', 0, 3)).toBe('PD1')
  expect(sealed.toString('hex', 3, 7)).toBe(cipher.keyId)
  const decipher = createDecipheriv('aes-256-gcm', KEY, sealed.subarray(7, 19))
  decipher.setAAD(Buffer.concat([sealed.subarray(0, 7), CONTEXT.associatedData]))
  decipher.setAuthTag(sealed.subarray(-16))
  const body = sealed.subarray(19, -16)
  expect(Buffer.concat([decipher.update(body), decipher.final()])).toEqual(PLAINTEXT)
})

test('the keys of a committing cipher are those of HKDF', () => {
  const salt = randomBytes(32)
  const info = 'persistdict aes-256-gcm-committing'
  const expected = Buffer.from(hkdfSync('sha512', KEY, salt, info, 64))
  const { messageKey, commitment } = derived(createSecretKey(KEY), salt)
  expect(Buffer.concat([messageKey.export(), commitment])).toEqual(expected)
})

test('a committing cipher opens nothing that was made to open under two keys', () => {
  const cipher = aesGcm({ keys: [KEY], committing: true })
  const sealed = Uint8Array.from(cipher.seal(PLAINTEXT, CONTEXT))
  // The commitment of another key in place of its own: then not even the right key opens it.
  const forged = Uint8Array.from(sealed)
  const salt = sealed.subarray(7, 39)
  forged.set(derived(createSecretKey(OTHER), salt).commitment, 39)
  expect(() => cipher.open(forged, CONTEXT)).toThrow(UnsealError)
})

describe('nonces', () => {
  const count = Number(process.env.NONCES ?? 200_000)

  test('fillRandom() gives no nonce twice, in this thread and another', async () => {
    const half = Math.floor(count / 2)
    const fromWorker = await noncesOfWorker(half)
    // The first 64 bits: if they differ, so do the nonces. Ten million bigints would not fit in a Set.
    const starts = new BigUint64Array(2 * half)
    for (let at = 0; at < half; at++) starts[at] = fromWorker.readBigUInt64LE(at * 12)
    const nonce = Buffer.alloc(12)
    for (let at = half; at < 2 * half; at++) {
      fillRandom(nonce, 0, 12)
      starts[at] = nonce.readBigUInt64LE()
    }
    starts.sort()
    let repeated = 0
    for (let at = 1; at < starts.length; at++) if (starts[at] === starts[at - 1]) repeated++
    expect(repeated).toBe(0)
  })

  test('fillRandom() mixes lengths without giving bytes twice', () => {
    const seen = new Set<string>()
    const target = Buffer.alloc(32)
    for (let round = 0; round < 20_000; round++) {
      const length = round % 2 === 0 ? 12 : 32
      fillRandom(target, 0, length)
      for (let at = 0; at + 8 <= length; at += 4) seen.add(target.toString('hex', at, at + 8))
    }
    expect(seen.size).toBe(10_000 * 2 + 10_000 * 7)
  })
})

describe('passwordKey()', () => {
  const costs = { cost: 2 ** 10 }
  const salt = { bytes: randomBytes(32), costs: undefined }
  const cipherOf = (password: string, more = costs) =>
    aesGcm({ keys: [passwordKey(password, more)] }).forStore(salt)

  test('makes one key of one password, however it was typed, and another of a typo', () => {
    const sealed = cipherOf('caf\u00e9').seal(PLAINTEXT, CONTEXT)
    expect(Buffer.from(cipherOf('cafe\u0301').open(sealed, CONTEXT))).toEqual(PLAINTEXT)
    for (const typo of ['cafe', 'Café', 'café ', 'caf']) {
      expect(() => cipherOf(typo).open(sealed, CONTEXT)).toThrow(UnsealError)
    }
  })

  test('makes another key with another salt, and with other costs', () => {
    const { keyId } = cipherOf('secret')
    expect(cipherOf('secret').keyId).toBe(keyId)
    expect(cipherOf('secret', { cost: 2 ** 11 }).keyId).not.toBe(keyId)
    const elsewhere = { bytes: randomBytes(32), costs: undefined }
    const there = aesGcm({ keys: [passwordKey('secret', costs)] }).forStore(elsewhere)
    expect(there.keyId).not.toBe(keyId)
  })

  test('takes the costs of the store unless told others', () => {
    const key = passwordKey('secret')
    const stored = { cost: 2 ** 10, blockSize: 8, parallelization: 1 }
    expect(key.costsFor({ ...salt, costs: stored })).toEqual(stored)
    expect(key.costsFor(salt)).toEqual({ cost: 2 ** 17, blockSize: 8, parallelization: 1 })
    expect(passwordKey('x', { cost: 4 }).costsFor({ ...salt, costs: stored }).cost).toBe(4)
  })

  test('is an OptionError for no password and for impossible costs', () => {
    expect(() => passwordKey('')).toThrow(OptionError)
    expect(() => passwordKey(5 as never)).toThrow(OptionError)
    for (const cost of [0, 3, 1.5, 2 ** 30])
      expect(() => passwordKey('x', { cost })).toThrow(OptionError)
    expect(() => passwordKey('x', { N: 4 } as never)).toThrow(OptionError)
  })

  test('keeps its password to itself', () => {
    const printed = JSON.stringify(passwordKey('hunter2')) + String(passwordKey('hunter2'))
    expect(printed).not.toContain('hunter2')
  })
})

describe('loadKeys()', () => {
  test('brings the keys of all providers in their order', async () => {
    const keys = await loadKeys(
      async () => KEY,
      async () => [OTHER, createSecretKey(Buffer.alloc(32, 9))],
    )
    expect(keys).toHaveLength(3)
    expect(aesGcm({ keys }).keyId).toBe(aesGcm({ keys: [KEY] }).keyId)
  })

  test('rejects with a KeyProviderError for a failure, and for what is no key', async () => {
    const failing = async () => {
      throw new Error('the service is down')
    }
    await expect(loadKeys(failing)).rejects.toBeInstanceOf(KeyProviderError)
    await expect(loadKeys(failing)).rejects.toHaveProperty('cause.message', 'the service is down')
    await expect(loadKeys(async () => Buffer.alloc(5))).rejects.toBeInstanceOf(KeyProviderError)
  })
})

describe('openLd1Blob()', () => {
  test.each([
    [16, 'aes-128-gcm'],
    [24, 'aes-192-gcm'],
    [32, 'aes-256-gcm'],
  ] as const)('opens what a key of %i bytes sealed', (length, algorithm) => {
    const key = randomBytes(length)
    const nonce = randomBytes(12)
    const cipher = createCipheriv(algorithm, key, nonce)
    const body = Buffer.concat([cipher.update(PLAINTEXT), cipher.final()])
    const blob = Buffer.concat([Buffer.from('LD1'), nonce, body, cipher.getAuthTag()])
    expect(Buffer.from(openLd1Blob(blob, key))).toEqual(PLAINTEXT)
    for (let at = 0; at < blob.length; at++) {
      const damaged = Buffer.from(blob)
      damaged[at] = (damaged[at] as number) ^ 1
      expect(() => openLd1Blob(damaged, key), `byte ${at}`).toThrow(Ld1BlobError)
    }
    for (let cut = 0; cut < blob.length; cut++) {
      expect(() => openLd1Blob(blob.subarray(0, cut), key)).toThrow(Ld1BlobError)
    }
    expect(() => openLd1Blob(blob, randomBytes(length))).toThrow(Ld1BlobError)
  })

  test('opens a blob of an empty text, made once', () => {
    const key = Buffer.from('00'.repeat(32), 'hex')
    // NIST's test case 13 of GCM: no plaintext, and a key and nonce of zeros.
    const blob = Buffer.from(`4c4431${'00'.repeat(12)}530f8afbc74536b9a963b4f1c4cb738b`, 'hex')
    expect(openLd1Blob(blob, key)).toHaveLength(0)
  })

  test('is an OptionError for a key of another length', () => {
    expect(() => openLd1Blob(Buffer.alloc(40), Buffer.alloc(31))).toThrow(OptionError)
  })
})

describe('testCipher()', () => {
  test('seals the same bytes the same way, and opens them where they are', () => {
    const cipher = testCipher()
    expect(cipher.seal(PLAINTEXT, CONTEXT)).toEqual(cipher.seal(PLAINTEXT, CONTEXT))
    expect(Buffer.from(cipher.open(cipher.seal(PLAINTEXT, CONTEXT), CONTEXT))).toEqual(PLAINTEXT)
    const elsewhere = { associatedData: Buffer.from('elsewhere') }
    expect(() => cipher.open(cipher.seal(PLAINTEXT, CONTEXT), elsewhere)).toThrow()
  })

  test('is refused outside of tests, unless asked for by its full name', () => {
    const { NODE_ENV, VITEST } = process.env
    try {
      delete process.env.NODE_ENV
      delete process.env.VITEST
      expect(() => testCipher()).toThrow(OptionError)
      expect(() => testCipher('test' as never)).toThrow(OptionError)
      expect(testCipher('insecure-deterministic-test-cipher').id).toMatch(/insecure/)
    } finally {
      Object.assign(process.env, { NODE_ENV, VITEST })
    }
  })
})

async function noncesOfWorker(count: number): Promise<Buffer> {
  const pool = JSON.stringify(new URL('../../../src/codec/cipher/nonce-pool.ts', import.meta.url))
  const tsx = JSON.stringify(import.meta.resolve('tsx/esm/api'))
  const code = `
    import { parentPort } from 'node:worker_threads'
    import { tsImport } from ${tsx}
    const { fillRandom } = await tsImport(${pool}, ${pool})
    const bytes = new Uint8Array(${count} * 12)
    for (let at = 0; at < bytes.length; at += 12) fillRandom(bytes, at, 12)
    parentPort.postMessage(bytes)`
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`))
  return new Promise((resolve, reject) => {
    worker.once('message', (bytes: Uint8Array) => resolve(Buffer.from(bytes)))
    worker.once('error', reject)
  })
}
