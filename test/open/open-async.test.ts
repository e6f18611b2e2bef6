/** openAsync(): what it takes, what it refuses, and who shares a store. */
import { expect, test } from 'vitest'
import {
  FormatMismatchError,
  OpenConflictError,
  OptionError,
  open,
  openAsync,
} from '../../src/index.js'
import { asyncMemoryStore } from '../../src/store/async-memory.js'
import { memoryStore } from '../../src/store/memory.js'
import { tempDirectory } from '../processes/temp-directory.js'

test('openAsync() takes a path, a store of either kind, or options with one of them', async () => {
  const path = tempDirectory()
  const places = [path, memoryStore(), asyncMemoryStore(), { path }, { store: asyncMemoryStore() }]
  for (const place of places) {
    await using dict = await openAsync<Record<string, number>>(place as never)
    await dict.set('a', 1)
    expect(await dict.get('a')).toBe(1)
  }
})

test('openAsync() refuses no place, two places, and options that mean nothing there', async () => {
  const store = asyncMemoryStore()
  const wrong = [undefined, null, '', {}, { ttl: 1 }, { store, path: 'x' }, 5]
  for (const place of wrong) {
    await expect(openAsync(place as never)).rejects.toBeInstanceOf(OptionError)
  }
  for (const options of [
    { lmdb: {} },
    { onConflict: 'throw' },
    { flushOnSignals: true },
    { maxEntries: 5 },
    { maxBytes: 2 ** 30 },
    { eviction: 'lru' },
    { namespaces: { a: { maxEntries: 5 } } },
    { TTL: 1 },
  ]) {
    await expect(openAsync(store, options as never)).rejects.toBeInstanceOf(OptionError)
  }
  // Null says that there is no limit, which is so.
  await using dict = await openAsync<Record<string, number>>(store, { maxEntries: null })
  await dict.set('a', 1)
})

test('maxIdle is refused where the store does not keep when rows were used', async () => {
  const store = Object.assign(asyncMemoryStore(), { uses: undefined })
  const opening = openAsync(store, { maxIdle: '1h' })
  await expect(opening).rejects.toMatchObject({
    name: 'OptionError',
    message: expect.stringContaining('maxIdle'),
  })
  await store.close()
})

test('a dict of openAsync() shares cache and pending writes with one of open()', async () => {
  const path = tempDirectory()
  using dict = open<Record<string, number>>(path)
  await using later = await openAsync<Record<string, number>>(path)
  dict.set('a', 1)
  expect(await later.get('a')).toBe(1)
  await later.set('b', 2)
  expect(dict.get('b')).toBe(2)
  expect(dict.stats().pendingWrites).toBeGreaterThanOrEqual(1)
  await expect(openAsync(path, { durability: 'sync' })).rejects.toBeInstanceOf(OpenConflictError)
})

test('dicts opened at once over one AsyncStore share it until the last one closes', async () => {
  const store = asyncMemoryStore()
  const [one, other] = await Promise.all([
    openAsync<Record<string, number>>(store),
    openAsync<Record<string, number>>(store),
  ])
  await one.set('a', 1)
  expect(await other.get('a')).toBe(1)
  await expect(openAsync(store, { durability: 'sync' })).rejects.toBeInstanceOf(OpenConflictError)
  await one.close()
  expect(await other.get('a')).toBe(1)
  await other.close()
  await expect(store.get('rows', Buffer.from('a'))).rejects.toThrow('closed')
})

test('an AsyncStore that was written with other settings is refused and closed', async () => {
  const store = asyncMemoryStore()
  const keeper = { ...store, close: async () => {} }
  for (const name of ['get', 'getMany', 'scan', 'count', 'due', 'commit', 'clear'] as const) {
    Object.assign(keeper, { [name]: store[name].bind(store) })
  }
  for (const name of ['nextVersions', 'onInvalidate', 'sync', 'stats'] as const) {
    Object.assign(keeper, { [name]: store[name].bind(store) })
  }
  const first = await openAsync(keeper)
  await first.close()
  await expect(openAsync(store, { keySizeLimit: 100 })).rejects.toBeInstanceOf(FormatMismatchError)
  await expect(store.get('rows', Buffer.from('a'))).rejects.toThrow('closed')
})
