/** What is refused, and where the message says it is. */
import { describe, expect, test } from 'vitest'
import { knownSerializer } from '../../src/codec/serializer.js'
import { ValueCodec } from '../../src/codec/value-codec.js'
import { UnpersistableValueError } from '../../src/errors/value-errors.js'
import { SERIALIZERS } from './round-trip.js'

class Point {
  x = 1
}
class Deck extends Array<number> {}
class Bytes extends Uint8Array {}
class Registry extends Map<string, number> {}
class Failure extends Error {}
class Moment extends Date {}

/** Each is refused by itself, in an object, in an array, in a Map, in a Set and deep down. */
const PARTS: Readonly<Record<string, () => unknown>> = {
  'a function': () => () => 1,
  'a class': () => Point,
  'a symbol': () => Symbol('s'),
  'a well-known symbol': () => Symbol.iterator,
  'a promise': () => Promise.resolve(1),
  'a WeakMap': () => new WeakMap(),
  'a WeakSet': () => new WeakSet(),
  'a WeakRef': () => new WeakRef({}),
  'a class instance': () => new Point(),
  'a subclass of Array': () => Deck.from([1, 2]),
  'a subclass of Uint8Array': () => Bytes.of(1),
  'a subclass of Map': () => new Registry(),
  'a subclass of Error': () => new Failure('f'),
  'a subclass of Date': () => new Moment(0),
  'a Blob': () => new Blob(['x']),
  Headers: () => new Headers(),
  'a Request': () => new Request('http://a/'),
  'an AbortSignal': () => new AbortController().signal,
  'a generator': () => [].values(),
  'a Proxy': () => new Proxy({ a: 1 }, {}),
  'a Proxy of an array': () => new Proxy([1], {}),
  'a property with a symbol for a name': () => ({ a: 1, [Symbol('hidden')]: 2 }),
  'an array with a symbol for a name': () => Object.assign([1], { [Symbol('hidden')]: 2 }),
  'a boxed number': () => Object(1),
  'a boxed string': () => Object('a'),
  'a boxed boolean': () => Object(true),
  'a boxed bigint': () => Object(1n),
  'a boxed symbol': () => Object(Symbol('s')),
  'an array with another property': () => Object.assign([1, 2], { extra: 3 }),
  'a long array with another property': () =>
    Object.assign(
      Array.from({ length: 1_000 }, () => 0),
      { extra: 3 },
    ),
  'the result of a match': () => /a/.exec('cat'),
  'a Map with another property': () => Object.assign(new Map(), { extra: 1 }),
  'a Date with another property': () => Object.assign(new Date(0), { extra: 1 }),
  'a SharedArrayBuffer': () => new SharedArrayBuffer(1),
  'an object that inherits data': () => Object.create({ inherited: 1 }),
  'an object that pretends to be a Map': () => Object.create(Map.prototype),
}

describe.each(SERIALIZERS)('%s', (serializer) => {
  const codec = new ValueCodec(knownSerializer(serializer))

  const refusal = (value: unknown): UnpersistableValueError => {
    try {
      codec.encode('the key', value)
    } catch (error) {
      expect(error).toBeInstanceOf(UnpersistableValueError)
      return error as UnpersistableValueError
    }
    throw new Error('was not refused')
  }

  describe.each(Object.keys(PARTS))('encode() of %s', (name) => {
    const part = () => PARTS[name]?.()

    test('is an UnpersistableValueError without a path', () => {
      const error = refusal(part())
      expect(error.code).toBe('ERR_PERSISTDICT_UNPERSISTABLE')
      expect(error.path).toBe('')
      expect(error.message).toMatch(/^The value for key "the key" cannot be stored: ./)
    })

    test.each([
      ['user.profile', (value: unknown) => ({ user: { name: 'x', profile: value } })],
      ['list[2]', (value: unknown) => ({ list: [1, 'two', value] })],
      ['[0][1].a', (value: unknown) => [[0, { a: value }]]],
      ['["odd name"]["0"]', (value: unknown) => ({ 'odd name': { 0: value } })],
      ['m<k>', (value: unknown) => ({ m: new Map([['k', value]]) })],
      ['s<item>', (value: unknown) => ({ s: new Set([1, value]) })],
      ['[1]', (value: unknown) => ['a'.repeat(10), value, undefined]],
    ])('says that it is at %s', (path, wrap) => {
      const error = refusal(wrap(part()))
      expect(error.path).toBe(path)
      expect(error.message).toContain(`${path}`)
    })
  })

  test('encode() of undefined says how to remove a key', () => {
    expect(() => codec.encode('k', undefined)).toThrow(/delete\(\)/)
  })

  test('encode() of a function as the key of a Map names the key', () => {
    expect(refusal({ m: new Map([[() => 1, 1]]) }).path).toBe('m<key>')
  })

  test('encode() of a promise advises to await it', () => {
    expect(refusal({ a: Promise.resolve() }).message).toMatch(/Await it first/)
  })

  test('encode() of something refused inside a cycle ends', () => {
    const ring: Record<string, unknown> = {}
    ring.ring = ring
    ring.bad = () => 1
    expect(refusal(ring).path).toBe('bad')
  })

  test('encode() of something refused 10,000 levels down says so without a stack overflow', () => {
    let value: unknown = Symbol('deep')
    for (let level = 0; level < 10_000; level++) value = [value]
    expect(refusal(value).path).toBe('[0]'.repeat(10_000))
  })

  test('encode() quotes only the start of a key of a megabyte', () => {
    expect(() => codec.encode('k'.repeat(2 ** 20), Symbol('s'))).toThrow(/^.{0,250}$/)
  })

  test('encode() takes what only looks odd', () => {
    for (const value of [
      Object.freeze({ a: 1 }),
      Object.seal([1]),
      {
        get a() {
          return 1
        },
      },
    ]) {
      expect(codec.decode(codec.encode('k', value))).toEqual(value)
    }
  })
})

describe('a serializer of the user', () => {
  const buffer = Buffer.alloc(4)
  const codec = (serialize: (value: unknown) => unknown) =>
    new ValueCodec(
      knownSerializer({
        id: 'mine',
        serialize: serialize as (value: unknown) => Uint8Array,
        deserialize: (bytes) => bytes,
      }),
    )

  test('encode() copies bytes that the serializer may use again', () => {
    const mine = codec((value) => {
      buffer.writeUInt32LE(value as number)
      return buffer
    })
    const first = mine.encode('a', 1)
    mine.encode('b', 2)
    expect([...first.bytes]).toEqual([1, 0, 0, 0])
  })

  test('encode() refuses anything but bytes from it', () => {
    expect(() => codec(() => 'text').encode('a', 1)).toThrow(/"mine" failed.*Uint8Array/)
  })

  test('encode() names the serializer that threw', () => {
    const failing = codec(() => {
      throw new Error('no idea')
    })
    expect(() => failing.encode('a', 1)).toThrow(/the serializer "mine" failed: no idea/)
  })

  test('encode() of undefined is refused before it is asked', () => {
    expect(() => codec(() => buffer).encode('a', undefined)).toThrow(UnpersistableValueError)
  })
})
