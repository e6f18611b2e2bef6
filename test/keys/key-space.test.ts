import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareBytes, equalBytes } from '../../src/bytes.js'
import { DEFAULT_KEY_SETTINGS, type KeySettings, sha256 } from '../../src/keys/key-settings.js'
import { canonicalKey, KeySpace, namespacePrefix } from '../../src/keys/key-space.js'
import { encodeWtf8 } from '../../src/keys/wtf8.js'
import { seedOf } from '../seed.js'
import { anyString } from './strings.js'

const RUNS = 2_000

const SMALL: KeySettings = { keySizeLimit: 12, digestBytes: 2, hash: sha256 }
const HEAD_BYTES = 12 - 2 - 5

/** Short settings, so that most keys are near the limit; and the shortest there are. */
const settings = fc.constantFrom(
  SMALL,
  { keySizeLimit: 6, digestBytes: 1, hash: sha256 },
  DEFAULT_KEY_SETTINGS,
)

/** Names that look like parts of the layout, and names at the length at which prefixes are hashed. */
const name = fc.oneof(
  anyString(6),
  fc.constantFrom(
    '',
    'a',
    '\u0001',
    '\u0002',
    '\u00fe',
    '\u00ff',
    '\ud800',
    '["a"]',
    '"',
    '\udc00',
  ),
  fc.integer({ min: 98, max: 106 }).map((length) => 'n'.repeat(length)),
)
const path = fc.array(name, { maxLength: 3 })

/** Keys that begin as the bytes of other namespaces do. */
const key = fc.oneof(
  anyString(30),
  fc.constantFrom(
    '',
    '\u0001',
    '\u0002a\u00ff',
    '\u0003',
    '\udc00',
    '\udc00["a"]a',
    'x'.repeat(600),
  ),
)

describe('canonicalKey()', () => {
  test('of a string is that string', () => {
    for (const text of ['', '1', '01', '__proto__', '\0', '\ud800', 'é', 'e\u0301']) {
      expect(canonicalKey(text)).toBe(text)
    }
  })

  test('of a number is what an object makes of it', () => {
    for (const number of [0, -0, 1, 1.5, -7, 1e21, 1e-7, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(canonicalKey(number)).toBe(Object.keys({ [number]: 0 })[0])
    }
  })

  test.each([
    [undefined, 'undefined'],
    [null, 'null'],
    [true, 'a boolean'],
    [1n, 'a bigint'],
    [Symbol('s'), 'a symbol'],
    [{}, 'an object'],
    [['a'], 'an array'],
    [() => {}, 'a function'],
  ])('of anything else is a KeyError that names what it was (%#)', (wrong, named) => {
    expect(() => canonicalKey(wrong)).toThrow(
      expect.objectContaining({
        code: 'ERR_PERSISTDICT_KEY',
        message: expect.stringContaining(named),
      }),
    )
  })
})

describe('a plain key', () => {
  test('is prefix and WTF-8, and comes back', () => {
    const property = fc.property(path, key, settings, (names, text, each) => {
      const space = new KeySpace(names, each)
      const bytes = space.encode(text)
      const isLong = encodeWtf8(text).length > each.keySizeLimit
      expect(space.isHashed(bytes)).toBe(isLong)
      if (isLong) return
      expect([...bytes]).toEqual([...space.prefix, ...encodeWtf8(text)])
      expect(space.decode(bytes)).toBe(text)
    })
    fc.assert(property, { seed: seedOf('plain keys'), numRuns: RUNS })
  })

  test('of exactly keySizeLimit bytes is plain, and of one more is hashed', () => {
    const space = new KeySpace([], SMALL)
    for (const unit of ['a', '\u00e9', '\u2602', '\u{1f600}', '\ud800']) {
      const unitBytes = encodeWtf8(unit).length
      const plain = unit.repeat(12 / unitBytes)
      expect(encodeWtf8(plain).length).toBe(12)
      expect(space.isHashed(space.encode(plain))).toBe(false)
      expect(space.isHashed(space.encode(`${plain}a`))).toBe(true)
    }
  })
})

describe('a hashed key', () => {
  test('is prefix, head, marker, digest and slot, in exactly keySizeLimit bytes', () => {
    const space = new KeySpace(['ns'], SMALL)
    const text = 'a key that is long'
    const bytes = Buffer.from(space.encode(text))
    const at = space.prefix.length
    expect(bytes.length).toBe(at + 12)
    expect(bytes.subarray(at, at + HEAD_BYTES).toString()).toBe('a key')
    expect(bytes[at + HEAD_BYTES]).toBe(0xff)
    const digest = Buffer.from(sha256.digest(Buffer.from(text)))
    expect(bytes.subarray(at + HEAD_BYTES + 1, at + 8)).toEqual(digest.subarray(0, 2))
    expect(space.slotOf(bytes)).toBe(0)
  })

  test('has slots that are in order, and differ in nothing else', () => {
    const space = new KeySpace([], SMALL)
    const first = space.encode('a key that is long')
    const slots = [0, 1, 255, 256, 65_536, 2 ** 32 - 1].map((slot) => space.withSlot(first, slot))
    expect(slots.map((each) => space.slotOf(each))).toEqual([0, 1, 255, 256, 65_536, 2 ** 32 - 1])
    expect([...slots].sort(compareBytes)).toEqual(slots)
    for (const each of slots) {
      expect(space.isHashed(each)).toBe(true)
      expect([...each.subarray(0, -4)]).toEqual([...first.subarray(0, -4)])
    }
    expect(space.slotOf(first), 'the given bytes are not changed').toBe(0)
  })

  test('is never the same as a plain one, whatever its digest', () => {
    const digest = fc.uint8Array({ minLength: 32, maxLength: 32 })
    const property = fc.property(anyString(20), anyString(20), digest, (a, b, found) => {
      const hash = { id: 'any', digest: () => found }
      const space = new KeySpace([], { keySizeLimit: 8, digestBytes: 2, hash })
      const [left, right] = [space.encode(a), space.encode(b)]
      if (space.isHashed(left) === space.isHashed(right)) return
      expect(equalBytes(left, right)).toBe(false)
    })
    fc.assert(property, { seed: seedOf('plain or hashed'), numRuns: RUNS })
  })

  test('does not depend on the slot number looking like text', () => {
    const space = new KeySpace([], SMALL)
    const first = space.encode('a key that is long')
    for (const slot of [0x61616161, 0xffffffff, 0x00ff00ff]) {
      expect(space.isHashed(space.withSlot(first, slot))).toBe(true)
    }
  })
})

test('lend() gives what encode() gives, again and again', () => {
  const property = fc.property(
    path,
    fc.array(key, { maxLength: 10 }),
    settings,
    (names, keys, each) => {
      const space = new KeySpace(names, each)
      for (const text of keys) expect(equalBytes(space.lend(text), space.encode(text))).toBe(true)
    },
  )
  fc.assert(property, { seed: seedOf('lent keys'), numRuns: RUNS })
})

describe('namespaces', () => {
  test('never overlap, whatever their names and keys', () => {
    const property = fc.property(path, path, key, settings, (one, other, text, each) => {
      const [left, right] = [new KeySpace(one, each), new KeySpace(other, each)]
      const isSame = JSON.stringify(one) === JSON.stringify(other)
      const bytes = left.encode(text)
      expect(isWithin(bytes, left.bounds())).toBe(true)
      expect(isWithin(bytes, right.bounds())).toBe(isSame)
      expect(equalBytes(namespacePrefix(bytes), left.prefix)).toBe(true)
      expect(equalBytes(left.prefix, right.prefix)).toBe(isSame)
    })
    fc.assert(property, { seed: seedOf('namespaces'), numRuns: RUNS * 2 })
  })

  test('whose names share parts are apart', () => {
    const paths = [
      [],
      [''],
      ['', ''],
      ['a'],
      ['a', ''],
      ['', 'a'],
      ['a', 'b'],
      ['ab'],
      ['a/b'],
      ['a\0b'],
      ['a', 'b', ''],
      ['a,b'],
      ['["a","b"]'],
      ['a'.repeat(103)],
      ['a'.repeat(104)],
      ['a'.repeat(60), 'a'.repeat(60)],
      ['a'.repeat(120)],
    ]
    const spaces = paths.map((names) => new KeySpace(names, SMALL))
    const prefixes = spaces.map((space) => Buffer.from(space.prefix).toString('hex'))
    expect(new Set(prefixes).size).toBe(paths.length)
    for (const space of spaces) {
      const inside = spaces.filter((each) => isWithin(each.encode(''), space.bounds()))
      expect(inside).toEqual([space])
    }
  })

  test('have prefixes of at most 104 bytes', () => {
    const property = fc.property(fc.array(anyString(200), { maxLength: 5 }), (names) => {
      expect(new KeySpace(names, SMALL).prefix.length).toBeLessThanOrEqual(104)
    })
    fc.assert(property, { seed: seedOf('prefixes'), numRuns: RUNS })
  })

  test('have ids of their own for each key', () => {
    const property = fc.property(path, path, key, key, (one, other, a, b) => {
      const ids = [new KeySpace(one, SMALL).idOf(a), new KeySpace(other, SMALL).idOf(b)]
      const isSame = JSON.stringify(one) === JSON.stringify(other) && a === b
      expect(ids[0] === ids[1]).toBe(isSame)
    })
    fc.assert(property, { seed: seedOf('ids'), numRuns: RUNS * 2 })
  })

  test('have an id for a root key that looks like one of a namespace', () => {
    const root = new KeySpace([], SMALL)
    const named = new KeySpace(['a'], SMALL)
    expect(root.idOf(named.idOf('key'))).not.toBe(named.idOf('key'))
  })
})

describe('prefixBounds()', () => {
  test('holds every key that starts with the text', () => {
    const property = fc.property(path, key, fc.nat(40), settings, (names, text, cut, each) => {
      const space = new KeySpace(names, each)
      // At a code point: bytes know nothing of half a character.
      const prefix = [...text].slice(0, cut).join('')
      const bounds = space.prefixBounds(prefix)
      expect(isWithin(space.encode(text), bounds)).toBe(true)
      expect(isWithin(bounds.from, space.bounds())).toBe(true)
      expect(compareBytes(bounds.to, space.bounds().to)).toBeLessThanOrEqual(0)
    })
    fc.assert(property, { seed: seedOf('prefix bounds'), numRuns: RUNS * 2 })
  })

  test('of a text no longer than the head holds no other key', () => {
    const property = fc.property(path, key, key, (names, text, other) => {
      const space = new KeySpace(names, SMALL)
      const prefix = other.slice(0, 1)
      if (encodeWtf8(prefix).length > HEAD_BYTES) return
      const startsWith = compareBytes(
        encodeWtf8(text).subarray(0, encodeWtf8(prefix).length),
        encodeWtf8(prefix),
      )
      expect(isWithin(space.encode(text), space.prefixBounds(prefix))).toBe(startsWith === 0)
    })
    fc.assert(property, { seed: seedOf('exact prefix bounds'), numRuns: RUNS })
  })
})

function isWithin(bytes: Uint8Array, { from, to }: { from: Uint8Array; to: Uint8Array }): boolean {
  return compareBytes(bytes, from) >= 0 && compareBytes(bytes, to) < 0
}
