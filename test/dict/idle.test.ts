/** maxIdle: entries that nobody has used for long. Of maxAge, see the conformance suite. */
import { describe, expect, test } from 'vitest'
import type { EntryEvent } from '../../src/dict/events/entry-event.js'
import { open } from '../../src/open/open.js'
import { lmdbStore } from '../../src/store/lmdb/open-lmdb.js'
import { memoryStore } from '../../src/store/memory.js'
import { FakeClock } from '../fake-clock.js'
import { startChild } from '../processes/child.js'
import { tempDirectory } from '../processes/temp-directory.js'

const DAY = 86_400_000
const STORES = { memory: () => memoryStore(), LMDB: () => lmdbStore(tempDirectory()) }

describe.each(Object.entries(STORES))('on %s', (_, makeStore) => {
  const setUp = (options: object = {}) => {
    const clock = new FakeClock()
    const store = makeStore()
    const dict = open<Record<string, unknown>>(store, {
      clock,
      durability: 'commit',
      background: 'disabled',
      maxIdle: '30d',
      ...options,
    })
    return { clock, store, dict }
  }

  test('an entry that nobody has read or written for maxIdle goes, and one that was read stays', () => {
    const { clock, dict } = setUp()
    dict.set('read', 1).set('written', 1).set('idle', 1)
    dict.namespace('n').set('idle', 1)
    clock.advance(20 * DAY)
    dict.get('read')
    dict.set('written', 2)
    clock.advance(10 * DAY)
    // Not early, and not exactly then: times are kept to the hour.
    expect(dict.sweep()).toBe(0)
    clock.advance(DAY / 8)
    expect([dict.sweep(), dict.size, dict.namespace('n').size]).toEqual([2, 2, 0])
    clock.advance(20 * DAY)
    expect([dict.sweep(), dict.size]).toEqual([2, 0])
    dict.close()
  })

  test('reads are written in the background, though the process writes nothing else', () => {
    const { clock, dict } = setUp()
    dict.set('a', 1)
    const start = clock.now()
    clock.advance(5 * DAY)
    const { commits } = dict.stats()
    for (let n = 0; n < 1_000; n++) dict.get('a')
    expect([dict.stats().commits, dict.getEntry('a')?.accessedAt]).toEqual([
      commits,
      start + 5 * DAY,
    ])
    clock.advance(5_000)
    expect(dict.stats().commits).toBe(commits + 1)
    // Once in a grain: an hour here.
    dict.get('a')
    clock.advance(10_000)
    expect(dict.stats().commits).toBe(commits + 1)
    clock.advance(DAY)
    dict.get('a')
    clock.advance(10_000)
    expect(dict.stats().commits).toBe(commits + 2)
    expect(dict.getEntry('a')?.accessedAt).toBeGreaterThan(start + 6 * DAY)
    dict.close()
  })

  test('deleted, cleared and expired entries leave no access time; one left over harms nobody (P4)', () => {
    const { clock, store, dict } = setUp()
    dict.setMany({ a: 1, b: 2, c: 3 })
    dict.set('d', 4, { ttl: 10 })
    dict.namespace('n').set('e', 5)
    dict.delete('a')
    dict.namespace('n').clear()
    clock.advance(10)
    dict.sweep()
    expect(store.scan('accessed', {}, 10)).toHaveLength(2)
    store.transaction('committed', (tx) => {
      const [row] = tx.scan('accessed', {}, 1)
      const orphan = Buffer.concat([row?.key ?? Buffer.alloc(1), Buffer.from('orphan')])
      tx.put('accessed', orphan, row?.record ?? Buffer.alloc(6), clock.now() - 20 * DAY)
      tx.put('accessed', Buffer.from([1, 7]), Buffer.from('?'), clock.now() - 20 * DAY)
    })
    clock.advance(31 * DAY)
    expect([dict.sweep(), dict.size, dict.sweep()]).toEqual([2, 0, 0])
    dict.close()
  })

  test('the sweeper removes idle entries by itself, and tells their expiry with the value', async () => {
    const { clock, dict } = setUp({ background: true, maxIdle: '1h' })
    const heard: unknown[] = []
    dict.on('expire', ({ key, value }: EntryEvent) => void heard.push([key, value]))
    dict.setMany(Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`k${n}`, n])))
    clock.advance(70 * 60_000)
    for (let turn = 0; turn < 10; turn++) await Promise.resolve()
    expect([dict.size, heard.length]).toEqual([0, 300])
    dict.close()
  })

  test('with background false, commits take idle entries with them', () => {
    const { clock, dict } = setUp({ background: false, maxIdle: '1h' })
    dict.setMany({ a: 1, b: 2 })
    clock.advance(70 * 60_000)
    dict.set('c', 1)
    expect(dict.size).toBe(1)
    dict.close()
  })

  test('a clock that is set back by a day makes nothing idle, and reads go on being noted', () => {
    const { clock, dict } = setUp({ maxIdle: '2h' })
    dict.set('a', 1)
    clock.advance(-DAY)
    dict.get('a')
    clock.advance(7_000)
    expect([dict.sweep(), dict.getEntry('a')?.accessedAt]).toEqual([0, clock.now() - 7_000])
    clock.advance(3 * 3_600_000)
    expect(dict.sweep()).toBe(1)
    dict.close()
  })
})

test.each(['maxIdle', 'maxAge'])('open() with a wrong %s is refused', (option) => {
  for (const wrong of [0, -1, Number.NaN]) {
    expect(() => open(memoryStore(), { [option]: wrong })).toThrow(RangeError)
  }
  expect(() => open(memoryStore(), { [option]: 'soon' })).toThrow(option)
})

test('accessedAt tells of reads by another process, also by one that only reads and ends', async () => {
  const directory = tempDirectory()
  const start = Date.now()
  using dict = open<Record<string, number>>(directory, { maxIdle: '10s', durability: 'commit' })
  dict.set('a', 1)
  const written = dict.getEntry('a')?.accessedAt ?? 0
  await new Promise((resolve) => setTimeout(resolve, 400))
  const { stderr, code } = await startChild('reads-once.mjs', [directory, 'a']).ended
  expect([stderr, code]).toEqual(['', 0])
  expect(written).toBeGreaterThanOrEqual(start)
  expect(dict.getEntry('a')?.accessedAt).toBeGreaterThan(written)
})

test('a key that was read today is not deleted as 40 days old at the next open (P1)', () => {
  const path = tempDirectory()
  const clock = new FakeClock()
  const reopened = () =>
    open<Record<string, unknown>>(path, { clock, maxIdle: '30d', background: 'disabled' })
  const first = reopened()
  first.set('a', 1).set('b', 1).close()
  clock.advance(40 * DAY)
  const second = reopened()
  second.get('a')
  second.close()
  using third = reopened()
  expect([third.sweep(), [...third.keys()]]).toEqual([1, ['a']])
})
