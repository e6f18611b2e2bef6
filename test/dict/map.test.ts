/** The dict as a Map: get, has, set, delete, take, clear, size, and what keys and values may be. */
import { describe, expect, test } from 'vitest'
import { PersistDict } from '../../src/dict/persist-dict.js'
import { KeyError } from '../../src/errors/key-errors.js'
import { ClosedError } from '../../src/errors/open-errors.js'
import { UnpersistableValueError } from '../../src/errors/value-errors.js'
import { open } from '../../src/open/open.js'
import { tempDirectory } from '../processes/temp-directory.js'
import { opened, STORE_KINDS } from './opened.js'

interface Odd {
  date: Date
  map: Map<string, unknown>
  set: Set<number>
  vector: Float32Array
  bytes: Buffer
  regexp: RegExp
  url: URL
  error: Error
}

describe.each(STORE_KINDS)('on %s', (kind) => {
  test('get() of a key that is not there is undefined', () => {
    expect(opened(kind).get('nobody')).toBeUndefined()
  })

  test('get() with a fallback gives it for a miss only', () => {
    const dict = opened(kind)
    for (const value of [null, false, 0, '', Number.NaN]) {
      dict.set('falsy', value)
      expect(dict.get('falsy', 'fallback')).toEqual(value)
    }
    expect(dict.get('missing', 'fallback')).toBe('fallback')
    expect(dict.get('missing', null)).toBeNull()
  })

  test('get() of null is null, and the key is there', () => {
    const dict = opened(kind)
    dict.set('none', null)
    expect([dict.get('none'), dict.has('none'), dict.size]).toEqual([null, true, 1])
    dict.flushSync()
    expect([dict.get('none'), dict.has('none'), dict.get('none', 1)]).toEqual([null, true, null])
  })

  test('set() of undefined is refused and changes nothing', () => {
    const dict = opened(kind)
    dict.set('a', 1)
    expect(() => dict.set('a', undefined)).toThrow(UnpersistableValueError)
    expect(dict.get('a')).toBe(1)
  })

  test('set() returns the dict', () => {
    const dict = opened(kind)
    expect(dict.set('a', 1).set('b', 2)).toBe(dict)
    expect(dict.size).toBe(2)
  })

  test('set() copies: changing the value afterwards changes nothing', () => {
    const dict = opened(kind)
    const value = { list: [1] }
    dict.set('a', value)
    value.list.push(2)
    expect(dict.get('a')).toEqual({ list: [1] })
    dict.flushSync()
    expect(dict.get('a')).toEqual({ list: [1] })
  })

  test('delete() tells whether the key was there', () => {
    const dict = opened(kind)
    dict.set('a', 1)
    expect([dict.delete('a'), dict.delete('a'), dict.delete('never')]).toEqual([true, false, false])
    dict.flushSync()
    expect([dict.has('a'), dict.size]).toEqual([false, 0])
    dict.set('a', 2).flushSync()
    expect([dict.delete('a'), dict.get('a')]).toEqual([true, undefined])
  })

  test('take() returns a private copy and removes the key', () => {
    const dict = opened<Record<string, { n: number[] }>>(kind)
    dict.set('a', { n: [1] })
    const taken = dict.take('a')
    taken?.n.push(2)
    expect(taken).toEqual({ n: [1, 2] })
    expect([dict.has('a'), dict.take('a')]).toEqual([false, undefined])
  })

  test('clear() removes everything, pending writes too, and the dict goes on', () => {
    const dict = opened(kind)
    dict.set('a', 1).flushSync()
    dict.set('b', 2).clear()
    expect([dict.size, dict.get('a'), dict.get('b'), [...dict]]).toEqual([
      0,
      undefined,
      undefined,
      [],
    ])
    dict.set('c', 3)
    expect([...dict.keys()]).toEqual(['c'])
  })

  test('size counts keys once, however often they are set', () => {
    const dict = opened<Record<string | number, number>>(kind)
    for (let round = 0; round < 3; round++) {
      for (let n = 0; n < 10; n++) dict.set(n, round)
      expect(dict.size).toBe(10)
    }
    dict.delete('3')
    expect(dict.size).toBe(9)
  })

  test('size inside a transaction counts what the transaction did', () => {
    const dict = opened(kind)
    dict.set('a', 1)
    const sizes = dict.transaction(() => {
      dict.set('b', 2).set('c', 3)
      const grown = dict.size
      dict.delete('a')
      return [grown, dict.size]
    })
    expect([...sizes, dict.size]).toEqual([3, 2, 2])
  })

  test('1 and "1" are one key', () => {
    const dict = opened<Record<string | number, unknown>>(kind)
    dict.set(1, 'number')
    expect([dict.get('1'), dict.has('1'), [...dict.keys()]]).toEqual(['number', true, ['1']])
    dict.set('1', 'string')
    expect([dict.get(1), dict.size]).toEqual(['string', 1])
    expect([String(-0), dict.set(-0, 'zero').get('0')]).toEqual(['0', 'zero'])
    expect(dict.set(Number.NaN, 'nan').get('NaN')).toBe('nan')
    expect(dict.set(1e21, 'big').get('1e+21')).toBe('big')
  })

  const oddKeys = {
    'the empty string': '',
    'a NUL': '\u0000',
    'NULs inside': 'a\u0000b\u0000',
    'a lone high surrogate': '\ud800',
    'a lone low surrogate first': '\udc00["a"]x',
    'a lone surrogate at the end of a long key': `${'k'.repeat(600)}\ud83d`,
    __proto__: '__proto__',
    constructor: 'constructor',
    hasOwnProperty: 'hasOwnProperty',
    'the replacement character': '\ufffd',
    'a slash': '../../etc/passwd',
    'the longest plain key': 'x'.repeat(511),
    'the shortest hashed key': 'x'.repeat(512),
    'a key of 10 MB': 'm'.repeat(10 * 2 ** 20),
  }

  test.each(Object.entries(oddKeys))(
    'set() with %s as key keeps it apart from all others',
    (_name, odd) => {
      const dict = opened<Record<string, unknown>>(kind)
      const near = [
        'a',
        `${odd.slice(0, 700)}!`,
        odd.slice(0, 600).slice(0, -1),
        '\ud801',
        '\udc00',
      ]
      const others = new Set(near.filter((key) => key !== odd))
      for (const key of others) dict.set(key, 'other')
      dict.set(odd, { mine: true })
      expect(dict.get(odd)).toEqual({ mine: true })
      dict.flushSync()
      dict.clearCache()
      expect(dict.get(odd)).toEqual({ mine: true })
      expect(dict.has(odd)).toBe(true)
      expect(dict.size).toBe(others.size + 1)
      const keys = [...dict.keys()]
      expect(keys.filter((key) => key === odd)).toHaveLength(1)
      expect(new Set(keys).size).toBe(others.size + 1)
      expect(dict.delete(odd)).toBe(true)
      expect(dict.get(odd)).toBeUndefined()
      for (const key of others) expect(dict.get(key)).toBe('other')
    },
  )

  test.each([
    ['a symbol', Symbol('s')],
    ['null', null],
    ['undefined', undefined],
    ['an object', {}],
    ['an array', ['a']],
    ['a bigint', 1n],
    ['a boolean', true],
  ])('set() with %s as key is a KeyError', (_name, key) => {
    const dict = opened(kind)
    const calls = [
      () => dict.set(key as never, 1 as never),
      () => dict.get(key as never),
      () => dict.has(key as never),
      () => dict.delete(key as never),
      () => dict.getMany([key as never]),
      () => [...dict.keys({ gt: key as never })],
    ]
    for (const call of calls.slice(0, key === undefined ? 5 : 6)) expect(call).toThrow(KeyError)
    expect(dict.size).toBe(0)
  })

  test('get() returns values frozen all the way down, and the same one again', () => {
    const dict = opened(kind)
    dict.set('a', { list: [{ deep: {} }, []], empty: {}, text: 'x' }).flushSync()
    const value = dict.get('a') as { list: { deep: object }[]; empty: object }
    expect(dict.get('a')).toBe(value)
    for (const part of [
      value,
      value.list,
      value.list[0],
      value.list[0]?.deep,
      value.list[1],
      value.empty,
    ]) {
      expect(Object.isFrozen(part)).toBe(true)
    }
    expect(() => value.list.push({ deep: {} })).toThrow(TypeError)
    expect(() => Object.assign(value, { more: 1 })).toThrow(TypeError)
    expect(dict.get('a')).toEqual({ list: [{ deep: {} }, []], empty: {}, text: 'x' })
  })

  test('get() returns frozen values before they are committed, and in transactions', () => {
    const dict = opened(kind)
    dict.set('a', { b: [1] })
    expect(Object.isFrozen((dict.get('a') as { b: number[] }).b)).toBe(true)
    dict.transaction(() => {
      expect(Object.isFrozen((dict.get('a') as { b: number[] }).b)).toBe(true)
    })
  })

  test('get() freezes values that took the long way into a record', () => {
    const dict = opened(kind)
    const shared = { s: 1 }
    dict.set('a', { one: shared, two: [shared], zero: -0, none: undefined }).flushSync()
    const value = dict.get('a') as { one: object; two: object[] }
    expect(value.two[0]).toBe(value.one)
    expect([value, value.one, value.two].every(Object.isFrozen)).toBe(true)
    expect(dict.get('a')).toBe(value)
  })

  test('get() of what cannot be frozen is a private copy: changing it never reaches the next reader', () => {
    const dict = opened(kind)
    dict.set('a', {
      date: new Date(5),
      map: new Map([['k', { v: 1 }]]),
      set: new Set([1]),
      vector: Float32Array.of(1, 2),
      bytes: Buffer.from('ab'),
      regexp: /x/g,
      url: new URL('http://a/'),
      error: new Error('e'),
    })
    for (const stage of ['pending', 'committed', 'cached']) {
      const value = dict.get('a') as Odd
      value.date.setTime(99)
      value.map.set('k', 'changed').set('new', 1)
      value.set.clear()
      value.vector[0] = 9
      value.bytes[0] = 0
      value.regexp.lastIndex = 5
      value.url.hash = 'x'
      value.error.message = 'changed'
      const again = dict.get('a') as Odd
      expect(again.date.getTime(), stage).toBe(5)
      expect(again.map).toEqual(new Map([['k', { v: 1 }]]))
      expect(again.set).toEqual(new Set([1]))
      expect(again.vector).toEqual(Float32Array.of(1, 2))
      expect(again.bytes.toString()).toBe('ab')
      expect(again.regexp.lastIndex).toBe(0)
      expect(again.url.href).toBe('http://a/')
      expect(again.error.message).toBe('e')
      if (stage === 'pending') dict.flushSync()
    }
  })

  test("open() with values: 'copy' gives each reader a copy of its own", () => {
    const dict = opened<Record<string, { n: number[] }>>(kind, { values: 'copy' })
    dict.set('a', { n: [1] })
    for (let round = 0; round < 2; round++) {
      const value = dict.get('a') as { n: number[] }
      value.n.push(2)
      expect(dict.get('a')).toEqual({ n: [1] })
      expect(dict.get('a')).not.toBe(dict.get('a'))
      const [first] = dict.values()
      ;(first as { n: number[] }).n.push(3)
      const entry = dict.getEntry('a') as unknown as { value: { n: number[] } }
      entry.value.n.push(4)
      expect(dict.get('a')).toEqual({ n: [1] })
      dict.flushSync()
    }
  })

  test('get() in another dict of the same store sees a set at once', () => {
    const dict = opened(kind)
    const other = dict.namespace('x')
    other.set('a', 1)
    expect(dict.namespace('x').get('a')).toBe(1)
    expect(dict.get('a')).toBeUndefined()
  })

  test('forEach() calls with value, key, dict and this, in key order', () => {
    const dict = opened<Record<string, number>>(kind)
    dict.set('b', 2).set('a', 1)
    const calls: unknown[] = []
    const self = { self: true }
    dict.forEach(function (this: unknown, value, key, of) {
      calls.push([value, key, of === dict, this === self])
    }, self)
    expect(calls).toEqual([
      [1, 'a', true, true],
      [2, 'b', true, true],
    ])
  })

  test('a dict is a ReadonlyMap to those who only read', () => {
    const dict = opened<Record<string, number>>(kind)
    dict.set('a', 1).set('b', 2)
    const total = (map: ReadonlyMap<string | number, number>) => {
      let sum = 0
      for (const [key, value] of map) sum += map.get(key) === value ? value : Number.NaN
      for (const value of map.values()) sum += value
      map.forEach((value) => {
        sum += value
      })
      return sum + map.size + [...map.keys()].length + [...map.entries()].length
    }
    expect(total(dict)).toBe(15)
    expect(new Map(dict)).toEqual(
      new Map([
        ['a', 1],
        ['b', 2],
      ]),
    )
    expect(Object.fromEntries(dict)).toEqual({ a: 1, b: 2 })
  })

  test('toObject() gives private copies in insertion order, __proto__ as data', () => {
    const dict = opened(kind)
    dict.set('z', [1]).set('__proto__', { polluted: true }).set('a', 2)
    const object = dict.toObject() as Record<string, unknown>
    expect(Object.keys(object)).toEqual(['z', '__proto__', 'a'])
    expect(Object.getPrototypeOf(object)).toBe(Object.prototype)
    expect('polluted' in object).toBe(false)
    ;(object.z as number[]).push(2)
    expect(dict.get('z')).toEqual([1])
  })

  test('close() may be called twice, and everything after it is a ClosedError', () => {
    const dict = opened(kind)
    dict.set('a', 1)
    const { object } = dict
    const inside = dict.namespace('n')
    dict.close()
    dict.close()
    const calls: (() => unknown)[] = [
      () => dict.get('a'),
      () => dict.getEntry('a'),
      () => dict.has('a'),
      () => dict.set('a', 1),
      () => dict.delete('a'),
      () => dict.take('a'),
      () => dict.clear(),
      () => dict.size,
      () => dict.getMany([]),
      () => dict.hasMany([]),
      () => dict.setMany([]),
      () => dict.deleteMany([]),
      () => dict.update('a', () => 1),
      () => dict.getOrInsert('a', 1),
      () => dict.increment('a'),
      () => dict.compareAndSet('a', undefined, 1),
      () => dict.transaction(() => 1),
      () => [...dict.keys()],
      () => [...dict.values()],
      () => [...dict],
      () => dict.ttl('a'),
      () => dict.expire('a', 1),
      () => dict.sweep(),
      () => dict.namespace('n'),
      () => [...dict.namespaces()],
      () => dict.toObject(),
      () => dict.flush(),
      () => dict.flushSync(),
      () => dict.stats(),
      () => dict.clearCache(),
      () => inside.get('a'),
      () => object.a,
      () => Object.keys(object),
      () => 'a' in object,
      () => Reflect.set(object, 'a', 1),
    ]
    for (const call of calls) expect(call, String(call)).toThrow(ClosedError)
  })

  test('close() inside a transaction is refused, and the transaction rolls back', () => {
    const dict = opened(kind)
    expect(() =>
      dict.transaction(() => {
        dict.set('a', 1)
        dict.close()
      }),
    ).toThrow(/transaction/)
    expect(dict.has('a')).toBe(false)
  })

  test('using closes a dict; await using flushes it first', async () => {
    let kept: PersistDict
    {
      using dict = opened(kind)
      dict.set('a', 1)
      kept = dict
    }
    expect(() => kept.get('a')).toThrow(ClosedError)
    {
      await using dict = opened(kind)
      dict.set('a', 1)
      kept = dict
    }
    expect(() => kept.get('a')).toThrow(ClosedError)
    await kept[Symbol.asyncDispose]()
  })

  test('stats() counts reads, commits and what is pending', () => {
    const dict = opened(kind)
    const before = dict.stats()
    expect(before.store).toBe(kind)
    dict.set('a', 1).set('b', [1, 2, 3])
    expect(dict.stats().pendingWrites).toBe(2)
    dict.flushSync()
    dict.get('a')
    dict.get('a')
    const after = dict.stats()
    expect(after.pendingWrites).toBe(0)
    expect(after.commits).toBe(before.commits + 1)
    expect(after.misses).toBe(before.misses + 1)
    expect(after.hits).toBe(before.hits + 1)
    expect(after.cache.entries).toBe(1)
    expect(after.cache.sizeBytes).toBeGreaterThan(0)
    expect(after.sizeBytes).toBeGreaterThan(0)
    expect(after.failedCommits).toBe(0)
  })

  test('clearCache() makes the next read a miss with the same answer', () => {
    const dict = opened(kind)
    dict.set('a', { b: 1 }).flushSync()
    dict.get('a')
    dict.clearCache()
    const { misses } = dict.stats()
    expect(dict.stats().cache.entries).toBe(0)
    expect(dict.get('a')).toEqual({ b: 1 })
    expect(dict.stats().misses).toBe(misses + 1)
  })

  test.each([{ maxEntries: 0 }, { maxBytes: 0 }])('open() with cache %o keeps nothing', (cache) => {
    const dict = opened(kind, { cache })
    dict.set('a', { b: 1 }).flushSync()
    expect([dict.get('a'), dict.get('a')]).toEqual([{ b: 1 }, { b: 1 }])
    expect(dict.stats().cache.entries).toBe(0)
  })

  test('set() of values larger than 16 MB comes back whole, and stays so when it is replaced', () => {
    const dict = opened<Record<string, Buffer>>(kind, { values: 'copy' })
    const large = Buffer.alloc(17 * 2 ** 20, 'large ')
    dict.set('a', large).flushSync()
    const first = dict.get('a') as Buffer
    dict.set('a', Buffer.alloc(17 * 2 ** 20, 'other ')).flushSync()
    dict.set('b', Buffer.alloc(17 * 2 ** 20, 'third ')).flushSync()
    expect(first.equals(large)).toBe(true)
    expect(dict.get('a')?.subarray(0, 6).toString()).toBe('other ')
  })
})

test('open() of a directory finds everything that was there before', () => {
  const path = `${tempDirectory()}/dict`
  {
    using dict = open(path)
    dict.set('a', { n: 1 }).set('b', null)
    dict.namespace('inner').set('c', 3)
  }
  using dict = open(path)
  expect([dict.get('a'), dict.get('b'), dict.size]).toEqual([{ n: 1 }, null, 2])
  expect(dict.namespace('inner').get('c')).toBe(3)
  expect(dict).toBeInstanceOf(PersistDict)
})

test('close() of one of two dicts on a directory leaves the other open', () => {
  const path = `${tempDirectory()}/dict`
  using first = open(path)
  const second = open(path)
  second.set('a', 1)
  expect(first.get('a')).toBe(1)
  second.close()
  expect(first.set('b', 2).size).toBe(2)
})
