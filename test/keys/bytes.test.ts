import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  afterPrefix,
  ByteReader,
  compareBytes,
  equalBytes,
  MAX_UINT48,
  varintLength,
  writeUint48,
  writeVarint,
} from '../../src/bytes.js'
import { seedOf } from '../seed.js'

const RUNS = 5_000

const bytes = fc.uint8Array({ maxLength: 6 })
/** Bytes that end in 0xFF more often than chance would have it. */
const prefix = fc
  .tuple(fc.uint8Array({ maxLength: 4 }), fc.nat(3))
  .map(([start, full]) => Uint8Array.from([...start, ...Array(full).fill(0xff)]))

const EDGES = [
  0,
  1,
  127,
  128,
  16_383,
  16_384,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 48 - 1,
  2 ** 53 - 1,
]

describe('varint', () => {
  test('any safe integer comes back, in the length that was told', () => {
    const number = fc.oneof(
      fc.constantFrom(...EDGES),
      fc.nat(300),
      fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
    )
    const property = fc.property(number, fc.nat(3), (value, offset) => {
      const target = new Uint8Array(16).fill(0xaa)
      const end = writeVarint(target, offset, value)
      expect(end - offset).toBe(varintLength(value))
      expect(target[end]).toBe(0xaa)
      const reader = new ByteReader(target, offset)
      expect(reader.varint()).toBe(value)
      expect(reader.offset).toBe(end)
    })
    fc.assert(property, { seed: seedOf('varint'), numRuns: RUNS })
  })

  test('is LEB128', () => {
    const target = new Uint8Array(3)
    expect(writeVarint(target, 0, 624_485)).toBe(3)
    expect([...target]).toEqual([0xe5, 0x8e, 0x26])
  })

  test('that ends too early or is over-long is a RangeError', () => {
    expect(() => new ByteReader(Uint8Array.of(), 0).varint()).toThrow(RangeError)
    expect(() => new ByteReader(Uint8Array.of(0x80, 0x80), 0).varint()).toThrow(RangeError)
    expect(() => new ByteReader(new Uint8Array(20).fill(0x80), 0).varint()).toThrow(RangeError)
  })
})

describe('uint48', () => {
  test('any value comes back from its six bytes', () => {
    const number = fc.oneof(
      fc.constantFrom(...EDGES.filter((edge) => edge <= MAX_UINT48)),
      fc.integer({ min: 0, max: MAX_UINT48 }),
    )
    const property = fc.property(number, fc.nat(3), (value, offset) => {
      const target = Buffer.alloc(12, 0xaa)
      expect(writeUint48(target, offset, value)).toBe(offset + 6)
      expect(target[offset + 6]).toBe(0xaa)
      expect(target.readUIntLE(offset, 6)).toBe(value)
      const reader = new ByteReader(target, offset)
      expect(reader.uint48()).toBe(value)
      expect(reader.offset).toBe(offset + 6)
    })
    fc.assert(property, { seed: seedOf('uint48'), numRuns: RUNS })
  })

  test('that ends too early is a RangeError', () => {
    expect(() => new ByteReader(new Uint8Array(5), 0).uint48()).toThrow(RangeError)
    expect(() => new ByteReader(new Uint8Array(8), 3).uint48()).toThrow(RangeError)
  })
})

describe('ByteReader', () => {
  test('take() gives so many bytes, and never more than there are', () => {
    const reader = new ByteReader(Uint8Array.of(1, 2, 3), 1)
    expect([...reader.take(0)]).toEqual([])
    expect([...reader.take(2)]).toEqual([2, 3])
    expect(() => reader.take(1)).toThrow(RangeError)
    expect(() => reader.uint8()).toThrow(RangeError)
  })
})

describe('afterPrefix()', () => {
  test('is above all that start with the prefix, and nothing lies between', () => {
    const property = fc.property(prefix, bytes, (start, text) => {
      const after = afterPrefix(start)
      const startsWith = equalBytes(text.subarray(0, start.length), start)
      const isBetween =
        compareBytes(text, start) >= 0 && (after === undefined || compareBytes(text, after) < 0)
      expect(isBetween).toBe(startsWith)
      const longer = Uint8Array.from([...start, ...text])
      if (after !== undefined) expect(compareBytes(longer, after)).toBeLessThan(0)
    })
    fc.assert(property, { seed: seedOf('afterPrefix'), numRuns: RUNS })
  })

  test('drops the 0xFF at the end', () => {
    expect(afterPrefix(Uint8Array.of(1, 2))).toEqual(Uint8Array.of(1, 3))
    expect(afterPrefix(Uint8Array.of(1, 0xff, 0xff))).toEqual(Uint8Array.of(2))
  })

  test('is undefined where nothing is above', () => {
    expect(afterPrefix(new Uint8Array(0))).toBeUndefined()
    expect(afterPrefix(Uint8Array.of(0xff, 0xff))).toBeUndefined()
  })

  test('leaves the given bytes alone', () => {
    const start = Buffer.from([1, 2])
    afterPrefix(start)
    expect([...start]).toEqual([1, 2])
  })
})

test('compareBytes() orders byte by byte, the shorter one first', () => {
  const sorted = [[], [0], [0, 0], [0, 1], [1], [0x7f], [0x80], [0xff], [0xff, 0]]
  const shuffled = sorted.map((each) => Uint8Array.from(each)).reverse()
  expect(shuffled.sort(compareBytes).map((each) => [...each])).toEqual(sorted)
  expect(equalBytes(Uint8Array.of(1), Uint8Array.of(1))).toBe(true)
  expect(equalBytes(Uint8Array.of(1), Uint8Array.of(1, 0))).toBe(false)
})
