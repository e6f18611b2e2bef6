import { describe, expect, test } from 'vitest'
import { knownSerializer } from '../../src/codec/serializer.js'
import { fromTypedJson, toTypedJson } from '../../src/codec/typed-json.js'
import { ValueCodec } from '../../src/codec/value-codec.js'
import { VALUES } from '../golden/values.js'

const codec = new ValueCodec(knownSerializer('msgpack'))

/** By the bytes in one codec, which tell apart whatever a dict does. */
function same(value: unknown): Uint8Array {
  return Buffer.from(codec.encode('', value).bytes)
}

function roundTrip(value: unknown): unknown {
  return fromTypedJson(JSON.parse(JSON.stringify(toTypedJson(value))))
}

describe('typed JSON', () => {
  test.each(Object.entries(VALUES))('brings back %s', (_, value) => {
    expect(same(roundTrip(value))).toEqual(same(value))
  })

  test.each([
    ['an object', { a: [1, 'x', null, true] }, { a: [1, 'x', null, true] }],
    ['a date', new Date(0), { $date: '1970-01-01T00:00:00.000Z' }],
    ['an invalid date', new Date(Number.NaN), { $date: null }],
    ['a bigint', 12n, { $bigint: '12' }],
    ['odd numbers', [Number.NaN, -0], [{ $number: 'NaN' }, { $number: '-0' }]],
    ['undefined', [undefined], [{ $undefined: true }]],
    ['a Map', new Map([['a', 1n]]), { $map: [['a', { $bigint: '1' }]] }],
    ['a Set', new Set([1]), { $set: [1] }],
    ['bytes', Buffer.from('hi'), { $bytes: ['Buffer', 'aGk='] }],
    ['what looks like a type', { $date: 1 }, { $$date: 1 }],
    ['what looks like an escaped type', { $$date: 1 }, { $$$date: 1 }],
    ['two properties with such names', { $date: 1, $set: 2 }, { $date: 1, $set: 2 }],
    ['a lone surrogate', '\ud800', '\ud800'],
  ])('writes %s as documented, and reads it', (_, value, json) => {
    expect(toTypedJson(value)).toEqual(json)
    expect(same(roundTrip(value))).toEqual(same(value))
  })

  test('has __proto__ as data', () => {
    const value = JSON.parse('{"__proto__": 1, "a": 2n}'.replace('2n', '2'))
    expect(Object.keys(roundTrip({ value, n: 1n }) as object)).toEqual(['value', 'n'])
    expect(JSON.stringify(roundTrip(value))).toBe('{"__proto__":1,"a":2}')
  })

  test('takes cycles, shared parts and depth by the graph', () => {
    const cycle: Record<string, unknown> = { name: 'x' }
    cycle.self = cycle
    let deep: unknown = 'end'
    for (let at = 0; at < 5_000; at++) deep = [deep]
    const shared = { n: 1 }
    for (const value of [cycle, deep, [shared, shared], /x/g, Object.create(null)]) {
      expect(Object.keys(toTypedJson(value) as object)).toEqual(['$graph'])
      expect(same(roundTrip(value))).toEqual(same(value))
    }
  })

  test.each([
    [{ $dat: 1 }, 'has "$dat", which is no type'],
    [{ $date: 'soon' }, 'has a "$date" of "soon"'],
    [{ $bigint: 1 }, 'has a "$bigint" of 1'],
    [{ $number: '1' }, 'has a "$number" of "1"'],
    [{ $map: [1] }, 'has a "$map" that is not an array'],
    [{ $set: 1 }, 'has a "$set" that is not an array'],
    [{ $bytes: ['Blob', ''] }, 'has a "$bytes" that is not'],
    [{ $graph: 1 }, 'is not a graph'],
    [{ $bytes: ['Float64Array', 'aGk='] }, 'multiple of 8'],
  ])('refuses %j', (json, message) => {
    expect(() => fromTypedJson([json])).toThrow(message)
  })

  test('refuses JSON deeper than it can read', () => {
    const text = `${'['.repeat(2_000)}${']'.repeat(2_000)}`
    expect(() => fromTypedJson(JSON.parse(text))).toThrow(RangeError)
  })
})
