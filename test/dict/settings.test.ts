/** What open() is told once: initial entries, a schema, a serializer, keys of other types. */
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { Serializer } from '../../src/codec/serializer.js'
import type { KeySerializer } from '../../src/dict/entry-rules.js'
import { KeyError } from '../../src/errors/key-errors.js'
import { FormatMismatchError } from '../../src/errors/open-errors.js'
import { OptionError } from '../../src/errors/option-error.js'
import {
  InvalidValueError,
  UnpersistableValueError,
  UnreadableRecordError,
} from '../../src/errors/value-errors.js'
import { open } from '../../src/open/open.js'
import { memoryStore } from '../../src/store/memory.js'
import { tempDirectory } from '../processes/temp-directory.js'
import { newStore, opened, STORE_KINDS } from './opened.js'

const directory = (): string => `${tempDirectory()}/dict`

test('open() with options that are no object is an OptionError', () => {
  for (const options of [null, 5, 'sync', true, [], () => {}]) {
    expect(() => open(memoryStore(), options as never), String(options)).toThrow(OptionError)
  }
})

describe('initial', () => {
  test('open() applies initial entries once, and never to a dict that was opened before', () => {
    const path = directory()
    {
      using dict = open<Record<string, unknown>>(path, { initial: { a: 1, b: { c: [2] } } })
      expect(dict.toObject()).toEqual({ a: 1, b: { c: [2] } })
      dict.delete('a')
    }
    {
      using dict = open<Record<string, unknown>>(path, { initial: { a: 'again', z: 1 } })
      expect(dict.toObject()).toEqual({ b: { c: [2] } })
      dict.clear()
    }
    using dict = open<Record<string, unknown>>(path, { initial: { a: 'again' } })
    expect(dict.size).toBe(0)
  })

  test('open() with initial after an open without leaves the dict alone', () => {
    const path = directory()
    open(path).close()
    using dict = open<Record<string, unknown>>(path, { initial: { a: 1 } })
    expect(dict.size).toBe(0)
  })

  test('open() with an initial value that cannot be stored changes nothing, and may be tried again', () => {
    const path = directory()
    const bad = () => open<Record<string, unknown>>(path, { initial: { a: 1, b: () => 1 } })
    expect(bad).toThrow(UnpersistableValueError)
    using dict = open<Record<string, unknown>>(path, { initial: { a: 'good' } })
    expect(dict.toObject()).toEqual({ a: 'good' })
  })

  test('open() gives initial entries the default ttl and checks them by the schema', () => {
    using dict = open<Record<string, number>>(memoryStore(), { initial: { a: 1 }, ttl: '1h' })
    expect(dict.ttl('a')).toBeGreaterThan(3_500_000)
    const wrong = { initial: { a: 'text' }, schema: z.number() } as never
    expect(() => open(memoryStore(), wrong)).toThrow(InvalidValueError)
  })
})

describe.each(STORE_KINDS)('a schema, on %s', (kind) => {
  const user = z.object({ name: z.string().min(1), age: z.number().int().default(0) })

  test('set() stores what the schema makes of the value', () => {
    const dict = opened(kind, { schema: user })
    dict.set('ada', { name: 'Ada', extra: 'dropped' })
    expect(dict.get('ada')).toEqual({ name: 'Ada', age: 0 })
    dict.object.bob = { name: 'Bob', age: 3 }
    expect(dict.get('bob')).toEqual({ name: 'Bob', age: 3 })
  })

  test('set() stores the output of a transform', () => {
    const dict = opened(kind, { schema: z.string().transform((text) => text.length) })
    dict.set('a', 'four')
    expect(dict.get('a')).toBe(4)
  })

  test('set() of a value that does not fit is an InvalidValueError with all issues and their paths', () => {
    const dict = opened(kind, { schema: z.object({ user }) })
    dict.set('a', { user: { name: 'kept' } })
    let error: unknown
    try {
      dict.set('a', { user: { name: '', age: 1.5 } })
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(InvalidValueError)
    expect((error as InvalidValueError).issues.map(({ path }) => path)).toEqual([
      'user.name',
      'user.age',
    ])
    expect((error as InvalidValueError).message).toMatch(/"a".*user\.name: .*; user\.age: /)
    expect(dict.get('a')).toEqual({ user: { name: 'kept', age: 0 } })
  })

  test('every way of writing goes through the schema', () => {
    const dict = opened<Record<string, number>>(kind, { schema: z.number().max(10) })
    dict.set('n', 1)
    for (const write of [
      () => dict.set('n', 11),
      () => dict.setMany({ m: 1, n: 11 }),
      () => dict.update('n', () => 11),
      () => dict.getOrInsert('o', 11),
      () => dict.increment('n', 10),
      () => dict.compareAndSet('o', undefined, 11),
      () => dict.namespace('x').set('n', 11),
      () => Reflect.set(dict.object, 'n', 11),
      () => Object.assign(dict.object, { n: 11 }),
      () => Object.defineProperty(dict.object, 'n', { value: 11 }),
    ]) {
      expect(write, String(write)).toThrow(InvalidValueError)
    }
    expect(dict.toObject()).toEqual({ n: 1 })
  })

  test('set() with a schema that validates asynchronously is an OptionError', async () => {
    const dict = opened(kind, { schema: z.string().refine(async () => false) })
    expect(() => dict.set('a', 'x')).toThrow(OptionError)
    await new Promise(setImmediate)
    expect(dict.size).toBe(0)
  })

  test('open() with anything but a Standard Schema is an OptionError', () => {
    for (const schema of [{}, null, 'string', () => true]) {
      expect(() => open(memoryStore(), { schema: schema as never })).toThrow(OptionError)
    }
  })
})

const VALUES = {
  text: 'naïve',
  nested: { list: [1, { deep: null }] },
  odd: [Number.NaN, -0, undefined, 10n],
  when: new Date(5),
  map: new Map([['k', new Set([1])]]),
  vector: Float32Array.of(0.1),
  bytes: Buffer.from('bytes'),
}

describe.each(['msgpack', 'json', 'structured'] as const)('serializer %s', (serializer) => {
  test.each(STORE_KINDS)('get() brings back every kind of value from %s', (kind) => {
    const dict = opened(kind, { serializer })
    dict.setMany(VALUES)
    expect(dict.toObject()).toEqual(VALUES)
    dict.flushSync()
    dict.clearCache()
    for (const [key, value] of Object.entries(VALUES)) {
      expect(dict.get(key)).toEqual(value)
      expect(dict.get(key)).toEqual(value)
    }
    expect(dict.getMany(Object.keys(VALUES))).toEqual(Object.values(VALUES))
    expect(Object.isFrozen((dict.get('nested') as { list: unknown[] }).list[1])).toBe(true)
  })

  test('open() with another built-in serializer reads what this one wrote, and writes its own', () => {
    const path = directory()
    {
      using dict = open(path, { serializer })
      dict.setMany(VALUES)
    }
    const other = serializer === 'json' ? 'msgpack' : 'json'
    {
      using dict = open(path, { serializer: other })
      expect(dict.toObject()).toEqual(VALUES)
      dict.set('later', VALUES.nested)
      // The payload is kept as it is, and so must be what it says of its serializer.
      dict.expire('nested', '1d')
      expect(dict.get('nested')).toEqual(VALUES.nested)
    }
    using dict = open(path, { serializer })
    expect(dict.toObject()).toEqual({ ...VALUES, later: VALUES.nested })
  })

  test('open() with a serializer of the user is refused, names both and deletes nothing', () => {
    const path = directory()
    {
      using dict = open(path, { serializer })
      dict.setMany(VALUES)
    }
    const mine: Serializer = { id: 'mine', serialize: () => Buffer.of(1), deserialize: () => 1 }
    let error: unknown
    try {
      open(path, { serializer: mine })
    } catch (thrown) {
      error = thrown
    }
    expect(error).toBeInstanceOf(FormatMismatchError)
    expect(error).toMatchObject({ setting: 'serializer', stored: serializer, asked: 'mine' })
    using dict = open(path, { serializer })
    expect(dict.toObject()).toEqual(VALUES)
  })
})

describe.each(STORE_KINDS)('a serializer of the user, on %s', (kind) => {
  class Money {
    readonly cents: number

    constructor(cents: number) {
      this.cents = cents
    }
  }
  const money: Serializer = {
    id: 'money/1',
    serialize: (value) => Buffer.from(String((value as Money).cents)),
    deserialize: (bytes) => new Money(Number(Buffer.from(bytes).toString())),
  }

  test('get() brings back what its serializer makes, classes too, each reader its own', () => {
    const dict = opened<Record<string, Money>>(kind, { serializer: money })
    dict.set('a', new Money(5))
    dict.flushSync()
    expect(dict.get('a')).toBeInstanceOf(Money)
    expect(dict.get('a')).toEqual(new Money(5))
    expect(dict.get('a')).not.toBe(dict.get('a'))
    expect([...dict.values()]).toEqual([new Money(5)])
  })

  test('get() with a serializer that throws is an UnreadableRecordError, and the record stays', () => {
    let isBroken = false
    const flaky: Serializer = {
      ...money,
      deserialize(bytes) {
        if (isBroken) throw new Error('cannot')
        return money.deserialize(bytes)
      },
    }
    const dict = opened<Record<string, Money>>(kind, { serializer: flaky })
    dict.set('a', new Money(5)).flushSync()
    isBroken = true
    expect(() => dict.get('a')).toThrow(UnreadableRecordError)
    isBroken = false
    expect(dict.get('a')).toEqual(new Money(5))
  })

  test('open() with a serializer without an id is an OptionError', () => {
    expect(() => open(memoryStore(), { serializer: { ...money, id: '' } })).toThrow(OptionError)
    expect(() => open(memoryStore(), { serializer: 'yaml' as never })).toThrow(OptionError)
  })
})

describe.each(STORE_KINDS)('a key serializer, on %s', (kind) => {
  type Point = readonly [number, number]
  const points: KeySerializer<Point> = {
    id: 'points/1',
    serialize: ([x, y]) => `${x},${y}`,
    deserialize: (text) => text.split(',').map(Number) as unknown as Point,
  }
  type Grid = Record<string, string>
  const grid = () => open<Grid, Point>(newStore(kind), { keySerializer: points })

  test('every method takes and gives keys of its type', () => {
    using dict = grid()
    dict.set([1, 2], 'a').set([1, 10], 'b').set([2, 0], 'c')
    expect([
      dict.get([1, 2]),
      dict.has([9, 9]),
      dict.getMany([
        [2, 0],
        [1, 2],
      ]),
    ]).toEqual(['a', false, ['c', 'a']])
    expect([...dict.keys()]).toEqual([
      [1, 10],
      [1, 2],
      [2, 0],
    ])
    expect([...dict.entries({ gt: [1, 10] })]).toEqual([
      [[1, 2], 'a'],
      [[2, 0], 'c'],
    ])
    expect(dict.getEntry([1, 2])?.key).toEqual([1, 2])
    dict.setMany([[[5, 5], 'five']])
    expect(dict.update([5, 5], (text) => `${text}!`)).toBe('five!')
    expect([
      dict.delete([1, 2]),
      dict.deleteMany([
        [1, 10],
        [7, 7],
      ]),
      dict.size,
    ]).toEqual([true, 1, 2])
    const keys: Point[] = []
    dict.forEach((_value, key) => {
      keys.push(key)
    })
    expect(keys).toEqual([
      [2, 0],
      [5, 5],
    ])
  })

  test('set() with a key serializer that returns no string is a KeyError', () => {
    using dict = open(memoryStore(), {
      keySerializer: { id: 'bad', serialize: () => 1 as never, deserialize: String },
    })
    expect(() => dict.set('a', 1)).toThrow(KeyError)
  })

  test('object is refused: property names are strings', () => {
    using dict = grid()
    expect(() => dict.object).toThrow(OptionError)
  })
})

test('open() with another key serializer is refused', () => {
  const path = directory()
  open(path).close()
  const keySerializer = { id: 'other', serialize: String, deserialize: (text: string) => text }
  expect(() => open(path, { keySerializer })).toThrow(FormatMismatchError)
})

test('open() with a misspelt option suggests the right one', () => {
  expect(() => open(memoryStore(), { durabilty: 'sync' } as never)).toThrow(
    /Did you mean "durability"/,
  )
  expect(() => open(memoryStore(), { cache: { maxEntry: 1 } } as never)).toThrow(
    /Did you mean "maxEntries"/,
  )
})

describe.each(['batched', 'commit', 'sync'] as const)('durability %s', (durability) => {
  test('get() sees a set at once, and the next open finds it', async () => {
    const path = directory()
    {
      using dict = open(path, { durability })
      dict.set('a', 1)
      expect([dict.get('a'), dict.stats().pendingWrites]).toEqual([
        1,
        durability === 'batched' ? 1 : 0,
      ])
      await dict.flush()
      expect(dict.stats().pendingWrites).toBe(0)
      dict.set('b', 2)
    }
    using dict = open(path, { durability })
    expect(dict.toObject()).toEqual({ a: 1, b: 2 })
  })
})
