import { expect, test } from 'vitest'
import { open } from '../../src/open/open.js'
import type { OpenOptions } from '../../src/open/open-options.js'
import { lmdbStore } from '../../src/store/lmdb/open-lmdb.js'
import { memoryStore } from '../../src/store/memory.js'
import type { SyncStore } from '../../src/store/sync-store.js'
import { FakeClock } from '../fake-clock.js'
import { tempDirectory } from '../processes/temp-directory.js'

const STORES = {
  memory: () => memoryStore(),
  LMDB: () => lmdbStore(tempDirectory()),
}

const commit = { durability: 'commit' } as const
const keysOf = (dict: { keys(): Iterable<unknown> }) => [...dict.keys()]

for (const [name, makeStore] of Object.entries(STORES)) {
  test(`set() beyond maxEntries evicts, and never leaves more, on ${name}`, () => {
    for (const eviction of ['sieve', 'lru', 'fifo'] as const) {
      using dict = open(makeStore(), { ...commit, maxEntries: 3, eviction })
      for (const key of ['a', 'b', 'c', 'd', 'e']) {
        dict.set(key, key)
        expect(dict.size).toBeLessThanOrEqual(3)
      }
      expect(keysOf(dict), eviction).toEqual(['c', 'd', 'e'])
    }
  })

  test(`'lru' evicts the least recently used, 'fifo' the oldest, 'sieve' spares what was read, on ${name}`, () => {
    const left = (eviction: 'sieve' | 'lru' | 'fifo') => {
      using dict = open(makeStore(), { ...commit, maxEntries: 3, eviction })
      for (const key of ['a', 'b', 'c']) dict.set(key, key)
      dict.get('a')
      dict.set('d', 'd')
      dict.set('e', 'e')
      return keysOf(dict)
    }
    expect(left('lru')).toEqual(['a', 'd', 'e'])
    expect(left('fifo')).toEqual(['c', 'd', 'e'])
    expect(left('sieve')).toEqual(['a', 'd', 'e'])
  })

  test(`set() of a key that is there evicts nothing, on ${name}`, () => {
    using dict = open(makeStore(), { ...commit, maxEntries: 3 })
    dict.setMany({ a: 1, b: 2, c: 3 })
    for (let round = 0; round < 10; round++) dict.set('b', round)
    expect(dict.toObject()).toEqual({ a: 1, b: 9, c: 3 })
  })

  test(`a batch larger than maxEntries leaves the newest, on ${name}`, async () => {
    using dict = open(makeStore(), { maxEntries: 10 })
    for (let at = 0; at < 1_000; at++) dict.set(`k${String(at).padStart(4, '0')}`, at)
    await dict.flush()
    expect([...dict.values()]).toEqual([990, 991, 992, 993, 994, 995, 996, 997, 998, 999])
  })

  test(`a batched set() of an entry that never fits throws, and what comes with it is stored, on ${name}`, async () => {
    const maxBytes = 2 ** 19
    using dict = open<Record<string, string>>(makeStore(), {
      maxBytes,
      namespaces: { small: { maxBytes: 2 ** 16 } },
    })
    const tooLarge = expect.objectContaining({ code: 'ERR_PERSISTDICT_CAPACITY' })
    const small = dict.namespace<Record<string, string>>('small')
    dict.set('before', 'b')
    expect(() => dict.set('huge', 'x'.repeat(maxBytes))).toThrow(tooLarge)
    expect(() => small.set('huge', 'x'.repeat(2 ** 16))).toThrow(tooLarge)
    expect(() => dict.setMany({ other: 'o', huge: 'x'.repeat(maxBytes) })).toThrow(tooLarge)
    dict.set('after', 'a')
    await dict.flush()
    expect([...dict.keys()]).toEqual(['after', 'before'])
    expect([small.size, dict.stats().pendingWrites]).toEqual([0, 0])
  })

  test(`a batch that makes a namespace, and is larger than its limit, leaves the newest, on ${name}`, () => {
    using dict = open<Record<string, number>>(makeStore(), {
      namespaces: { new: { maxEntries: 3 } },
    })
    const made = dict.namespace('new')
    for (let at = 0; at < 10; at++) made.set(`k${at}`, at)
    dict.flushSync()
    expect([...made.values()]).toEqual([7, 8, 9])
  })

  test(`an evicted key is gone for every read, cached or not, on ${name}`, () => {
    using dict = open(makeStore(), { ...commit, maxEntries: 2, eviction: 'fifo' })
    dict.set('a', 1).set('b', 2)
    expect(dict.get('a')).toBe(1)
    dict.set('c', 3)
    expect(dict.get('a')).toBe(undefined)
    expect(dict.has('a')).toBe(false)
    expect('a' in dict.object).toBe(false)
    expect(dict.size).toBe(2)
  })

  test(`eviction 'none' refuses the write at the call, and loses nothing, on ${name}`, () => {
    for (const durability of ['batched', 'commit'] as const) {
      using dict = open(makeStore(), { durability, maxEntries: 2, eviction: 'none' })
      dict.set('a', 1).set('b', 2)
      const refused = expect.objectContaining({
        code: 'ERR_PERSISTDICT_CAPACITY',
        limit: 'maxEntries',
        max: 2,
      })
      expect(() => dict.set('c', 3)).toThrow(refused)
      expect(() => {
        dict.object.c = 3
      }).toThrow(refused)
      expect(() => dict.setMany({ a: 10, c: 3 })).toThrow(refused)
      expect(dict.toObject()).toEqual({ a: 1, b: 2 })
      dict.set('a', 11)
      dict.delete('b')
      dict.set('c', 3)
      expect(dict.toObject()).toEqual({ a: 11, c: 3 })
      expect(dict.stats().pendingWrites).toBe(
        durability === 'batched' ? dict.stats().pendingWrites : 0,
      )
    }
  })

  test(`expired entries make room before any live one goes, on ${name}`, () => {
    const clock = new FakeClock()
    for (const eviction of ['sieve', 'none'] as const) {
      using dict = open(makeStore(), { ...commit, clock, maxEntries: 3, eviction })
      dict.set('a', 1)
      dict.set('short', 1, { ttl: 10 })
      dict.set('b', 2)
      clock.advance(11)
      dict.set('c', 3)
      expect(keysOf(dict)).toEqual(['a', 'b', 'c'])
    }
  })

  test(`limits of a namespace evict in it alone, on ${name}`, () => {
    const options: OpenOptions = { ...commit, namespaces: { small: { maxEntries: 2 } } }
    using dict = open(makeStore(), options)
    const small = dict.namespace('small')
    for (let at = 0; at < 5; at++) {
      dict.set(`k${at}`, at)
      small.set(`k${at}`, at)
      small.namespace('within').set(`k${at}`, at)
    }
    expect(dict.size).toBe(5)
    expect(small.size + small.namespace('within').size).toBe(2)
  })

  test(`the limit of all takes in the namespaces that have their own, on ${name}`, () => {
    const options: OpenOptions = {
      ...commit,
      maxEntries: 5,
      namespaces: { small: { maxEntries: 3 } },
    }
    using dict = open(makeStore(), options)
    const small = dict.namespace('small')
    for (let at = 0; at < 10; at++) {
      small.set(`s${at}`, at)
      dict.set(`k${at}`, at)
      expect(dict.size + small.size).toBeLessThanOrEqual(5)
      expect(small.size).toBeLessThanOrEqual(3)
    }
    expect(small.size).toBe(3)
  })

  test(`maxBytes is never exceeded by more than the accounts, whatever the sizes, on ${name}`, () => {
    const maxBytes = 2 ** 20
    // The rows in which entries are counted are written last: a page each at most.
    const accounts = 3 * 4_096
    using dict = open(makeStore(), { ...commit, maxBytes })
    for (let at = 0; at < 600; at++) {
      dict.set(`k${at}`, 'x'.repeat((at * 7_919) % 20_000))
      expect(usedBytes(dict.stats())).toBeLessThanOrEqual(maxBytes + accounts)
    }
    expect(dict.size).toBeGreaterThan(30)
    expect(dict.get('k599')).toBeDefined()
    expect(() => dict.set('huge', 'x'.repeat(maxBytes))).toThrow(
      expect.objectContaining({ code: 'ERR_PERSISTDICT_CAPACITY', limit: 'maxBytes' }),
    )
    expect(dict.get('k599')).toBeDefined()
  })

  test(`limits are kept in the store: a handle without them obeys, null takes them away, on ${name}`, () => {
    const store = lasting(makeStore())
    const open1 = (options: OpenOptions = {}) => open(store, { ...commit, ...options })
    const first = open1({ maxEntries: 3 })
    first.setMany({ a: 1, b: 2, c: 3 })
    first.close()
    const second = open1()
    second.set('d', 4)
    expect(second.size).toBe(3)
    second.close()
    const third = open1({ maxEntries: null })
    for (let at = 0; at < 10; at++) third.set(`k${at}`, at)
    expect(third.size).toBe(13)
    third.close()
    // Entries from before count, and go in the order in which they came.
    const fourth = open1({ maxEntries: 5, eviction: 'fifo' })
    expect(keysOf(fourth)).toEqual(['k5', 'k6', 'k7', 'k8', 'k9'])
    fourth.close()
    const fifth = open1({ maxEntries: 1, eviction: 'none' })
    expect(fifth.size).toBe(5)
    expect(() => fifth.set('x', 1)).toThrow()
    expect(fifth.set('k9', 'there').get('k9')).toBe('there')
    fifth.close()
  })

  test(`clear(), delete() and transactions that fail keep the accounts right, on ${name}`, () => {
    using dict = open(makeStore(), { ...commit, maxEntries: 4, eviction: 'none' })
    for (let round = 0; round < 5; round++) {
      dict.setMany({ a: 1, b: 2, c: 3, d: 4 })
      expect(() =>
        dict.transaction(() => {
          dict.delete('a')
          throw new Error('no')
        }),
      ).toThrow('no')
      expect(() => dict.set('e', 5)).toThrow()
      if (round % 2 === 0) dict.clear()
      else dict.deleteMany(['a', 'b', 'c', 'd'])
      expect(dict.size).toBe(0)
    }
  })

  test(`open() refuses limits that make no sense, on ${name}`, () => {
    for (const wrong of [
      { maxEntries: 0 },
      { maxEntries: 1.5 },
      { maxBytes: 10 },
      { eviction: 'best' },
    ]) {
      expect(() => open(makeStore(), wrong as OpenOptions)).toThrow(
        expect.objectContaining({ code: 'ERR_PERSISTDICT_OPTION' }),
      )
    }
  })

  test(`reading alone commits nothing, however much is read, on ${name}`, async () => {
    const clock = new FakeClock()
    using dict = open(makeStore(), { ...commit, clock, maxEntries: 100, background: 'disabled' })
    for (let at = 0; at < 50; at++) dict.set(`k${at}`, at)
    const { commits } = dict.stats()
    for (let round = 0; round < 100; round++) {
      for (let at = 0; at < 50; at++) dict.get(`k${at}`)
      clock.advance(100)
    }
    expect(dict.stats().commits).toBe(commits)
  })
}

function usedBytes({
  sizeBytes,
  engine,
}: {
  sizeBytes: number
  engine: Readonly<Record<string, number>>
}) {
  return engine.usedBytes ?? sizeBytes
}

/** A store that outlives its dicts. */
function lasting(store: SyncStore): SyncStore {
  return new Proxy(store, {
    get: (target, name) => {
      if (name === 'close') return () => {}
      const value = Reflect.get(target, name, target) as unknown
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
