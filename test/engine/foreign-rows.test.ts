/**
 * Rows that a transaction reads only after somebody else has committed: limits, and whether anybody
 * watches. The store is written past the engine here, as another process does it.
 */
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../src/clock.js'
import { META_LIMITS } from '../../src/engine/capacity/capacity.js'
import { encodeLimits } from '../../src/engine/capacity/limits.js'
import { CHANGES } from '../../src/engine/change-log.js'
import { META } from '../../src/engine/format-identity.js'
import { CapacityError } from '../../src/errors/capacity-error.js'
import { open } from '../../src/index.js'
import { BoundedLog } from '../../src/store/bounded-log.js'
import { lmdbStore } from '../../src/store/lmdb/open-lmdb.js'
import type { StoreTransaction } from '../../src/store/sync-store.js'
import { tempDirectory } from '../processes/temp-directory.js'

/** A dict that has made commits, and what writes to its store past it. */
function busyDict() {
  const path = tempDirectory()
  const dict = open<Record<string, number>>(path, { durability: 'commit' })
  const store = lmdbStore(path)
  onTestFinished(() => {
    store.close()
    dict.close()
  })
  for (let key = 0; key < 10; key++) dict.set(`before ${key}`, key)
  const elsewhere = <T>(fn: (tx: StoreTransaction) => T) => store.transaction('committed', fn)
  return { path, dict, store, elsewhere }
}

test('set() obeys limits that were stored elsewhere since the last one, and their end', () => {
  const { dict, elsewhere } = busyDict()
  const all = { maxEntries: 3, maxBytes: Number.POSITIVE_INFINITY, eviction: 'none' } as const
  elsewhere((tx) => tx.put(META, META_LIMITS, encodeLimits({ all, spaces: {} }), 0))
  // What was there before was not counted: the limits were not set by open().
  for (const key of ['a', 'b', 'c']) dict.set(key, 1)
  expect(() => dict.set('one too many', 1)).toThrow(CapacityError)
  elsewhere((tx) => tx.delete(META, META_LIMITS))
  dict.set('one more', 1)
  expect(dict.size).toBe(14)
})

test('open() with limits, while writes are pending, takes hold at once', () => {
  const path = tempDirectory()
  using dict = open<Record<string, number>>(path)
  for (let key = 0; key < 10; key++) dict.set(`committed ${key}`, key)
  dict.flushSync()
  for (let key = 0; key < 10; key++) dict.set(`pending ${key}`, key)
  using limited = open<Record<string, number>>(path, { maxEntries: 5 })
  expect(limited.size).toBe(5)
  dict.set('another', 1)
  dict.flushSync()
  expect(dict.size).toBe(5)
})

test('set() is logged from the moment on at which somebody elsewhere watches', () => {
  const { dict, store, elsewhere } = busyDict()
  const log = new BoundedLog(CHANGES, systemClock)
  const from = elsewhere((tx) => log.watch(tx))
  dict.set('watched', 1)
  dict.set('watched, too', 2)
  expect(log.read(store, from, 10).rows).toHaveLength(2)
})
