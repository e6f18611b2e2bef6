/** What comes back: every kind of value that may be stored, through every serializer. */
import { inspect, isDeepStrictEqual } from 'node:util'
import { createContext, runInContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seedOf } from '../seed.js'
import { roundTrip, SERIALIZERS } from './round-trip.js'

/** Made anew for each test, since some are changed by being looked at. */
const VALUES: Readonly<Record<string, () => unknown>> = {
  null: () => null,
  true: () => true,
  false: () => false,
  'the empty string': () => '',
  'a NUL': () => '\u0000',
  'a byte order mark': () => '\ufeffa',
  'an emoji': () => '👩‍👩‍👧',
  'a replacement character': () => '\ufffd',
  'a lone high surrogate': () => 'a\ud800',
  'a lone low surrogate': () => '\udfffb',
  'surrogates the wrong way round': () => '\udc00\ud800',
  'line separators': () => '\u2028\u2029',
  'a string of 1 MB': () => 'é'.repeat(2 ** 19),
  'a string of 1 MB with a lone surrogate': () => `${'x'.repeat(2 ** 20)}\ud800`,
  zero: () => 0,
  'negative zero': () => -0,
  'negative zero deep inside': () => [{ a: [-0, 0] }],
  NaN: () => Number.NaN,
  Infinity: () => Number.POSITIVE_INFINITY,
  '-Infinity': () => Number.NEGATIVE_INFINITY,
  'numbers in an array, odd ones among them': () => [1, Number.NaN, -0, 1 / 0, -1 / 0],
  'the least number': () => Number.MIN_VALUE,
  'the greatest number': () => Number.MAX_VALUE,
  'edges of integer widths': () =>
    [7, 8, 15, 16, 31, 32, 33, 47, 52, 53, 63, 64].flatMap((bits) =>
      [-1, 0, 1].flatMap((by) => [2 ** bits + by, -(2 ** bits) + by]),
    ),
  '0.1': () => 0.1,
  '1e21': () => 1e21,
  'a small bigint': () => 0n,
  'a negative bigint': () => -1n,
  'edges of bigint widths': () =>
    [31n, 32n, 53n, 63n, 64n, 127n, 128n, 1_000n].flatMap((bits) => [
      2n ** bits - 1n,
      2n ** bits,
      -(2n ** bits),
      -(2n ** bits) - 1n,
    ]),
  'a bigint of 10,000 digits': () => BigInt('9'.repeat(10_000)),
  'a bigint beside numbers': () => ({ a: 1n, b: 1, c: '1' }),
  'an empty object': () => ({}),
  'an empty array': () => [],
  'empty things inside things': () => ({ a: {}, b: [], c: '', d: [[], {}] }),
  'undefined in an object': () => ({ a: undefined, b: 1 }),
  'undefined in an array': () => [undefined, null, undefined],
  'an object of undefined only': () => ({ a: undefined }),
  'odd property names': () => ({ '': 1, ' ': 2, 'a.b': 3, '\u0000': 4, ключ: 5, '0': 6, '-1': 7 }),
  'property names of Object.prototype': () => ({
    constructor: 1,
    toString: 2,
    hasOwnProperty: 3,
    toJSON: 4,
    valueOf: 5,
    length: 6,
  }),
  'a lone surrogate in a property name': () => ({ '\ud800': 1, a: { 'x\udc00': 2 } }),
  'an own property __proto__': () => JSON.parse('{"__proto__":{"a":1},"b":2}'),
  'an own property __proto__ deep inside': () => JSON.parse('{"a":[{"__proto__":1}]}'),
  'names like those of a pollution': () => JSON.parse('{"constructor":{"prototype":{"x":1}}}'),
  'an object that looks like a graph': () => [['o', 'a', [1]]],
  'an object that looks like an extension': () => ({ $type: 'Date', value: 0, __type: 'Map' }),
  'a null-prototype object': () => Object.assign(Object.create(null), { a: 1, b: { c: 2 } }),
  'a null-prototype object inside': () => ({ a: Object.assign(Object.create(null), { b: 1 }) }),
  'a sparse array': () => sparse(),
  'a sparse array that ends in holes': () => Object.assign([1], { length: 5 }),
  'an array of holes only': () => new Array(3),
  'a sparse array of four thousand million': () => Object.assign([], { 7: 1, length: 2 ** 32 - 1 }),
  'an array of 100,000 numbers': () => Array.from({ length: 100_000 }, (_, at) => at / 3),
  'an object with 70,000 properties': () =>
    Object.fromEntries(Array.from({ length: 70_000 }, (_, at) => [`key${at}`, at])),
  'a date': () => new Date(1_700_000_000_123),
  'dates at the edges': () =>
    [0, -1, 999, 8.64e15, -8.64e15, 2 ** 32 * 1_000, 2 ** 34 * 1_000 + 1].map((ms) => new Date(ms)),
  'a date inside': () => ({ when: [new Date(5), { at: new Date(6) }] }),
  'a regular expression': () => /a\/b[\]/]+(?<n>c)?/giu,
  'a regular expression with lastIndex': () => Object.assign(/x/gy, { lastIndex: 7 }),
  'an empty Map': () => new Map(),
  'a Map of many types': () =>
    new Map<unknown, unknown>([
      ['a', 1],
      [1, 'a'],
      [null, undefined],
      [Number.NaN, -0],
      [{ k: 1 }, new Map([[1n, new Set([1])]])],
    ]),
  'a Map that is its own value': () => {
    const map = new Map<string, unknown>()
    return map.set('self', map)
  },
  'an empty Set': () => new Set(),
  'a Set of many types': () => new Set<unknown>(['a', 1, null, undefined, Number.NaN, 1n, [1], {}]),
  'a Set with negative zero added': () => new Set([-0, 1]),
  'a URL': () => new URL('https://user:pw@example.com:8080/a%20b?x=1&y=%E2%82%AC#z'),
  URLSearchParams: () => new URLSearchParams('a=1&a=2&b=%26%3D+&c'),
  'an Error': () => new Error('it broke'),
  'an Error with a cause that is an Error': () =>
    new Error('outer', { cause: new TypeError('inner', { cause: { at: new Date(1) } }) }),
  'an Error with a code': () =>
    Object.assign(new RangeError('far'), { code: 'ERR_FAR', info: [1] }),
  'an Error with another name': () => Object.assign(new Error('e'), { name: 'AbortError' }),
  'an Error that is its own cause': () => {
    const error = new Error('round')
    error.cause = error
    return error
  },
  'all types of Error': () =>
    [TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError].map(
      (type) => new type('of its type'),
    ),
  'an AggregateError': () => new AggregateError([new Error('a'), 'b', null], 'both'),
  'an ArrayBuffer': () => Uint8Array.of(1, 2, 255).buffer,
  'an empty ArrayBuffer': () => new ArrayBuffer(0),
  Int8Array: () => Int8Array.of(-128, 0, 127),
  Uint8Array: () => Uint8Array.of(0, 1, 255),
  Uint8ClampedArray: () => Uint8ClampedArray.of(0, 300),
  Int16Array: () => Int16Array.of(-32_768, 1),
  Uint16Array: () => Uint16Array.of(0, 65_535),
  Int32Array: () => Int32Array.of(-(2 ** 31), 1),
  Uint32Array: () => Uint32Array.of(2 ** 32 - 1),
  Float32Array: () => Float32Array.of(0.1, Number.NaN, -0, 1 / 0),
  Float64Array: () => Float64Array.of(0.1, Number.NaN, -0, -1 / 0),
  BigInt64Array: () => BigInt64Array.of(-(2n ** 63n), 1n),
  BigUint64Array: () => BigUint64Array.of(2n ** 64n - 1n),
  'a view of a part of a buffer': () =>
    new Uint16Array(Uint8Array.of(9, 9, 1, 2, 3, 4, 9, 9).buffer, 2, 2),
  'an empty typed array': () => new Float64Array(0),
  'a typed array at an odd place in the bytes': () => [
    'x',
    Float64Array.of(1.5),
    'y',
    BigInt64Array.of(3n),
  ],
  DataView: () => new DataView(Uint8Array.of(1, 2, 3, 4).buffer, 1, 2),
  'a Buffer': () => Buffer.from('bytes \u0000 \xff', 'latin1'),
  'an empty Buffer': () => Buffer.alloc(0),
  'a slice of a Buffer': () => Buffer.from('abcdef').subarray(2, 4),
  'a Buffer beside a Uint8Array': () => ({ a: Buffer.from('a'), b: Uint8Array.of(97) }),
  'a Buffer of 1 MB': () => Buffer.alloc(2 ** 20, 'abc'),
  'an embedding': () => ({
    model: 'm',
    vector: Float32Array.from({ length: 1_536 }, (_, at) => Math.sin(at)),
  }),
  'an object at two places': () => {
    const shared = { a: 1 }
    return [shared, { again: shared }, shared]
  },
  'a cycle': () => {
    const node: Record<string, unknown> = { name: 'ring' }
    node.next = { back: node }
    return node
  },
  'an array in itself': () => {
    const list: unknown[] = [1]
    list.push(list)
    return list
  },
  'cycles with odd values': () => {
    const node: Record<string, unknown> = { zero: -0, none: undefined, when: new Date(7) }
    node.set = new Set([node])
    return node
  },
  'a date at two places': () => {
    const date = new Date(1)
    return { a: date, b: date }
  },
  'a depth of 150': () => nested(150),
  'everything at once': () => ({
    list: [1, -0, Number.NaN, 10n, 'x\ud800', undefined, null, sparse()],
    map: new Map([[new Date(0), /x/g]]),
    set: new Set([Uint8Array.of(1)]),
    error: new Error('e', { cause: new URL('http://a/') }),
  }),
}

function sparse(): unknown[] {
  const list: unknown[] = [0]
  list[5] = undefined
  list[9] = 'end'
  return list
}

function nested(depth: number): unknown {
  let value: unknown = 'end'
  for (let level = 0; level < depth; level++) value = level % 2 === 0 ? { in: value } : [value]
  return value
}

describe.each(SERIALIZERS)('%s', (serializer) => {
  test.each(Object.keys(VALUES))('decode() brings back %s', (name) => {
    const value = VALUES[name]?.()
    const { copy, frozen } = roundTrip(serializer, value)
    expect(isDeepStrictEqual(copy, value), describeBoth(copy, value)).toBe(true)
    expect(sameShape(copy, value)).toBe(true)
    if (frozen !== undefined) {
      expect(isDeepStrictEqual(frozen, value), describeBoth(frozen, value)).toBe(true)
      expectFrozen(frozen)
    }
  })

  test('decode() brings back a depth of 10,000, which recursion would not survive', () => {
    let copy = roundTrip(serializer, nested(10_000)).copy
    let depth = 0
    while (typeof copy === 'object' && copy !== null) {
      copy = Object.values(copy)[0]
      depth++
    }
    expect(depth).toBe(10_000)
    expect(copy).toBe('end')
  })

  test('decode() keeps one object at two places one object', () => {
    const shared = { a: 1 }
    const date = new Date(1)
    const value = { a: shared, b: [shared], c: date, d: new Map([[shared, date]]) }
    const copy = roundTrip(serializer, value).copy as typeof value
    expect(copy.b[0]).toBe(copy.a)
    expect(copy.d.has(copy.a)).toBe(true)
    expect(copy.d.get(copy.a)).toBe(copy.c)
    expect(copy.a).not.toBe(shared)
  })

  test('decode() closes cycles where they were', () => {
    const ring: Record<string, unknown> = {}
    ring.map = new Map([['ring', ring]])
    ring.list = [ring, { ring }]
    const copy = roundTrip(serializer, ring).copy as Record<string, unknown>
    expect((copy.map as Map<string, unknown>).get('ring')).toBe(copy)
    expect((copy.list as unknown[])[0]).toBe(copy)
    expect((copy.list as { ring?: unknown }[])[1]?.ring).toBe(copy)
  })

  // Node's isDeepStrictEqual tells two invalid dates apart.
  test('decode() brings back an invalid date', () => {
    const [date, { inside }] = roundTrip(serializer, [
      new Date(Number.NaN),
      { inside: new Date(Number.NaN) },
    ]).copy as [Date, { inside: Date }]
    expect(date).toBeInstanceOf(Date)
    expect([date.getTime(), inside.getTime()]).toEqual([Number.NaN, Number.NaN])
  })

  test('decode() brings back an object of another realm as one of this realm', () => {
    const foreign = runInContext(
      '({ a: [1, { b: new Map([[1, new Date(2)]]) }] })',
      createContext(),
    )
    const value = { a: [1, { b: new Map([[1, new Date(2)]]) }] }
    expect(isDeepStrictEqual(roundTrip(serializer, foreign).copy, value)).toBe(true)
  })

  test('decode() makes two equal objects two objects', () => {
    const copy = roundTrip(serializer, [{ a: 1 }, { a: 1 }]).copy as object[]
    expect(copy[0]).not.toBe(copy[1])
  })

  test('decode() keeps the order of properties, Map entries and Set items', () => {
    const value = {
      z: 1,
      a: 2,
      10: 3,
      9: 4,
      m: new Map([
        ['z', 1],
        ['a', 2],
      ]),
      s: new Set(['z', 'a']),
    }
    const copy = roundTrip(serializer, value).copy as typeof value
    expect(Object.keys(copy)).toEqual(Object.keys(value))
    expect([...copy.m.keys()]).toEqual(['z', 'a'])
    expect([...copy.s]).toEqual(['z', 'a'])
  })

  test('decode() keeps stack, code and what is enumerable of an Error', () => {
    const value = Object.assign(new TypeError('m', { cause: 1 }), { code: 'E' })
    const copy = roundTrip(serializer, value).copy as typeof value
    expect(copy).toBeInstanceOf(TypeError)
    expect(copy.stack).toBe(value.stack)
    expect(Object.keys(copy)).toEqual(['code'])
    expect(Object.getOwnPropertyNames(copy).sort()).toEqual(
      Object.getOwnPropertyNames(value).sort(),
    )
  })

  test('decode() of __proto__ as data leaves the prototype alone', () => {
    const copy = roundTrip(serializer, JSON.parse('{"__proto__":{"polluted":true}}')).copy as object
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype)
    expect('polluted' in copy).toBe(false)
    expect(Object.hasOwn(copy, '__proto__')).toBe(true)
  })

  test('encode() keeps nothing of the value: changing it later changes no copy', () => {
    const value = { list: [1], bytes: Uint8Array.of(1), buffer: Buffer.from('a') }
    const { copy } = roundTrip(serializer, value)
    value.list.push(2)
    value.bytes[0] = 9
    value.buffer[0] = 9
    expect(copy).toEqual({ list: [1], bytes: Uint8Array.of(1), buffer: Buffer.from('a') })
  })

  test('decode() brings back any value that fast-check comes up with', () => {
    const seed = seedOf(`round trip through ${serializer}`)
    const part = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withNullPrototype: true,
      withSet: true,
      withSparseArray: true,
      withTypedArray: true,
      withUnicodeString: true,
      maxDepth: 4,
    })
    fc.assert(
      fc.property(part, part, (a, b) => {
        const value = { a, b, list: [a, b], odd: Number.NaN }
        fc.pre(!inspect(value, { depth: 9 }).includes('Invalid Date'))
        const { copy, frozen } = roundTrip(serializer, value)
        expect(isDeepStrictEqual(copy, value)).toBe(true)
        if (frozen !== undefined) expect(isDeepStrictEqual(frozen, value)).toBe(true)
        if (b !== undefined) expect(isDeepStrictEqual(roundTrip(serializer, b).copy, b)).toBe(true)
      }),
      { seed, numRuns: Number(process.env.VALUE_RUNS ?? 1_000) },
    )
  })
})

/** Whether parts are the same object in one exactly where they are in the other. */
function sameShape(a: unknown, b: unknown): boolean {
  const pairs = new Map<unknown, unknown>()
  const open: [unknown, unknown][] = [[a, b]]
  for (let pair = open.pop(); pair !== undefined; pair = open.pop()) {
    const [left, right] = pair
    if (typeof left !== 'object' || left === null) continue
    if (pairs.has(left)) {
      if (pairs.get(left) !== right) return false
      continue
    }
    pairs.set(left, right)
    const lefts = partsOf(left)
    const rights = partsOf(right as object)
    lefts.forEach((part, at) => {
      open.push([part, rights[at]])
    })
  }
  return new Set(pairs.values()).size === pairs.size
}

function partsOf(value: object): unknown[] {
  if (value instanceof Map) return [...value].flat()
  if (value instanceof Set) return [...value]
  if (ArrayBuffer.isView(value)) return []
  return Object.values(value)
}

function expectFrozen(value: unknown): void {
  const open = [value]
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    if (typeof part !== 'object' || part === null) continue
    if (!Object.isFrozen(part)) expect(part).toBe('frozen')
    open.push(...partsOf(part).slice(0, 1_000))
  }
}

function describeBoth(a: unknown, b: unknown): string {
  const short = (value: unknown) => String(Object.prototype.toString.call(value)).slice(0, 60)
  return `${short(a)} is not ${short(b)}`
}
