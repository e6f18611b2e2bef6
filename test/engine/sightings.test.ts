/** Writes that spare themselves a look at what is there must mean the same as those that look. */
import { describe, expect, test } from 'vitest'
import type { PersistDict } from '../../src/dict/persist-dict.js'
import { open } from '../../src/open/open.js'
import { lmdbStore } from '../../src/store/lmdb/open-lmdb.js'
import { memoryStore } from '../../src/store/memory.js'
import type { StoreTransaction, SyncStore } from '../../src/store/sync-store.js'
import { tempDirectory } from '../processes/temp-directory.js'

const STORES = { memory: memoryStore, LMDB: () => lmdbStore(tempDirectory()) }
const FAR = 2 ** 47

describe.each(Object.entries(STORES))('on %s', (_, makeStore) => {
  /** A store with 'a' in it, which `dict` has just deleted, not committed yet; and its row with a deadline. */
  function deleted() {
    const store = makeStore()
    const dict = open<Record<string, unknown>>(store, { background: 'disabled' })
    dict.set('a', 'timed', { ttl: '1h' }).flushSync()
    const [timed] = store.scan('rows', {}, 1)
    const [hint] = store.due('rows', FAR, 1)
    if (timed === undefined || hint === undefined) throw new Error('there is no row')
    dict.set('a', 'lasting', { ttl: null }).flushSync()
    expect(store.due('rows', FAR, 1)).toEqual([])
    expect(dict.delete('a')).toBe(true)
    return { store, dict, timed, hint }
  }

  test('delete() drops the hint of the deadline that somebody has given the entry since', () => {
    const { store, dict, timed, hint } = deleted()
    foreign(store, (tx) => tx.put('rows', timed.key, timed.record, hint.deadline))
    dict.flushSync()
    expectEmpty(store, dict)
  })

  test('delete() of an entry that somebody has deleted since counts it once', () => {
    const { store, dict, timed } = deleted()
    foreign(store, (tx) => {
      tx.delete('rows', timed.key)
      const [count] = tx.scan('counts', {}, 1)
      const none = { path: [], count: 0 }
      if (count !== undefined) tx.put('counts', count.key, Buffer.from(JSON.stringify(none)), 0)
    })
    dict.flushSync()
    expectEmpty(store, dict)
    dict.set('b', 1)
    expect(dict.size).toBe(1)
  })

  test('delete() drops the hint of the deadline that it saw', () => {
    const { store, dict } = deleted()
    dict.set('a', 'timed again', { ttl: '1h' }).flushSync()
    expect(dict.delete('a')).toBe(true)
    dict.flushSync()
    expectEmpty(store, dict)
  })

  test('delete() of an entry that was set again before the commit leaves the one that was set', () => {
    const { store, dict } = deleted()
    dict.set('a', 'again').flushSync()
    expect([dict.get('a'), dict.size]).toEqual(['again', 1])
    expect(store.due('rows', FAR, 1)).toEqual([])
  })

  test('setMany() of new and present keys in turns keeps what the present ones are', () => {
    const store = makeStore()
    using dict = open<Record<string, unknown>>(store, { keySizeLimit: 40 })
    const long = 'k9'.padEnd(60, '.')
    for (const n of [1, 3, 5]) dict.set(`k${n}`, 'old', { ttl: '1h' })
    dict.set(long, 'old').flushSync()
    damage(store, 'k5')
    const before = dict.getEntry('k3')
    const keys = [...Array.from({ length: 8 }, (_, n) => `k${n}`), long]
    dict.setMany(keys.map((key) => [key, 'new'] as const)).flushSync()
    expect(dict.getMany(keys)).toEqual(keys.map(() => 'new'))
    expect(dict.size).toBe(keys.length)
    const after = dict.getEntry('k3')
    expect([after?.createdAt, after?.expiresAt]).toEqual([before?.createdAt, undefined])
    expect(after?.version).toBeGreaterThan(before?.version ?? Number.POSITIVE_INFINITY)
    // That of the record that could not be read was not known: a stale hint costs one look.
    const hints = store.due('rows', FAR, 10).filter(({ key }) => !Buffer.from(key).includes('k5'))
    expect(hints).toEqual([])
    expect([...dict.keys({ order: 'insertion' })]).toEqual([
      'k1',
      'k3',
      long,
      'k0',
      'k2',
      'k4',
      'k5',
      'k6',
      'k7',
    ])
  })

  test('keys() and has() tell of a record that cannot be read', () => {
    const store = makeStore()
    using dict = open<Record<string, unknown>>(store)
    dict.setMany({ a: 1, damaged: 2, z: 3 }).flushSync()
    damage(store, 'damaged')
    const unreadable = expect.objectContaining({ code: 'ERR_PERSISTDICT_UNREADABLE_RECORD' })
    const seen: string[] = []
    expect(() => {
      for (const key of dict.keys()) seen.push(key)
    }).toThrow(unreadable)
    expect(seen).toEqual(['a'])
    expect(() => dict.has('damaged')).toThrow(unreadable)
    expect(dict.delete('damaged')).toBe(true)
    expect([...dict.keys()]).toEqual(['a', 'z'])
    expect(dict.size).toBe(2)
  })

  test('keys() leaves out what was deleted, and what has expired, since the step was read', () => {
    using dict = open<Record<string, unknown>>(makeStore())
    dict.setMany({ a: 1, b: 2, c: 3, d: 4 })
    const seen: string[] = []
    for (const key of dict.keys()) {
      seen.push(key)
      if (key === 'a') dict.delete('b')
      if (key === 'c') dict.set('d', 5, { expiresAt: 1 })
    }
    expect(seen).toEqual(['a', 'c'])
  })
})

function expectEmpty(store: SyncStore, dict: PersistDict<Record<string, unknown>>): void {
  expect(store.scan('rows', {}, 10)).toEqual([])
  expect(store.due('rows', FAR, 10)).toEqual([])
  expect(dict.size).toBe(0)
}

/** A commit that does not go through the dict's engine, as one of another process. */
function foreign(store: SyncStore, work: (tx: StoreTransaction) => void): void {
  store.transaction('committed', work)
}

function damage(store: SyncStore, text: string): void {
  const row = store.scan('rows', {}, 100).find(({ key }) => Buffer.from(key).includes(text))
  if (row === undefined) throw new Error('there is no such row')
  row.record[row.record.length - 1] = (row.record.at(-1) as number) ^ 1
  const deadline = store
    .due('rows', FAR, 100)
    .find((hint) => Buffer.compare(hint.key, row.key) === 0)
  store.transaction('committed', (tx) =>
    tx.put('rows', row.key, row.record, deadline?.deadline ?? 0),
  )
}
