/** Bytes, names and keys that a careless store gets wrong. */
import assert from 'node:assert/strict'
import { compareBytes } from '../bytes.js'
import { bytesOf, shown } from './store-law.js'

/** Around the sizes at which engines change how they keep a record: inline, in a page, in many. */
export const SIZES_BYTES = [0, 1, 2, 7, 100, 255, 256, 4_095, 4_096, 65_537, 2 ** 20, 5 * 2 ** 20]

/** Longest key that a store must take. */
const LONGEST_KEY_BYTES = 1_900

/** Pairs that a careless store takes for one, and names that mean something to some engine. */
export const HOSTILE_NAMES = [
  '',
  ' ',
  '.',
  '..',
  '../..',
  '/',
  '/etc/passwd',
  'a/b',
  'a_b',
  'a%2Fb',
  'a',
  'A',
  'a ',
  'a\0',
  'a\0b',
  '\0',
  '*',
  '?',
  '[a]',
  'a:b',
  '{a}',
  '"',
  "'; DROP TABLE rows; --",
  '\\',
  '\n',
  '\u00e9',
  'e\u0301',
  '\ufffd',
  '\ud800',
  '\udc00',
  '\udc00\ud800',
  '\ud83d\ude00',
  '__proto__',
  'constructor',
  'deadlines',
  'versions',
  '\0versions',
  'x'.repeat(200),
]

export const HOSTILE_KEYS = distinct([
  ...Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte)),
  ...HOSTILE_NAMES.filter((name) => name.length > 1).map(bytesOf),
  Uint8Array.of(0, 0),
  Uint8Array.of(0xff, 0xff),
  Uint8Array.of(0xff, 0),
  Uint8Array.of(0x61, 0),
  Uint8Array.of(0xed, 0xa0, 0x80),
  new Uint8Array(LONGEST_KEY_BYTES),
  new Uint8Array(LONGEST_KEY_BYTES).fill(0xff),
  new Uint8Array(LONGEST_KEY_BYTES - 1).fill(0xff),
  new Uint8Array(512).fill(0x61),
])

/** Bytes in which neither a shift nor an exchange goes unnoticed. */
export function pattern(length: number, salt: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; at++) bytes[at] = (at * 31 + (at >>> 8) + salt * 7) & 0xff
  return bytes
}

/** Fails unless the bytes are the expected ones. */
export function same(actual: Uint8Array | undefined, expected: Uint8Array, what: string): void {
  assert.ok(actual !== undefined, `${what} is missing`)
  assert.equal(actual.length, expected.length, `the length of ${what}`)
  assert.equal(compareBytes(actual, expected), 0, `${what} has other bytes`)
}

/** UTF-8 makes one key of some names. */
function distinct(keys: readonly Uint8Array[]): readonly Uint8Array[] {
  return [...new Map(keys.map((key) => [shown(key), key])).values()]
}
