/** The Map part: values of every kind, keys of every kind, and bad input. */
import { describe, expect, test } from 'vitest'
import {
  ClosedError,
  InvalidValueError,
  KeyError,
  OptionError,
  UnpersistableValueError,
} from '../../src/index.js'
import { VALUES } from '../golden/values.js'
import { all, type Dict, FACES, failure, sizeOf } from './faces.js'

/** Names that mean something to some engine, and keys around the lengths at which they are hashed. */
const HOSTILE = [
  '',
  '.',
  '..',
  '../../etc/passwd',
  'a/b',
  'a_b',
  'a:b',
  '{a}',
  '*',
  '?',
  '[a]',
  '\0',
  'a\0b',
  '\n',
  ' a',
  'a ',
  '\u00e9',
  'e\u0301',
  '\ud800',
  '\udc00\ud800',
  '\ufffd',
  '\ud83d\ude00',
  '__proto__',
  'constructor',
  'toString',
  "'; DROP TABLE rows; --",
  'x'.repeat(511),
  'x'.repeat(512),
  'x'.repeat(10_000),
]

describe.each(FACES)('$name', ({ newPlace }) => {
  const opened = <S extends object = Record<string, unknown>>(options = {}): Promise<Dict<S>> =>
    newPlace()<S>(options)

  test('get() gives what set() stored, for values of every kind', async () => {
    const dict = await opened()
    for (const [name, value] of Object.entries(VALUES)) {
      await dict.set(name, value)
      expect(await dict.get(name)).toEqual(value)
    }
    expect(await sizeOf(dict)).toBe(Object.keys(VALUES).length)
  })

  test('get() of a plain value gives it frozen, and with values: "copy" a private copy', async () => {
    const place = newPlace()
    const dict = await place<Record<string, { list: number[] }>>()
    await dict.set('a', { list: [1] })
    const value = await dict.get('a')
    expect(Object.isFrozen(value) && Object.isFrozen(value?.list)).toBe(true)
    const copying = await place<Record<string, { list: number[] }>>({ values: 'copy' })
    const copy = (await copying.get('a')) as { list: number[] }
    copy.list.push(2)
    expect(await copying.get('a')).toEqual({ list: [1] })
  })

  test('get() and getEntry() of an absent key are undefined, or the fallback', async () => {
    const dict = await opened<Record<string, number>>()
    expect(await dict.get('a')).toBeUndefined()
    expect(await dict.get('a', 'none')).toBe('none')
    expect(await dict.getEntry('a')).toBeUndefined()
    expect(await dict.has('a')).toBe(false)
    expect(await sizeOf(dict)).toBe(0)
    expect(await all(dict.entries())).toEqual([])
  })

  test('set() returns the dict, and null is a value', async () => {
    const dict = await opened()
    expect((await dict.set('a', null)) === dict).toBe(true)
    expect(await dict.get('a', 1)).toBeNull()
    expect(await dict.has('a')).toBe(true)
  })

  test('getEntry() tells versions that grow, times, tags and the size', async () => {
    const dict = await opened<Record<string, string>>()
    await dict.set('a', 'one', { tags: ['x', 'y'] })
    const first = await dict.getEntry('a')
    await dict.set('a', 'two')
    const second = await dict.getEntry('a')
    expect(first).toMatchObject({ key: 'a', value: 'one', tags: ['x', 'y'], expiresAt: undefined })
    expect(second).toMatchObject({ value: 'two', tags: [], createdAt: first?.createdAt })
    expect(second?.version).toBeGreaterThan(first?.version ?? Number.NaN)
    expect(second?.updatedAt).toBeGreaterThanOrEqual(first?.updatedAt ?? Number.NaN)
    expect(second?.sizeBytes).toBeGreaterThan(0)
  })

  test('delete() tells whether there was anything, and take() gives it away', async () => {
    const dict = await opened<Record<string, { n: number }>>()
    await dict.setMany({ a: { n: 1 }, b: { n: 2 } })
    expect(await dict.delete('a')).toBe(true)
    expect(await dict.delete('a')).toBe(false)
    const taken = await dict.take('b')
    expect(taken).toEqual({ n: 2 })
    if (taken !== undefined) taken.n = 3
    expect(await dict.take('b')).toBeUndefined()
    expect(await sizeOf(dict)).toBe(0)
  })

  test('clear() removes everything here and nothing in a namespace', async () => {
    const dict = await opened<Record<string, number>>()
    const inner = dict.namespace('inner')
    await dict.setMany({ a: 1, b: 2 })
    await inner.set('a', 3)
    await dict.clear()
    expect(await sizeOf(dict)).toBe(0)
    expect(await all(dict.keys())).toEqual([])
    expect(await inner.get('a')).toBe(3)
    await dict.set('a', 4)
    expect(await dict.get('a')).toBe(4)
  })

  test('a key may be any string: none is taken for another', async () => {
    const dict = await opened<Record<string, number>>()
    for (const [at, key] of HOSTILE.entries()) await dict.set(key, at)
    expect(await sizeOf(dict)).toBe(HOSTILE.length)
    expect(await dict.getMany(HOSTILE)).toEqual(HOSTILE.map((_, at) => at))
    expect(await dict.hasMany(HOSTILE)).toEqual(HOSTILE.map(() => true))
    for (const [at, key] of HOSTILE.entries()) expect(await dict.get(key)).toBe(at)
    expect((await all(dict.keys())).sort()).toEqual([...HOSTILE].sort())
    expect(await all(dict.keys({ order: 'insertion' }))).toEqual(HOSTILE)
    expect(await dict.deleteMany(HOSTILE)).toBe(HOSTILE.length)
    expect(await all(dict.keys())).toEqual([])
  })

  test('a key of 10 MB and a value of 1 MB come back', async () => {
    const dict = await opened<Record<string, string>>()
    const key = 'k'.repeat(10 * 2 ** 20)
    const value = 'v'.repeat(2 ** 20)
    await dict.set(key, value)
    expect((await dict.get(key)) === value).toBe(true)
    expect((await all(dict.keys()))[0] === key).toBe(true)
    expect(await dict.delete(key)).toBe(true)
  })

  test('1 and "1" are one key', async () => {
    const dict = await opened<Record<string, string>>()
    await dict.set(1 as never, 'one' as never)
    expect(await dict.get('1')).toBe('one')
    expect(await all(dict.keys())).toEqual(['1'])
  })

  test('set() refuses what cannot come back, with its path, and stores nothing', async () => {
    const dict = await opened()
    await dict.set('a', 1)
    for (const value of [undefined, () => {}, Symbol('s'), Promise.resolve(), new WeakMap()]) {
      expect(await failure(() => dict.set('a', value))).toBeInstanceOf(UnpersistableValueError)
    }
    const error = await failure(() => dict.set('a', { user: { tags: [1, () => {}] } }))
    expect(error).toMatchObject({ path: 'user.tags[1]' })
    expect(await dict.get('a')).toBe(1)
  })

  test('a bad key, a bad option and a value against the schema are refused with their errors', async () => {
    const schema = {
      '~standard': {
        version: 1 as const,
        vendor: 'test',
        validate: (value: unknown) =>
          typeof value === 'number' ? { value } : { issues: [{ message: 'no number' }] },
      },
    }
    const dict = await opened<Record<string, number>>({ schema })
    expect(await failure(() => dict.get({} as never))).toBeInstanceOf(KeyError)
    expect(await failure(() => dict.set(null as never, 1 as never))).toBeInstanceOf(KeyError)
    const misspelt = { TTL: 1 } as object
    expect(await failure(() => dict.set('a', 1, misspelt))).toMatchObject({
      code: 'ERR_PERSISTDICT_OPTION',
      message: expect.stringContaining('"ttl"'),
    })
    expect(await failure(() => dict.set('a', 'x' as never))).toBeInstanceOf(InvalidValueError)
    expect(await failure(() => newPlace()({ TTL: 1 } as object))).toBeInstanceOf(OptionError)
    expect(await sizeOf(dict)).toBe(0)
  })

  test('close() may be called twice, and what comes after it fails with ClosedError', async () => {
    const dict = await opened<Record<string, number>>()
    const inner = dict.namespace('inner')
    await dict.close()
    await dict.close()
    const calls = [
      () => dict.get('a'),
      () => dict.set('a', 1),
      () => dict.update('a', () => 1),
      () => dict.getMany(['a']),
      () => dict.clear(),
      () => sizeOf(dict as never),
      () => all(dict.keys()),
      () => dict.flush(),
      () => dict.stats(),
      () => inner.get('a'),
      () => dict.namespace('b'),
    ]
    for (const call of calls) expect(await failure(call)).toBeInstanceOf(ClosedError)
  })

  test('entries that were flushed are there for the next handle', async () => {
    const place = newPlace()
    const keeper = await place<Record<string, number>>()
    const dict = await place<Record<string, number>>()
    await dict.set('a', 1)
    await dict.flush()
    await dict.close()
    const again = await place<Record<string, number>>()
    expect(await again.get('a')).toBe(1)
    expect(await keeper.get('a')).toBe(1)
  })

  test('initial entries are set once, in a place that was never opened', async () => {
    const place = newPlace()
    const dict = await place<Record<string, number>>({ initial: { a: 1, b: 2 } })
    expect(await dict.getMany(['a', 'b'])).toEqual([1, 2])
    await dict.delete('a')
    const again = await place<Record<string, number>>({ initial: { a: 3 } })
    expect(await again.getMany(['a', 'b'])).toEqual([undefined, 2])
  })

  test('stats() tells the store, its place and its counters', async () => {
    const dict = await opened<Record<string, number>>()
    await dict.set('a', 1)
    await dict.flush()
    await dict.get('a')
    await dict.get('a')
    const stats = await dict.stats()
    expect(stats.store).toMatch(/^\w+$/)
    expect(stats).toMatchObject({ pendingWrites: 0, failedCommits: 0, errors: 0 })
    expect(stats.commits).toBeGreaterThan(0)
    expect(stats.hits + stats.misses).toBeGreaterThanOrEqual(2)
  })
})
