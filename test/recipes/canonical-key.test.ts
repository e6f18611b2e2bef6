/** The key of arguments: equal values have one, different values have two. */
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { UnkeyableValueError } from '../../src/errors/key-errors.js'
import { canonicalKey, explainKey } from '../../src/recipes/canonical-key.js'
import { seedOf } from '../seed.js'

/** Every two of these are different. */
const DIFFERENT: readonly unknown[] = [
  undefined,
  null,
  0,
  -0,
  '',
  false,
  true,
  '0',
  1,
  '1',
  1n,
  10n,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  'null',
  'undefined',
  '\ud800',
  '\udc00',
  '\ufffd',
  [],
  {},
  [[]],
  [{}],
  [undefined],
  [null],
  new Array(1),
  [1, 2],
  [12],
  ['1', '2'],
  ['12'],
  ['1,2'],
  [[1], 2],
  [1, [2]],
  { a: 1 },
  { a: '1' },
  { a: null },
  { b: 1 },
  { a: 1, b: 2 },
  { 'a:1,b': 2 },
  { a: { b: 1 } },
  { a: [{ b: 1 }] },
  new Map(),
  new Map([['a', 1]]),
  new Map([[{ a: 1 }, 1]]),
  new Set(),
  new Set(['a']),
  new Set([['a']]),
  new Date(0),
  new Date(Number.NaN),
  /a/,
  /a/g,
  new URL('https://example.org/'),
  'https://example.org/',
  Uint8Array.of(1),
  Int8Array.of(1),
  Uint8Array.of(1, 0),
  Uint16Array.of(1),
  Float32Array.of(1),
  Float64Array.of(1),
  Uint8Array.of(1).buffer,
]

/** Each two of these are equal. */
const EQUAL: readonly (readonly [unknown, unknown])[] = [
  [
    { a: 1, b: 2 },
    { b: 2, a: 1 },
  ],
  [{ a: 1, b: undefined }, { a: 1 }],
  [Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
  [Buffer.from([1, 2]), Uint8Array.of(1, 2)],
  [Uint8Array.of(9, 1, 2).subarray(1), Uint8Array.of(1, 2)],
  [
    new Map([
      ['a', 1],
      ['b', 2],
    ]),
    new Map([
      ['b', 2],
      ['a', 1],
    ]),
  ],
  [new Set([1, '1']), new Set(['1', 1])],
  [Number.NaN, 0 / 0],
  [{ __proto__: null, list: [1] }, { list: [1] }],
]

class Point {
  x = 1
}

const cycle: { self?: unknown } = {}
cycle.self = cycle

const REFUSED: readonly (readonly [string, unknown, string])[] = [
  ['a function', { tools: [{ run: () => 1 }] }, 'tools[0].run'],
  ['a symbol', [Symbol('x')], '[0]'],
  ['an instance', { at: new Point() }, 'at'],
  ['a promise', Promise.resolve(1), ''],
  ['an error', { e: new Error('x') }, 'e'],
  ['a cycle', cycle, 'self'],
  ['a name that is a symbol', { a: { [Symbol('x')]: 1 } }, 'a'],
  ['a WeakMap', { 'odd name': new WeakMap() }, '["odd name"]'],
  ['a key of a Map', new Map([[new Point(), 1]]), '<0>.key'],
]

describe('canonicalKey()', () => {
  test('gives each of many near misses a key of its own', () => {
    const keys = DIFFERENT.map((value) => canonicalKey(value))
    expect(new Set(keys).size).toBe(DIFFERENT.length)
    for (const key of keys) expect(key).toMatch(/^[\w-]{43}$/)
  })

  test.each(EQUAL)('gives equal values one key: %o and %o', (a, b) => {
    expect(canonicalKey(a)).toBe(canonicalKey(b))
    expect(canonicalKey([a, { a }])).toBe(canonicalKey([b, { a: b }]))
  })

  test('gives different values different keys, and equal ones equal keys', () => {
    const value = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withNullPrototype: false,
      withUnicodeString: true,
    })
    fc.assert(
      fc.property(value, value, (a, b) => {
        const isSame = isDeepStrictEqual(withoutUndefined(a), withoutUndefined(b))
        expect(canonicalKey(a) === canonicalKey(b)).toBe(isSame)
        expect(canonicalKey(structuredClone(a))).toBe(canonicalKey(a))
      }),
      { seed: seedOf('canonical key'), numRuns: 2_000 },
    )
  })

  test('tells apart values that differ in one place only', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), (around, a, b) => {
        const isSame = isDeepStrictEqual(a, b)
        const keys = [a, b].map((part) => canonicalKey({ around, list: [around, { part }] }))
        expect(keys[0] === keys[1]).toBe(isSame)
      }),
      { seed: seedOf('canonical key, one place'), numRuns: 2_000 },
    )
  })

  test.each(REFUSED)('refuses %s and names its place', (_what, value, path) => {
    const refusal = (() => {
      try {
        return canonicalKey(value)
      } catch (error) {
        return error
      }
    })()
    expect(refusal).toBeInstanceOf(UnkeyableValueError)
    expect((refusal as UnkeyableValueError).path).toBe(path)
  })

  test('refuses a value that is nested without end', () => {
    let deep: unknown = 1
    for (let level = 0; level < 5_000; level++) deep = [deep]
    expect(() => canonicalKey(deep)).toThrow(UnkeyableValueError)
  })

  test('takes one object twice for two equal ones, since it is no cycle', () => {
    const shared = { a: 1 }
    expect(canonicalKey([shared, shared])).toBe(canonicalKey([{ a: 1 }, { a: 1 }]))
  })

  test('ignores what it is told to, at its place only', () => {
    const ignore = ['signal', 'options.headers', 'list.0']
    const key = canonicalKey({ a: 1, options: {}, list: [1, 2] }, { ignore })
    const signal = new AbortController().signal
    const noisy = { a: 1, signal, options: { headers: () => 1 }, list: [9, 2] }
    expect(canonicalKey(noisy, { ignore })).toBe(key)
    const elsewhere = { a: 1, options: {}, list: [1, 2], headers: 1 }
    expect(canonicalKey(elsewhere, { ignore })).not.toBe(key)
    const args = { ignore: ['signal'], isArguments: true }
    expect(canonicalKey(['q', { n: 1, signal }], args)).toBe(canonicalKey(['q', { n: 1 }], args))
  })
})

describe('explainKey()', () => {
  test('shows each part that counts, and what was ignored', () => {
    const value = { model: 'm', messages: [{ content: 'x'.repeat(200) }], apiKey: 's', n: -0 }
    const { key, parts, ignored } = explainKey(value, { ignore: ['apiKey', 'absent'] })
    expect(key).toBe(canonicalKey(value, { ignore: ['apiKey'] }))
    expect(parts).toEqual([
      { path: 'messages[0].content', type: 'string', text: `"${'x'.repeat(79)}…` },
      { path: 'model', type: 'string', text: '"m"' },
      { path: 'n', type: 'number', text: '-0' },
    ])
    expect(ignored).toEqual(['apiKey'])
  })
})

/** The same value as canonicalKey() sees it: a property that is undefined is as good as none. */
function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return Array.from(value, withoutUndefined)
  if (value instanceof Map) {
    return new Map(Array.from(value, ([k, v]) => [withoutUndefined(k), withoutUndefined(v)]))
  }
  if (value instanceof Set) return new Set(Array.from(value, withoutUndefined))
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value
  if (value instanceof Date) return value
  const kept = Object.entries(value).filter(([, part]) => part !== undefined)
  return Object.fromEntries(kept.map(([name, part]) => [name, withoutUndefined(part)]))
}
