/** watch() and the expiry of single keys, over Redis and across processes. */
import { describe, expect, onTestFinished, test } from 'vitest'
import type { EntryEvent } from '../../src/dict/events/entry-event.js'
import type { WatchEvent } from '../../src/dict/events/watch.js'
import { type AsyncPersistDict, openAsync } from '../../src/index.js'
import { memoryStore } from '../../src/memory.js'
import type { AsyncStore } from '../../src/store/async-store.js'
import { MOST_LOGGED } from '../../src/store/bounded-log.js'
import { tiered } from '../../src/tiered.js'
import { FakeClock } from '../fake-clock.js'
import { runChild } from '../processes/child.js'
import { newPrefix } from './prefix.js'
import { redisUrl } from './redis-url.js'
import { ownServer, storeOn, until } from './rows.js'

type Shape = Record<string, unknown>

async function opened(
  store: AsyncStore,
  options: { readonly clock?: FakeClock } = {},
): Promise<AsyncPersistDict<Shape>> {
  const dict = await openAsync<Shape>(store, options)
  onTestFinished(() => dict.close())
  return dict
}

/** As another process: its identity differs by the address. */
const otherUrl = (url = redisUrl()) => url.replace('127.0.0.1', 'localhost')

function shown(event: WatchEvent | undefined): string {
  if (event === undefined) return 'ended'
  if (event.event === 'resync') return 'resync'
  if (event.event === 'clear') return `clear ${event.namespace.join('/')}`
  const { key, namespace, value } = event as EntryEvent
  return `${event.event} ${[...namespace, key].join('/')}=${JSON.stringify(value)}`
}

/** Events up to and with one. */
async function upTo(watch: AsyncIterator<WatchEvent>, last: string): Promise<string[]> {
  const events: string[] = []
  while (events.at(-1) !== last) events.push(shown((await watch.next()).value))
  return events
}

describe.each([
  ['one server', { parts: 1 }],
  ['one server, in parts', { parts: 3 }],
  ['one server, without tracking', { tracking: false }],
] as const)('on %s', (_, options) => {
  test('watch() tells what a process does that begins later and ends', async () => {
    const place = { url: redisUrl(), prefix: newPrefix(), ...options }
    const dict = await opened(storeOn(redisUrl(), place))
    const watch = dict.watch()
    const args = [JSON.stringify(place)]
    const child = await runChild('redis-changes.mjs', args)
    expect(child).toMatchObject({ code: 0, stderr: '' })
    // Sets that were set over before they were read are not told. Several parts have no order.
    const wanted = new Set(['delete a={"n":1}', 'set count=2', 'clear inner', 'set last="value"'])
    while (wanted.size > 0) {
      const event = shown((await watch.next()).value)
      expect(event).not.toBe('resync')
      wanted.delete(event)
    }
  })

  test('watch() of two dicts tells each what the other does', async () => {
    const prefix = newPrefix()
    const dict = await opened(storeOn(redisUrl(), { prefix, ...options }))
    const other = await opened(storeOn(otherUrl(), { prefix, ...options }))
    const watches = [dict.watch(), other.watch()] as const
    // Each write comes after the watch of its own dict has begun; that of the other may begin later.
    await Promise.all([dict.set('begun', 1), other.set('begun too', 1)])
    await dict.set('mine', 1)
    await other.set('theirs', 2)
    for (const watch of watches) {
      const events: string[] = []
      while (events.length < 2) {
        const event = shown((await watch.next()).value)
        if (!event.startsWith('set begun')) events.push(event)
      }
      expect(events.toSorted()).toEqual(['set mine=1', 'set theirs=2'])
    }
  })
})

test('watch() that is too far behind is told to resync, and goes on', async () => {
  const prefix = newPrefix()
  const dict = await opened(storeOn(redisUrl(), { prefix }))
  const other = await opened(storeOn(otherUrl(), { prefix }))
  const watch = dict.watch()
  // After it, the watch has begun.
  await dict.set('early', 1)
  for (let at = 0; at <= MOST_LOGGED; at += 1_024) {
    await other.setMany(Array.from({ length: 1_024 }, (_, n) => [`${at + n}`, 0] as const))
  }
  expect(shown((await watch.next()).value)).toBe('resync')
  await other.set('late', 1)
  expect(await upTo(watch, 'set late=1')).not.toContain('resync')
})

test('watch() goes on when the server comes back without its data: with resync', async () => {
  const server = await ownServer()
  const dict = await opened(storeOn(server.url))
  const told: unknown[] = []
  dict.on('error', (error) => told.push(error))
  const watch = dict.watch()
  await dict.set('a', 1)
  expect(shown((await watch.next()).value)).toBe('set a=1')
  await server.kill()
  await server.start()
  await until(() =>
    dict.set('b', 2).then(
      () => true,
      () => false,
    ),
  )
  const next = async (): Promise<string> => {
    // A read may come upon the lost connection: the next one tries again.
    for (;;) {
      try {
        return shown((await watch.next()).value)
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }
  }
  expect(await next()).toBe('resync')
  await dict.set('c', 3)
  let event = ''
  while (event !== 'set c=3') event = await next()
})

test('an entry that Redis drops is told to all who watch, in every process; one whose key is not known by resync', async () => {
  const prefix = newPrefix()
  const dict = await opened(storeOn(redisUrl(), { prefix }))
  const other = await opened(storeOn(otherUrl(), { prefix }))
  const watches = [dict.watch(), other.watch()]
  const heard: unknown[] = []
  const long = 'x'.repeat(600)
  // Each must be there before it expires, on a slow machine too.
  await dict.set('short', 1, { ttl: 1_000 })
  await dict.set(long, 2, { ttl: 1_000, onExpire: ({ key }) => void heard.push(key) })
  for (const watch of watches) {
    const wanted = new Set(['expire short=undefined', 'resync'])
    while (wanted.size > 0) wanted.delete(shown((await watch.next()).value))
  }
  // Whoever has set it knows its key.
  await until(() => heard.length > 0)
  expect(heard).toEqual([long])
})

for (const name of ['Redis', 'memory before Redis']) {
  test(`onExpire of set() hears of an expiry that another process has come upon, on ${name}`, async () => {
    const prefix = newPrefix()
    const far = storeOn(redisUrl(), { prefix })
    const dict = await opened(name === 'Redis' ? far : tiered({ near: memoryStore(), far }))
    const heard: unknown[] = []
    const onExpire = ({ key, value }: EntryEvent) => void heard.push([key, value])
    await dict.set('a', 1, { ttl: 60_000, onExpire })
    await dict.set('b', 2, { ttl: 60_000, onExpire })
    await dict.set('b', 3)
    // By its clock, the time has come.
    const clock = new FakeClock(Date.now() + 90_000)
    const other = await opened(storeOn(otherUrl(), { prefix }), { clock })
    expect(await other.sweep()).toBe(1)
    await until(() => heard.length > 0)
    expect(heard).toEqual([['a', 1]])
  })
}

test('nothing is noted while nobody watches', async () => {
  const server = await ownServer()
  const dict = await opened(storeOn(server.url, { prefix: 'app' }))
  await dict.set('a', 1)
  expect(await server.ask('EXISTS', '{app}:w:rows', '{app}:n:rows')).toBe(':0')
  const watch = dict.watch()
  await dict.set('b', 1)
  expect(await server.ask('LLEN', '{app}:n:rows')).toBe(':1')
  await watch.return?.()
  // Both go, soon after the last watcher.
  for (const name of ['{app}:w:rows', '{app}:n:rows']) {
    const ttl = Number((await server.ask('PTTL', name)).slice(1))
    expect(ttl).toBeGreaterThan(0)
    expect(ttl).toBeLessThanOrEqual(30_000)
  }
})

test('watch() is told to resync when a server without room has evicted the notes', async () => {
  const server = await ownServer()
  const dict = await opened(storeOn(server.url, { prefix: 'app' }))
  const watch = dict.watch()
  await dict.set('a', 1)
  await dict.set('b', 1)
  expect(await server.ask('DEL', '{app}:n:rows')).toBe(':1')
  await dict.set('c', 1)
  expect(await upTo(watch, 'set c=1')).toEqual(['resync', 'set c=1'])
})
