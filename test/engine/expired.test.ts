import { expect, test } from 'vitest'
import { open } from '../../src/open/open.js'
import { lmdbStore } from '../../src/store/lmdb/open-lmdb.js'
import { memoryStore } from '../../src/store/memory.js'
import type { SyncStore } from '../../src/store/sync-store.js'
import { FakeClock } from '../fake-clock.js'
import { asOtherProcess } from '../other-process.js'
import { tempDirectory } from '../processes/temp-directory.js'

/** More expired rows than size looks up one by one. */
const MANY = 2_500

const STORES = {
  memory: () => memoryStore(),
  LMDB: () => lmdbStore(tempDirectory()),
}

for (const [name, makeStore] of Object.entries(STORES)) {
  test(`a record that cannot be read neither stops sweep() nor is removed by it (P3, P4, W10), on ${name}`, () => {
    const store = makeStore()
    const clock = new FakeClock()
    using dict = open(store, { clock, durability: 'commit' })
    for (const key of ['a', 'damaged', 'z']) dict.set(key, key, { ttl: 10 })
    damage(store, 'damaged', clock.now() + 10)
    clock.advance(10)
    expect(dict.size).toBe(1)
    expect(dict.sweep()).toBe(2)
    expect(store.scan('rows', {}, 10).length).toBe(1)
    expect(() => dict.get('damaged')).toThrow(
      expect.objectContaining({ code: 'ERR_PERSISTDICT_UNREADABLE_RECORD' }),
    )
    dict.set('later', 1, { ttl: 10 })
    clock.advance(10)
    expect(dict.sweep()).toBe(1)
    dict.set('damaged', 'mended')
    expect(dict.get('damaged')).toBe('mended')
    expect(dict.size).toBe(1)
  })

  test(`sweep() removes an entry after the clock was set back and came forward again, on ${name}`, () => {
    const store = makeStore()
    const clock = new FakeClock()
    using dict = open(store, { clock, durability: 'commit' })
    dict.set('key', 1, { ttl: 10 })
    const { now } = clock
    // Set back between the look at the deadlines and the transaction that removes.
    let looks = 0
    clock.now = () => now.call(clock) + (looks++ === 0 ? 10 : 9)
    expect(dict.sweep()).toBe(0)
    clock.now = now
    expect(dict.size).toBe(1)
    clock.advance(10)
    expect(dict.size).toBe(0)
    expect(dict.sweep()).toBe(1)
    expect(store.scan('rows', {}, 10)).toEqual([])
  })

  test(`size leaves out what has expired, however much it is, and whoever has changed it, on ${name}`, () => {
    const store = makeStore()
    const clock = new FakeClock()
    const options = { clock, durability: 'commit', background: 'disabled' } as const
    using dict = open<Record<string, number>>(store, options)
    using other = open<Record<string, number>>(asOtherProcess(store), options)
    const inner = dict.namespace('n')
    const sizes = () => [dict.size, inner.size, other.size]
    const range = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, at) => [`k${from + at}`, at] as const)
    // More than are counted by their hints; and as many in another namespace.
    dict.setMany(range(0, MANY), { ttl: 10 }).setMany(range(MANY, MANY + 5), { ttl: 20 })
    dict.setMany(range(MANY + 5, MANY + 8))
    inner.setMany(range(0, MANY), { ttl: 20 }).set('stays', 1)
    clock.advance(10)
    expect(sizes()).toEqual([8, MANY + 1, 8])
    // Nobody has written: what expires now is added to what was counted.
    clock.advance(10)
    expect(sizes()).toEqual([3, 1, 3])
    other.setMany(range(0, 2))
    other.namespace('n').delete('stays')
    expect(sizes()).toEqual([5, 0, 5])
    dict.transaction(() => {
      dict.delete('k0')
      expect(dict.size).toBe(4)
      dict.set('new', 1)
      expect(dict.size).toBe(5)
    })
    dict.clear()
    dict.set('k1', 1, { ttl: 10 })
    expect(sizes()).toEqual([1, 0, 1])
    // The clock was set back: what had expired is there again.
    clock.jump(-15)
    expect(sizes()).toEqual([1, MANY, 1])
    clock.jump(15)
    expect([dict.sweep(), ...sizes()]).toEqual([MANY, 1, 0, 1])
  })
}

function damage(store: SyncStore, text: string, deadline: number): void {
  const row = store.scan('rows', {}, 100).find(({ key }) => Buffer.from(key).includes(text))
  if (row === undefined) throw new Error('there is no such row')
  row.record[row.record.length - 1] = (row.record.at(-1) as number) ^ 1
  store.transaction('committed', (tx) => tx.put('rows', row.key, row.record, deadline))
}
