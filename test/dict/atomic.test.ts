/** Read-modify-write, and transactions: all that they do happens, or nothing. */
import { describe, expect, test, vi } from 'vitest'
import { TransactionError } from '../../src/errors/store-errors.js'
import { NotANumberError, UnpersistableValueError } from '../../src/errors/value-errors.js'
import { open } from '../../src/open/open.js'
import { FakeClock } from '../fake-clock.js'
import { tempDirectory } from '../processes/temp-directory.js'
import { newStore, opened, STORE_KINDS } from './opened.js'

describe.each(STORE_KINDS)('on %s', (kind) => {
  test('update() gives a private copy that may be changed in place', () => {
    const dict = opened<Record<string, { n: number[] }>>(kind)
    dict.set('a', { n: [1] })
    const before = dict.get('a')
    const result = dict.update('a', (value) => {
      value?.n.push(2)
      return value
    })
    expect([result, dict.get('a'), before]).toEqual([{ n: [1, 2] }, { n: [1, 2] }, { n: [1] }])
  })

  test('update() that returns undefined keeps what it did to the copy', () => {
    const dict = opened<Record<string, { n: number }>>(kind)
    dict.set('a', { n: 1 })
    dict.update('a', (value) => {
      if (value) value.n++
      return undefined
    })
    expect(dict.get('a')).toEqual({ n: 2 })
  })

  test('update() of a key that is not there gets undefined, and may leave it at that', () => {
    const dict = opened(kind)
    expect(dict.update('a', (value) => value)).toBeUndefined()
    expect(dict.has('a')).toBe(false)
    expect(dict.update('a', (value) => [value ?? 'new'])).toEqual(['new'])
    expect(dict.get('a')).toEqual(['new'])
  })

  test('update() that returns null stores null', () => {
    const dict = opened(kind)
    dict.set('a', { n: 1 })
    expect(dict.update('a', () => null)).toBeNull()
    expect([dict.has('a'), dict.get('a')]).toEqual([true, null])
  })

  test('update() that throws changes nothing', () => {
    const dict = opened(kind)
    dict.set('a', [1])
    expect(() =>
      dict.update('a', (value) => {
        ;(value as number[]).push(2)
        throw new Error('no')
      }),
    ).toThrow('no')
    expect(dict.get('a')).toEqual([1])
  })

  test('update() keeps the deadline unless it is told otherwise', () => {
    const clock = new FakeClock()
    const dict = opened(kind, { clock, ttl: 5_000 })
    dict.set('a', 1, { ttl: 1_000 })
    clock.advance(400)
    dict.update('a', () => 2)
    expect(dict.ttl('a')).toBe(600)
    dict.update('a', () => 3, { ttl: 900 })
    expect(dict.ttl('a')).toBe(900)
    dict.update('a', () => 4, {})
    expect(dict.ttl('a')).toBe(5_000)
    dict.update('a', () => 5, { ttl: null })
    expect(dict.ttl('a')).toBe(Number.POSITIVE_INFINITY)
  })

  test('getOrInsert() stores only what is missing', () => {
    const dict = opened(kind)
    expect(dict.getOrInsert('a', [1])).toEqual([1])
    expect(dict.getOrInsert('a', [2])).toEqual([1])
    dict.set('b', null)
    expect(dict.getOrInsert('b', 1)).toBeNull()
    expect(() => dict.getOrInsert('c', undefined)).toThrow(UnpersistableValueError)
  })

  test('getOrInsertComputed() computes only what is missing, from the key', () => {
    const dict = opened(kind)
    const compute = vi.fn((key: string) => `${key}!`)
    expect(dict.getOrInsertComputed('a', compute)).toBe('a!')
    expect(dict.getOrInsertComputed('a', compute)).toBe('a!')
    expect(compute).toHaveBeenCalledTimes(1)
  })

  test('increment() counts from 0, by what it is told, and returns the sum', () => {
    const dict = opened<Record<string, number>>(kind)
    expect([dict.increment('n'), dict.increment('n', 5), dict.increment('n', -0.5)]).toEqual([
      1, 6, 5.5,
    ])
    expect(dict.get('n')).toBe(5.5)
  })

  test('increment() adds bigints to bigints', () => {
    const dict = opened<Record<string, number | bigint>>(kind)
    expect([dict.increment('n', 2n ** 64n), dict.increment('n', 1n)]).toEqual([
      2n ** 64n,
      2n ** 64n + 1n,
    ])
    expect(() => dict.increment('n', 1)).toThrow(NotANumberError)
  })

  test.each([
    ['text', 'text'],
    ['null', null],
    ['an object', {}],
    ['a bigint', 1n],
    ['a boolean', true],
  ])('increment() of %s is a NotANumberError and changes nothing', (_name, value) => {
    const dict = opened<Record<string, unknown>>(kind)
    dict.set('a', value)
    expect(() => dict.increment('a')).toThrow(NotANumberError)
    expect(dict.get('a')).toEqual(value)
  })

  test.each([Number.NaN, Number.POSITIVE_INFINITY, '1', null])(
    'increment() by %s is refused',
    (by) => {
      const dict = opened<Record<string, number>>(kind)
      expect(() => dict.increment('a', by as never)).toThrow(RangeError)
      expect(dict.has('a')).toBe(false)
    },
  )

  test('increment() keeps the deadline', () => {
    const clock = new FakeClock()
    const dict = opened<Record<string, number>>(kind, { clock })
    dict.increment('a', 1, { ttl: 1_000 })
    clock.advance(300)
    dict.increment('a')
    expect(dict.ttl('a')).toBe(700)
    clock.advance(700)
    expect(dict.increment('a')).toBe(1)
  })

  test('compareAndSet() stores if the version is still the same', () => {
    const dict = opened(kind)
    dict.set('a', 1)
    const version = dict.getEntry('a')?.version
    expect(dict.compareAndSet('a', version, 2)).toBe(true)
    expect(dict.compareAndSet('a', version, 3)).toBe(false)
    expect(dict.get('a')).toBe(2)
  })

  test('compareAndSet() with undefined stores only what is absent', () => {
    const dict = opened(kind)
    expect(dict.compareAndSet('a', undefined, 1)).toBe(true)
    expect(dict.compareAndSet('a', undefined, 2)).toBe(false)
    expect(dict.get('a')).toBe(1)
  })

  test('compareAndSet() notices that the same value was set again', () => {
    const dict = opened(kind)
    dict.set('a', 1)
    const version = dict.getEntry('a')?.version
    dict.set('a', 1)
    expect(dict.compareAndSet('a', version, 2)).toBe(false)
  })

  test('compareAndSet() notices a key that was deleted and came again', () => {
    const dict = opened(kind)
    dict.set('a', 1)
    const version = dict.getEntry('a')?.version
    dict.delete('a')
    expect(dict.compareAndSet('a', version, 2)).toBe(false)
    dict.set('a', 1)
    expect(dict.compareAndSet('a', version, 2)).toBe(false)
  })

  test('transaction() returns what its callback returns, and commits', () => {
    const dict = opened(kind)
    dict.set('a', 1)
    const result = dict.transaction((inside) => {
      expect(inside).toBe(dict)
      inside.set('b', 2)
      inside.delete('a')
      expect([inside.get('a'), inside.get('b'), inside.has('b')]).toEqual([undefined, 2, true])
      return 'done'
    })
    expect([result, dict.toObject()]).toEqual(['done', { b: 2 }])
  })

  test('transaction() that throws takes everything back, and keeps what was pending before', () => {
    const dict = opened(kind)
    dict.set('a', 1).set('kept', true)
    expect(() =>
      dict.transaction(() => {
        dict.set('a', 2).set('b', 2).delete('kept')
        dict.clear()
        throw new Error('no')
      }),
    ).toThrow('no')
    expect([dict.toObject(), dict.size]).toEqual([{ a: 1, kept: true }, 2])
    dict.flushSync()
    dict.clearCache()
    expect(dict.toObject()).toEqual({ a: 1, kept: true })
  })

  test('transaction() that throws leaves the read cache telling the truth', () => {
    const dict = opened(kind)
    dict.set('a', [1]).flushSync()
    dict.get('a')
    expect(() =>
      dict.transaction(() => {
        dict.set('a', [2])
        expect(dict.get('a')).toEqual([2])
        throw new Error('no')
      }),
    ).toThrow('no')
    expect(dict.get('a')).toEqual([1])
  })

  test('transaction() inside another joins it, and is taken back with it', () => {
    const dict = opened(kind)
    dict.transaction(() => {
      dict.set('a', 1)
      dict.transaction(() => dict.set('b', 2).size)
    })
    expect(dict.toObject()).toEqual({ a: 1, b: 2 })
    expect(() =>
      dict.transaction(() => {
        dict.transaction(() => dict.set('c', 3).size)
        throw new Error('outer')
      }),
    ).toThrow('outer')
    expect(dict.has('c')).toBe(false)
  })

  test('transaction() whose inner one failed fails as a whole, even if the error was caught', () => {
    const dict = opened(kind)
    expect(() =>
      dict.transaction(() => {
        dict.set('a', 1)
        try {
          dict.transaction(() => {
            dict.set('b', 2)
            throw new Error('inner')
          })
        } catch {}
        return 'as if nothing had happened'
      }),
    ).toThrow('inner')
    expect(dict.size).toBe(0)
  })

  test('transaction() takes in all namespaces of the store', () => {
    const dict = opened(kind)
    const inner = dict.namespace('inner')
    inner.set('kept', 1)
    expect(() =>
      dict.transaction(() => {
        dict.set('a', 1)
        inner.set('b', 2)
        inner.transaction(() => inner.delete('kept'))
        throw new Error('no')
      }),
    ).toThrow('no')
    expect([dict.size, inner.toObject()]).toEqual([0, { kept: 1 }])
    dict.transaction(() => {
      dict.set('a', 1)
      inner.set('b', 2)
    })
    expect([dict.toObject(), inner.toObject()]).toEqual([{ a: 1 }, { kept: 1, b: 2 }])
  })

  test('transaction() takes in all dicts that were opened on the store', () => {
    const place = kind === 'lmdb' ? `${tempDirectory()}/dict` : newStore(kind)
    using one = open<Record<string, unknown>>(place)
    using two = open<Record<string, unknown>>(place)
    expect(() =>
      one.transaction(() => {
        one.set('a', 1)
        two.set('b', 2)
        two.transaction(() => two.increment('c'))
        expect(two.get('a')).toBe(1)
        throw new Error('no')
      }),
    ).toThrow('no')
    expect([one.size, two.size]).toEqual([0, 0])
    one.transaction(() => two.set('b', 2).size)
    expect(one.get('b')).toBe(2)
  })

  test('transaction() with an async callback is a TransactionError, and changes nothing', async () => {
    const dict = opened(kind)
    const run = dict.transaction.bind(dict) as (fn: () => unknown) => unknown
    expect(() =>
      run(async () => {
        dict.set('a', 1)
        throw new Error('would be an unhandled rejection')
      }),
    ).toThrow(TransactionError)
    // biome-ignore lint/suspicious/noThenProperty: that is what is refused
    expect(() => run(() => ({ then: () => {} }))).toThrow(TransactionError)
    expect(dict.has('a')).toBe(false)
    await new Promise(setImmediate)
  })

  test('update() and getOrInsertComputed() with an async function are a TransactionError', async () => {
    const dict = opened(kind)
    dict.set('a', 1)
    const failing = async (): Promise<never> => {
      throw new Error('would be an unhandled rejection')
    }
    expect(() => dict.update('a', failing as never)).toThrow(TransactionError)
    expect(() => dict.getOrInsertComputed('b', failing as never)).toThrow(TransactionError)
    expect(dict.toObject()).toEqual({ a: 1 })
    await new Promise(setImmediate)
  })

  test('flushSync() and flush() inside a transaction are a TransactionError', async () => {
    const dict = opened(kind)
    expect(() => dict.transaction(() => dict.flushSync())).toThrow(TransactionError)
    await dict.flush()
  })

  test('transaction() sees one instant: nothing expires in its middle', () => {
    const clock = new FakeClock()
    const dict = opened(kind, { clock })
    dict.set('a', 1, { ttl: 100 })
    dict.transaction(() => {
      clock.advance(200)
      expect([dict.has('a'), dict.get('a'), dict.size, [...dict.keys()], dict.sweep()]).toEqual([
        true,
        1,
        1,
        ['a'],
        0,
      ])
    })
    expect([dict.has('a'), dict.size, [...dict.keys()], dict.sweep()]).toEqual([false, 0, [], 1])
  })

  test('transaction() in another dict of the same store sees what is pending', () => {
    const dict = opened(kind)
    const inner = dict.namespace('x')
    dict.set('a', 1)
    expect(inner.transaction(() => dict.get('a'))).toBe(1)
  })

  test('getEntry() tells what is known of an entry', () => {
    const clock = new FakeClock(1_750_000_000_000)
    const dict = opened(kind, { clock })
    dict.set('a', 'first', { ttl: '1h', tags: ['x', '\ud800'] })
    const first = dict.getEntry('a')
    expect(first).toEqual({
      key: 'a',
      value: 'first',
      createdAt: 1_750_000_000_000,
      updatedAt: 1_750_000_000_000,
      expiresAt: 1_750_003_600_000,
      version: expect.any(Number),
      tags: ['x', '\ud800'],
      sizeBytes: expect.any(Number),
    })
    clock.advance(1_000)
    dict.set('a', 'a second one')
    const second = dict.getEntry('a')
    expect(second).toMatchObject({
      value: 'a second one',
      createdAt: 1_750_000_000_000,
      updatedAt: 1_750_000_001_000,
      expiresAt: undefined,
      tags: [],
    })
    expect(second?.version).toBeGreaterThan(first?.version as number)
    expect(second?.sizeBytes).toBeGreaterThan(first?.sizeBytes as number)
    dict.delete('a')
    expect(dict.getEntry('a')).toBeUndefined()
    clock.advance(1_000)
    dict.set('a', 'anew')
    expect(dict.getEntry('a')?.createdAt).toBe(1_750_000_002_000)
  })

  test.each([
    ['a string', 'users'],
    ['a number', [1]],
    ['null', null],
  ])('set() with %s for tags is an OptionError, and the next commit works', (_name, tags) => {
    const dict = opened(kind)
    expect(() => dict.set('a', 1, { tags: tags as never })).toThrow(/tags/)
    dict.set('b', 2).flushSync()
    expect(dict.toObject()).toEqual({ b: 2 })
  })
})
