import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareBytes } from '../../src/bytes.js'
import { decodeWtf8, encodeWtf8 } from '../../src/keys/wtf8.js'
import { seedOf } from '../seed.js'
import { anyString } from './strings.js'

const RUNS = 5_000

test('any string comes back, lone surrogates and all', () => {
  const property = fc.property(anyString(), (text) => {
    expect(decodeWtf8(encodeWtf8(text))).toBe(text)
  })
  fc.assert(property, { seed: seedOf('WTF-8 round trip'), numRuns: RUNS })
})

test('every single UTF-16 unit comes back, alone and between others', () => {
  for (let unit = 0; unit <= 0xffff; unit++) {
    const text = String.fromCharCode(unit)
    if (decodeWtf8(encodeWtf8(text)) !== text) expect.fail(`0x${unit.toString(16)}`)
    const between = `\ufffd${text}\ufffd`
    if (decodeWtf8(encodeWtf8(between)) !== between) expect.fail(`0x${unit.toString(16)} between`)
  }
})

test('the order of bytes is the order of code points', () => {
  const property = fc.property(anyString(8), anyString(8), (a, b) => {
    expect(Math.sign(compareBytes(encodeWtf8(a), encodeWtf8(b)))).toBe(byCodePoints(a, b))
  })
  fc.assert(property, { seed: seedOf('WTF-8 order'), numRuns: RUNS })
})

test('well-formed strings are plain UTF-8', () => {
  for (const text of ['', 'a', 'naïve', '☂', '\u{1f600}', '\0', '\ufffd', '\ufeff']) {
    expect(Buffer.from(encodeWtf8(text))).toEqual(Buffer.from(text, 'utf8'))
  }
})

test('a lone surrogate is the three bytes that UTF-8 forbids', () => {
  expect([...encodeWtf8('\ud800')]).toEqual([0xed, 0xa0, 0x80])
  expect([...encodeWtf8('\udfff')]).toEqual([0xed, 0xbf, 0xbf])
  expect([...encodeWtf8('a\udc00b')]).toEqual([0x61, 0xed, 0xb0, 0x80, 0x62])
})

test('no byte is above 0xF4, which the layout of storage keys relies on', () => {
  const property = fc.property(anyString(), (text) => {
    expect(encodeWtf8(text).every((byte) => byte <= 0xf4)).toBe(true)
  })
  fc.assert(property, { seed: seedOf('WTF-8 bytes'), numRuns: RUNS })
})

test.each([
  ['a byte that never occurs', [0xff]],
  ['a continuation byte alone', [0x80]],
  ['a character cut short', [0xe2, 0x98]],
  ['a surrogate cut short', [0xed, 0xa0]],
  ['an over-long form', [0xc0, 0x80]],
  ['a surrogate pair as two surrogates', [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]],
  ['a code point beyond the last one', [0xf4, 0x90, 0x80, 0x80]],
])('decodeWtf8() of %s is a RangeError', (_, bytes) => {
  expect(() => decodeWtf8(Uint8Array.from(bytes))).toThrow(RangeError)
  expect(() => decodeWtf8(Uint8Array.from([0x61, ...bytes, 0x62]))).toThrow(RangeError)
})

test('decodeWtf8() gives back what it was given, or throws', () => {
  const property = fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
    let text: string
    try {
      text = decodeWtf8(bytes)
    } catch (error) {
      expect(error).toBeInstanceOf(RangeError)
      return
    }
    expect([...encodeWtf8(text)]).toEqual([...bytes])
  })
  fc.assert(property, { seed: seedOf('WTF-8 of any bytes'), numRuns: RUNS })
})

test('decodeWtf8() reads a view into a larger buffer', () => {
  const pool = Buffer.from('..a\u2602..', 'utf8')
  expect(decodeWtf8(new Uint8Array(pool.buffer, pool.byteOffset + 2, 4))).toBe('a\u2602')
})

function byCodePoints(a: string, b: string): number {
  const [left, right] = [[...a], [...b]]
  for (let at = 0; at < Math.min(left.length, right.length); at++) {
    const order = (left[at]?.codePointAt(0) ?? 0) - (right[at]?.codePointAt(0) ?? 0)
    if (order !== 0) return Math.sign(order)
  }
  return Math.sign(left.length - right.length)
}
