/** watch(): the changes of all processes, in order, bounded. The processes are in test/processes. */
import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { EntryEvent } from '../../src/dict/events/entry-event.js'
import type { WatchEvent } from '../../src/dict/events/watch.js'
import { OptionError } from '../../src/errors/option-error.js'
import { open } from '../../src/open/open.js'
import { memoryStore } from '../../src/store/memory.js'
import { FakeClock } from '../fake-clock.js'
import { opened, STORE_KINDS } from './opened.js'

function shown(event: WatchEvent | undefined): string {
  if (event === undefined) return 'ended'
  if (event.event === 'resync') return 'resync'
  if (event.event === 'clear') return `clear ${event.namespace.join('/')}`
  const { key, namespace, value } = event as EntryEvent
  return `${event.event} ${[...namespace, key].join('/')}=${JSON.stringify(value)}`
}

async function taken(watch: AsyncIterator<WatchEvent>, count: number): Promise<string[]> {
  const events: string[] = []
  while (events.length < count) events.push(shown((await watch.next()).value))
  return events
}

describe.each(STORE_KINDS)('on %s', (kind) => {
  test('watch() yields what is committed from its call on, in order, with values', async () => {
    const dict = opened<Record<string, unknown>>(kind)
    dict.set('before', 0).flushSync()
    const watch = dict.watch()
    dict.set('a', { n: 1 }).set('b', 2)
    dict.namespace('n').set('c', 3)
    dict.flushSync()
    expect(await taken(watch, 3)).toEqual(['set a={"n":1}', 'set b=2', 'set n/c=3'])
    dict.delete('a')
    dict.flushSync()
    dict.namespace('n').clear()
    expect(await taken(watch, 2)).toEqual(['delete a={"n":1}', 'clear n'])
  })

  test('watch() waits for the next change, and next() may be called ahead', async () => {
    const dict = opened<Record<string, unknown>>(kind)
    const watch = dict.watch()
    const ahead = [watch.next(), watch.next()]
    dict.set('a', 1).set('b', 2)
    const events = await Promise.all(ahead)
    expect(events.map(({ value }) => shown(value))).toEqual(['set a=1', 'set b=2'])
  })

  test('watch() tells of an entry that expired or was set over, with the value that went', async () => {
    const clock = new FakeClock()
    const dict = opened<Record<string, unknown>>(kind, { clock, background: 'disabled' })
    dict.set('a', 1, { ttl: 10 }).set('b', 2, { ttl: 10 }).flushSync()
    const watch = dict.watch()
    clock.advance(10)
    dict.set('a', 'new').flushSync()
    dict.sweep()
    expect(await taken(watch, 3)).toEqual(['expire a=1', 'set a="new"', 'expire b=2'])
  })

  test('watch() of a namespace or a range sees that alone', async () => {
    const dict = opened<Record<string, unknown>>(kind)
    const inner = dict.namespace('n')
    const [within, ranged, prefixed] = [
      inner.watch(),
      dict.watch({ gt: 'b', lte: 'd' }),
      dict.watch({ prefix: 'k' }),
    ]
    for (const key of ['a', 'b', 'c', 'd', 'e', 'k1', 'k2']) dict.set(key, 1)
    inner.set('c', 2).namespace('deep').set('k', 3)
    dict.flushSync()
    expect(await taken(within, 2)).toEqual(['set n/c=2', 'set n/deep/k=3'])
    expect(await taken(ranged, 2)).toEqual(['set c=1', 'set d=1'])
    expect(await taken(prefixed, 2)).toEqual(['set k1=1', 'set k2=1'])
    expect(() => dict.watch({ limit: 5 } as never)).toThrow(OptionError)
    expect(() => dict.watch({ prefx: 'k' } as never)).toThrow(/"prefix"/)
    expect(() => dict.watch({}, { sginal: 1 } as never)).toThrow(/"signal"/)
  })

  test('watch() coalesces: of sets of one key that nobody has read yet, the last one comes', async () => {
    const dict = opened<Record<string, unknown>>(kind, { durability: 'commit' })
    const watch = dict.watch()
    for (let n = 0; n < 100; n++) dict.set('a', n)
    dict.set('b', 1)
    expect(await taken(watch, 2)).toEqual(['set a=99', 'set b=1'])
  })

  test('watch() ends with break, return(), its signal, and close()', async () => {
    const dict = opened<Record<string, unknown>>(kind, { durability: 'commit' })
    const controller = new AbortController()
    const watches = [dict.watch(), dict.watch({}, { signal: controller.signal }), dict.watch()]
    const ends = watches.map((watch) => watch.next())
    await watches[0]?.return?.()
    controller.abort()
    dict.set('a', 1)
    expect(shown((await ends[2])?.value)).toBe('set a=1')
    const last = watches[2]?.next()
    dict.close()
    for (const end of [ends[0], ends[1], last]) {
      expect(await end).toEqual({ done: true, value: undefined })
    }
    const reopened = opened<Record<string, unknown>>(kind)
    setImmediate(() => reopened.set('a', 1))
    for await (const event of reopened.watch()) {
      expect(shown(event)).toBe('set a=1')
      break
    }
  })
})

test('on lmdb, the end of an entry over 1 MiB is told without its value; under a long key, by resync', async () => {
  const dict = opened<Record<string, unknown>>('lmdb', { durability: 'commit' })
  const large = randomBytes(2 ** 20)
  // Of a longer one than LMDB takes, only the record has the key, and it is too large to be kept.
  const long = 'x'.repeat(2_000)
  dict.setMany({ short: large, [long]: large, small: 1 })
  const watch = dict.watch()
  dict.delete('short')
  dict.delete(long)
  dict.set(long, 1)
  dict.delete(long)
  expect(await taken(watch, 3)).toEqual(['resync', 'delete short=undefined', `delete ${long}=1`])
  dict.delete('small')
  expect(await taken(watch, 1)).toEqual(['delete small=1'])
})

test('nothing is logged while nobody watches, nor later than 30 s after the last watcher', async () => {
  const clock = new FakeClock()
  const store = memoryStore()
  using dict = open<Record<string, unknown>>(store, {
    clock,
    durability: 'commit',
    background: false,
  })
  const logged = () => Math.max(0, store.scan('changes', {}, 100).length - 1)
  dict.set('a', 1)
  expect(store.scan('changes', {}, 100)).toEqual([])
  const watch = dict.watch()
  dict.set('a', 2)
  expect(logged()).toBe(1)
  // It says again and again that it is there.
  clock.advance(60_000)
  dict.set('a', 3)
  expect(logged()).toBe(2)
  await watch.return?.()
  dict.set('a', 4)
  clock.advance(30_000)
  dict.set('a', 5)
  expect(logged()).toBe(3)
  const again = dict.watch()
  expect(logged()).toBe(0)
  dict.set('a', 6)
  expect(await taken(again, 1)).toEqual(['set a=6'])
})

test('watch() whose process slept through its time is told to resync', async () => {
  const clock = new FakeClock()
  const store = memoryStore()
  using dict = open<Record<string, unknown>>(store, {
    clock,
    durability: 'commit',
    background: false,
  })
  const watch = dict.watch()
  dict.set('a', 1)
  expect(await taken(watch, 1)).toEqual(['set a=1'])
  const { now } = clock
  // Time passes, and no timer of this process runs.
  clock.now = () => now.call(clock) + 100_000
  dict.set('a', 2)
  clock.advance(10_000)
  dict.set('a', 3)
  expect(await taken(watch, 2)).toEqual(['resync', 'set a=3'])
})

test('watch() that is 8,192 changes behind is told to resync, and goes on', async () => {
  const dict = opened<Record<string, unknown>>('memory', { durability: 'commit' })
  const watch = dict.watch()
  dict.setMany(Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`k${n}`, n])))
  dict.setMany(Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`l${n}`, n])))
  const [first, second] = await taken(watch, 2)
  expect([first, second]).toEqual(['resync', 'set k1808=1808'])
  // More in one transaction than are kept.
  dict.setMany(Object.fromEntries(Array.from({ length: 9_000 }, (_, n) => [`m${n}`, n])))
  dict.set('last', 1)
  let event = ''
  while (event !== 'resync') event = shown((await watch.next()).value)
  expect(await taken(watch, 1)).toEqual(['set last=1'])
})
