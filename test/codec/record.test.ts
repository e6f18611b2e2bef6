/** Records: what goes in comes out, and nothing else ever does. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { crc32 } from '../../src/codec/crc32.js'
import { decodeRecord, encodeRecord, type RecordFields } from '../../src/codec/record.js'
import { randomOf } from '../random.js'
import { seedOf } from '../seed.js'

const KEY = Buffer.from('\u0001user:1')
const MAX = 2 ** 48 - 1

const PLAIN: RecordFields = {
  serializer: 1,
  compressor: 0,
  suite: 0,
  isGraph: false,
  isPlain: true,
  isHole: false,
  seq: 64,
  version: 70,
  createdAt: 1_750_000_000_000,
  updatedAt: 1_750_000_000_500,
  expiresAt: 0,
  key: undefined,
  tags: [],
  payload: Buffer.from('payload'),
}

const SAMPLES: Readonly<Record<string, RecordFields>> = {
  'a plain record': PLAIN,
  'a record with everything': {
    ...PLAIN,
    compressor: 1,
    suite: 2,
    isGraph: true,
    isPlain: false,
    expiresAt: 1_750_000_600_000,
    key: Buffer.from('the full key'),
    tags: ['users', 'größe', ''],
  },
  'a record that is kept for a while': {
    ...PLAIN,
    expiresAt: 1_750_000_600_000,
    grace: {
      freshUntil: 1_750_000_600_000,
      until: 1_750_000_900_000,
      computeMs: 1_234,
      isRetired: false,
    },
  },
  'a retired record': {
    ...PLAIN,
    expiresAt: 1,
    grace: { freshUntil: 1_750_000_600_000, until: MAX, computeMs: 0, isRetired: true },
  },
  'an empty payload': { ...PLAIN, payload: new Uint8Array(0) },
  'a hole': {
    ...PLAIN,
    serializer: 0,
    isPlain: false,
    isHole: true,
    seq: 0,
    version: 0,
    createdAt: 0,
    updatedAt: 0,
    payload: new Uint8Array(0),
  },
}

const uint48 = fc.oneof(fc.nat(300), fc.integer({ min: 0, max: MAX }), fc.constant(MAX))

/** Any UTF-16 unit, lone surrogates among them. */
const surrogates = fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit))

const fields: fc.Arbitrary<RecordFields> = fc
  .record({
    serializer: fc.nat(255),
    compressor: fc.nat(255),
    suite: fc.nat(255),
    isGraph: fc.boolean(),
    isPlain: fc.boolean(),
    isHole: fc.boolean(),
    numbers: fc.tuple(uint48, uint48),
    times: fc.tuple(uint48, uint48),
    expiresAt: fc.oneof(fc.constant(0), uint48),
    key: fc.option(fc.uint8Array({ maxLength: 600 }), { nil: undefined }),
    tags: fc.array(fc.string({ unit: surrogates, maxLength: 20 }), { maxLength: 5 }),
    payload: fc.uint8Array({ maxLength: 400 }),
    grace: fc.option(fc.record({ until: uint48, computeMs: uint48, isRetired: fc.boolean() }), {
      nil: undefined,
    }),
  })
  .map(({ numbers, times, grace, ...rest }) => ({
    ...rest,
    // A retired entry counts as expired long ago.
    ...(grace === undefined ? {} : { grace: { ...grace, freshUntil: rest.expiresAt } }),
    expiresAt: grace?.isRetired ? 1 : rest.expiresAt,
    seq: Math.min(...numbers),
    version: Math.max(...numbers),
    createdAt: Math.min(...times),
    updatedAt: Math.max(...times),
  }))

const encoded = (of: RecordFields): Uint8Array => Uint8Array.from(encodeRecord(KEY, of))

function plainFields(key: Uint8Array, record: Uint8Array): RecordFields {
  const { serializer, compressor, suite, isGraph, isPlain, isHole } = decodeRecord(key, record)
  const { seq, version, createdAt, updatedAt, expiresAt } = decodeRecord(key, record)
  const { tags, payload, grace, ...rest } = decodeRecord(key, record)
  return {
    ...(grace === undefined ? {} : { grace }),
    serializer,
    compressor,
    suite,
    isGraph,
    isPlain,
    isHole,
    seq,
    version,
    createdAt,
    updatedAt,
    expiresAt,
    key: rest.key && Uint8Array.from(rest.key),
    tags: [...tags],
    payload: Uint8Array.from(payload),
  }
}

function bytesOnly(of: RecordFields): RecordFields {
  return { ...of, key: of.key && Uint8Array.from(of.key), payload: Uint8Array.from(of.payload) }
}

test('decodeRecord() brings back whatever encodeRecord() was given', () => {
  fc.assert(
    fc.property(fields, fc.uint8Array({ maxLength: 40 }), (given, key) => {
      const record = Uint8Array.from(encodeRecord(key, given))
      expect(plainFields(key, record)).toEqual(bytesOnly(given))
    }),
    { seed: seedOf('records'), numRuns: 2_000 },
  )
})

test('encodeRecord() takes an entry that a clock set back made older than itself', () => {
  const record = encoded({ ...PLAIN, updatedAt: PLAIN.createdAt - 5 })
  expect(decodeRecord(KEY, record).updatedAt).toBe(PLAIN.createdAt)
})

test('encodeRecord() makes 23 bytes of header for an entry without a deadline', () => {
  expect(encoded({ ...PLAIN, payload: new Uint8Array(0) })).toHaveLength(23)
})

test('decodeRecord() reads a record that does not start at the start of its buffer', () => {
  const record = encoded(PLAIN)
  const buffer = Buffer.concat([Buffer.from('before'), record])
  expect(plainFields(KEY, buffer.subarray(6))).toEqual(bytesOnly(PLAIN))
})

test('decodeRecord() reads a record of a megabyte', () => {
  const given = { ...PLAIN, payload: Buffer.alloc(2 ** 20, 'abc') }
  expect(Buffer.compare(decodeRecord(KEY, encoded(given)).payload, given.payload)).toBe(0)
})

describe.each(Object.keys(SAMPLES))('%s', (name) => {
  const sample = encoded(SAMPLES[name] as RecordFields)

  test('decodeRecord() notices each single flipped bit', () => {
    for (let bit = 0; bit < sample.length * 8; bit++) {
      const flipped = Uint8Array.from(sample)
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(() => decodeRecord(KEY, flipped), `bit ${bit}`).toThrow(RangeError)
    }
  })

  test('decodeRecord() notices a cut at every length', () => {
    for (let length = 0; length < sample.length; length++) {
      expect(() => decodeRecord(KEY, sample.slice(0, length)), `${length}`).toThrow(RangeError)
    }
  })

  test('decodeRecord() notices bytes put on at the end', () => {
    expect(() => decodeRecord(KEY, Buffer.concat([sample, Buffer.of(0)]))).toThrow(RangeError)
  })

  test('decodeRecord() notices a record under the key of another', () => {
    expect(() => decodeRecord(Buffer.from('\u0001user:2'), sample)).toThrow(/checksum/)
  })

  test('decodeRecord() refuses a newer format by its number, whatever its checksum', () => {
    for (const version of [0, 2, 3, 255]) {
      const newer = Uint8Array.from(sample)
      newer[4] = version
      expect(() => decodeRecord(KEY, newer)).toThrow(`record format ${version}`)
    }
  })
})

test('decodeRecord() of arbitrary bytes throws RangeError and nothing else, and at once', () => {
  const seed = seedOf('arbitrary records')
  const { below } = randomOf(seed)
  let decoded = 0
  const start = process.cpuUsage()
  for (let round = 0; round < 100_000; round++) {
    const record = Buffer.alloc(below(80))
    for (let at = 0; at < record.length; at++) record[at] = below(256)
    // Half of them get past the format, flags and checksum, into the header.
    if (round % 2 === 0 && record.length >= 19) {
      record[4] = 1
      record[5] = below(128)
      record[6] = 0
      record.writeUInt32LE(crc32(record, 4, record.length, crc32(KEY, 0, KEY.length, 0)))
    }
    try {
      const { tags, payload } = decodeRecord(KEY, record)
      decoded++
      expect(tags.length + payload.length).toBeLessThanOrEqual(record.length)
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
    }
  }
  expect(decoded).toBeGreaterThan(1_000)
  // Of this process alone: others may have the machine meanwhile.
  expect(process.cpuUsage(start).user).toBeLessThan(15_000_000)
})

test('decodeRecord() of counts and lengths beyond the record is a RangeError', () => {
  const head = [...encoded({ ...PLAIN, payload: new Uint8Array(0) })]
  for (const flag of [2, 4]) {
    for (const tail of [
      [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
      [0xff, 0xff, 0xff, 0x7f, 0],
      Array(9).fill(0x80),
    ]) {
      const record = Buffer.from([...head, ...tail])
      record[5] = flag
      record.writeUInt32LE(crc32(record, 4, record.length, crc32(KEY, 0, KEY.length, 0)))
      expect(() => decodeRecord(KEY, record)).toThrow(RangeError)
    }
  }
})
