/** What LiveDict did, and must not happen here. Other lines of docs/track-record.md are tests of other files. */
import { readdirSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { CapacityError, ClosedError, OptionError } from '../../src/index.js'
import { open } from '../../src/open/open.js'
import type { OpenOptions } from '../../src/open/open-options.js'
import { memoryStore } from '../../src/store/memory.js'
import { tempDirectory } from '../processes/temp-directory.js'
import { opened, STORE_KINDS } from './opened.js'

type Bag = Record<string, unknown>

test.each(STORE_KINDS)('V6: keys() is empty unless it is told where to look (%s)', (kind) => {
  const dict = opened(kind, { durability: 'commit' })
  dict.setMany({ a: 1, b: 2 })
  dict.namespace('n').set('c', 3)
  expect([...dict.keys()]).toEqual(['a', 'b'])
  expect(Object.keys(dict.object)).toEqual(['a', 'b'])
  expect([...dict.namespace('n').keys()]).toEqual(['c'])
})

test.each(STORE_KINDS)('V7: `in` and get() look in different places (%s)', (kind) => {
  const dict = opened(kind, { durability: 'commit' })
  dict.setMany({ both: 1, outer: null })
  const inner = dict.namespace('n')
  inner.setMany({ both: 2, inner: 3 })
  for (const place of [dict, inner]) {
    for (const key of ['both', 'outer', 'inner', 'none', 'n', 'constructor ']) {
      const isThere = place.get(key) !== undefined
      const others = {
        in: key in place.object,
        object: place.object[key] !== undefined,
        has: place.has(key),
        hasMany: place.hasMany([key])[0],
        getMany: place.getMany([key])[0] !== undefined,
        getEntry: place.getEntry(key) !== undefined,
        keys: [...place.keys()].includes(key),
        own: Object.hasOwn(place.object, key),
      }
      expect(new Set(Object.values(others)), `${key}: ${JSON.stringify(others)}`).toEqual(
        new Set([isThere]),
      )
    }
  }
})

test('V12: ttl 0 means the default, and a very negative one for ever', () => {
  const dict = opened<Bag>('memory', { ttl: '10m' })
  for (const ttl of [0, -1, -(2 ** 40), Number.NaN, '0s'] as const) {
    expect(() => dict.set('a', 1, { ttl }), String(ttl)).toThrow(RangeError)
    expect(() => opened('memory', { ttl }), String(ttl)).toThrow(RangeError)
  }
  expect(dict.has('a')).toBe(false)
})

// Each setting, and what is otherwise with it.
const EFFECTS: readonly [
  OpenOptions<Bag, string>,
  (options: OpenOptions<Bag, string>) => unknown,
][] = [
  [{ ttl: '10m' }, (options) => opened('memory', options).set('a', 1).ttl('a')],
  [{ maxAge: 60_000 }, (options) => opened('memory', options).set('a', 1).getEntry('a')?.expiresAt],
  [
    { values: 'copy' },
    (options) => Object.isFrozen(opened('memory', options).set('a', {}).get('a')),
  ],
  [{ cache: { maxEntries: 0 } }, (options) => cached(options)],
  [{ cache: { maxBytes: 1 } }, (options) => cached(options)],
  [{ maxEntries: 1 }, (options) => opened('memory', options).set('a', 1).set('b', 2).size],
  [{ maxEntries: 1, eviction: 'none' }, (options) => failure(options)],
  [
    { durability: 'commit' },
    (options) => opened('memory', options).set('a', 1).stats().pendingWrites,
  ],
  [{ maxKeys: 1 }, (options) => warned(options)],
  [{ initial: { a: 1 } }, (options) => opened('memory', options).size],
  [{ maxValueBytes: 5 }, (options) => failure(options)],
  [{ serializer: 'json' }, (options) => sizeOf(options)],
  [{ compress: 'gzip' }, (options) => sizeOf(options)],
]

test.each(EFFECTS)('V13: a setting does nothing: %o', (options, effect) => {
  expect(effect(options)).not.toEqual(effect({}))
})

test('V13: a setting that cannot be kept is taken', () => {
  for (const options of [
    { maxEntries: 0 },
    { cache: { maxEntries: -1 } },
    { eviction: 'mru' },
    { durability: 'always' },
    { values: 'shared' },
    { serializer: 'pickle' },
    { background: 'maybe' },
    { maxKey: 1 },
  ]) {
    expect(() => opened('memory', options as never), JSON.stringify(options)).toThrow(OptionError)
  }
})

test('V15: what goes through JSON comes back as something else', () => {
  const dict = opened<Bag>('memory', { serializer: 'json' })
  const values = {
    date: new Date(0),
    map: new Map<unknown, unknown>([[1, new Set(['a'])]]),
    big: 2n ** 70n,
    bytes: new Uint8Array([0, 255]),
    numbers: [-0, Number.NaN, Number.POSITIVE_INFINITY],
    nested: { is: undefined, isNull: null, text: '\ud800' },
  }
  dict.setMany(values)
  dict.flushSync()
  dict.clearCache()
  for (const [key, value] of Object.entries(values)) expect(dict.get(key)).toStrictEqual(value)
})

test('V16: each dict that was dropped or closed leaves a thread', async () => {
  const threads = () => readdirSync('/proc/self/task').length
  const use = (dict: ReturnType<typeof open<Bag>>) => {
    dict.on('expire', () => {})
    dict.set('a', 1, { ttl: '1h' })
    return dict
  }
  for (let at = 0; at < 2; at++) use(open<Bag>(tempDirectory(), { durability: 'commit' })).close()
  // Those of the pool, which come with the first work for it.
  await stat('.')
  const before = threads()
  for (let at = 0; at < 8; at++) {
    use(open<Bag>(memoryStore()))
    use(open<Bag>(tempDirectory(), { durability: 'commit' })).close()
  }
  expect(threads()).toBeLessThanOrEqual(before)
  // Nothing that keeps the process alive, once what was under way has ended.
  const kinds = /Timeout|FSEvent|Worker|Message/
  const active = () => process.getActiveResourcesInfo().filter((kind) => kinds.test(kind))
  // Without a timer, which would be one of them.
  while (active().length > 0) await new Promise(setImmediate)
})

test.each(STORE_KINDS)('W11: set() after the end stores, and throws then (%s)', (kind) => {
  const dict = opened(kind, { durability: 'commit' })
  const other = opened(kind)
  dict.close()
  for (const call of [
    () => dict.set('a', 1),
    () => dict.setMany({ a: 1 }),
    () => dict.delete('a'),
    () => dict.update('a', () => 1),
    () => {
      dict.object.a = 1
    },
  ]) {
    expect(call).toThrow(ClosedError)
  }
  expect(other.size).toBe(0)
})

function cached(options: OpenOptions<Bag, string>): number {
  const dict = opened<Bag>('memory', { ...options, durability: 'commit' })
  dict.set('a', 'x'.repeat(100))
  dict.get('a')
  return dict.stats().cache.entries
}

function failure(options: OpenOptions<Bag, string>): unknown {
  const dict = opened<Bag>('memory', options)
  try {
    dict.set('a', 'long enough').set('b', 1)
    return undefined
  } catch (error) {
    return error instanceof CapacityError || (error as { code?: string }).code
  }
}

function warned(options: OpenOptions<Bag, string>): unknown {
  const dict = opened<Bag>('memory', options)
  const heard: unknown[] = []
  dict.on('warning', (warning) => void heard.push(warning))
  dict.set('a', 1).set('b', 2)
  try {
    Object.keys(dict.object)
  } catch (error) {
    heard.push(error)
  }
  return heard.length
}

function sizeOf(options: OpenOptions<Bag, string>): number {
  const dict = opened<Bag>('memory', options)
  dict.set('a', { text: 'x'.repeat(5_000), date: new Date(0) }).flushSync()
  return dict.stats().sizeBytes
}
