/** Several keys at once: one transaction each. */
import { describe, expect, test } from 'vitest'
import { UnpersistableValueError } from '../../src/errors/value-errors.js'
import { opened, STORE_KINDS } from './opened.js'

describe.each(STORE_KINDS)('on %s', (kind) => {
  test('getMany() answers in the order of the keys, repeats and misses too', () => {
    const dict = opened(kind)
    dict.setMany({ a: 1, b: 2, c: null })
    expect(dict.getMany(['c', 'nobody', 'a', 'c', 'b'])).toEqual([null, undefined, 1, null, 2])
    expect(dict.getMany([])).toEqual([])
    expect(dict.getMany(new Set(['b']))).toEqual([2])
  })

  test('hasMany() answers in the order of the keys', () => {
    const dict = opened(kind)
    dict.setMany([['a', 1]])
    expect(dict.hasMany(['b', 'a', 'a'])).toEqual([false, true, true])
  })

  test('setMany() takes pairs, a Map, a generator, another dict and a plain object', () => {
    const dict = opened(kind)
    function* pairs(): Generator<[string, unknown]> {
      yield ['d', 4]
    }
    const other = dict.namespace('other')
    other.set('e', 5)
    expect(dict.setMany([['a', 1]])).toBe(dict)
    dict
      .setMany(new Map([['b', 2]]))
      .setMany({ c: 3 })
      .setMany(pairs())
      .setMany(other)
    expect(dict.toObject()).toEqual({ a: 1, b: 2, c: 3, d: 4, e: 5 })
  })

  test('setMany() keeps the last of two values for one key', () => {
    const dict = opened(kind)
    dict.setMany([
      ['a', 1],
      ['b', 2],
      ['a', 3],
    ])
    expect(dict.toObject()).toEqual({ a: 3, b: 2 })
  })

  test('setMany() with one bad value stores none', () => {
    const dict = opened(kind)
    dict.set('a', 'before')
    const set = () => dict.setMany({ a: 1, b: () => 1, c: 3 })
    expect(set).toThrow(UnpersistableValueError)
    expect(dict.toObject()).toEqual({ a: 'before' })
    dict.transaction(() => {
      expect(set).toThrow(UnpersistableValueError)
    })
    expect(dict.toObject()).toEqual({ a: 'before' })
  })

  test('setMany() with one bad key or a source that throws stores none', () => {
    const dict = opened(kind)
    expect(() =>
      dict.setMany([
        ['a', 1],
        [Symbol('s') as never, 2],
      ]),
    ).toThrow(/key/)
    function* failing(): Generator<[string, unknown]> {
      yield ['a', 1]
      throw new Error('source')
    }
    expect(() => dict.setMany(failing())).toThrow('source')
    expect(dict.size).toBe(0)
  })

  // Making a file takes a hundred times as long as a row.
  const many = kind === 'file' ? 1_000 : 30_000

  test(`setMany() of ${many} entries stores them all, in order`, () => {
    const dict = opened<Record<string, number>>(kind)
    dict.setMany(Array.from({ length: many }, (_, at) => [`k${(at * 7_919) % many}`, at]))
    expect(dict.size).toBe(many)
    let at = 0
    for (const value of dict.values({ order: 'insertion' }))
      if (value !== at++) expect(value).toBe(at)
    expect(at).toBe(many)
  })

  test('deleteMany() counts the keys that were there, each once', () => {
    const dict = opened(kind)
    dict.setMany({ a: 1, b: 2, c: 3 })
    expect(dict.deleteMany(['a', 'nobody', 'b', 'a'])).toBe(2)
    expect(dict.deleteMany([])).toBe(0)
    expect(dict.toObject()).toEqual({ c: 3 })
  })
})
