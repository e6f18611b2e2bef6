/** maxIdle over one server by several processes: what they tell each other of reads, and what they do not. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { type AsyncPersistDict, lmdbStore, openAsync } from '../../src/index.js'
import { redisStore } from '../../src/redis.js'
import type { AsyncStore } from '../../src/store/async-store.js'
import { tiered } from '../../src/tiered.js'
import { FakeClock } from '../fake-clock.js'
import { tempDirectory } from '../processes/temp-directory.js'
import { newPrefix } from './prefix.js'
import { redisUrl } from './redis-url.js'
import { ownServer, until } from './rows.js'

type Dict = AsyncPersistDict<Record<string, number>>
const MINUTE = 60_000
const DAY = 86_400_000

async function opened(
  store: AsyncStore,
  clock: FakeClock | undefined,
  options = {},
): Promise<Dict> {
  const dict = await openAsync<Record<string, number>>(store, {
    ...(clock && { clock }),
    maxIdle: '30d',
    background: 'disabled',
    ...options,
  })
  onTestFinished(() => dict.close())
  return dict
}

/** Two processes as far as the store can tell: their identities differ by the address. */
function twoStores(options = {}): [AsyncStore, AsyncStore] {
  const [url, prefix] = [redisUrl(), newPrefix()]
  const other = url.replace('127.0.0.1', 'localhost')
  // On a busy machine, an answer may take its time.
  const all = { prefix, timeout: 60_000, ...options }
  return [redisStore({ url, ...all }), redisStore({ url: other, ...all })]
}

describe.each([1, 3])('in %i parts', (parts) => {
  test('a read in one process keeps an entry that another process sweeps, and spoils nobody a cache', async () => {
    const [oneStore, otherStore] = twoStores({ parts })
    const clock = new FakeClock(Date.now() + 1_000)
    // Not of days: who watches tells the server so every few seconds.
    const options = { maxIdle: 50 * MINUTE }
    const one = await opened(oneStore, clock, options)
    const other = await opened(otherStore, clock, options)
    await one.setMany({ read: 1, idle: 2 })
    await other.get('read')
    await until(() => otherStore.hears)
    const told: string[] = []
    otherStore.onInvalidate((_, key) => void (key && told.push(Buffer.from(key).toString())))
    const changes = other.watch()
    const keys: unknown[] = []
    const seen = (async () => {
      for await (const change of changes) {
        if ('key' in change) keys.push(change.key)
        // After a gap, nobody knows what is still to come.
        if (keys.at(-1) === 'idle' || change.event === 'resync') return
      }
    })()
    clock.advance(30 * MINUTE)
    await one.get('read')
    const readAt = clock.now()
    // The read is written after some seconds.
    clock.advance(5_000)
    await until(async () => (await other.getEntry('read'))?.accessedAt === readAt)
    // What was told comes in order. A connection that is lost meanwhile makes it come again.
    await until(async () => {
      await one.set('later', 1)
      return told.some((key) => key.endsWith('later'))
    })
    expect(told.filter((key) => key.endsWith('read'))).toEqual([])
    clock.advance(25 * MINUTE)
    expect(await other.sweep()).toBe(1)
    expect(await one.has('read')).toBe(true)
    expect(await one.has('idle')).toBe(false)
    await seen
    expect(keys).not.toContain('read')
  })
})

test('an entry that the server drops at its deadline leaves no time of use', async () => {
  const [store] = twoStores()
  const dict = await opened(store, undefined, { maxIdle: '1d' })
  await dict.set('stays', 1)
  expect(await dict.getEntry('stays')).toMatchObject({ accessedAt: expect.any(Number) })
  // Who listens to what the server drops settles it at once.
  dict.on('expire', () => {})
  await until(async () => {
    await dict.set('short', 1, { ttl: 100 })
    await until(async () => !(await dict.has('short')))
    await dict.sweep()
    // On a busy machine, the time may be noted when the entry has gone: then it is left over.
    return (await store.uses?.unused('rows', Number.MAX_SAFE_INTEGER, 10))?.length === 1
  })
})

test('idle entries go by themselves, in the background', async () => {
  const [store] = twoStores()
  const clock = new FakeClock(Date.now() + 1_000)
  const dict = await opened(store, clock, { maxIdle: '1h', background: true })
  const told: unknown[] = []
  dict.on('expire', ({ key, value }) => void told.push([key, value]))
  await dict.setMany({ used: 1, idle: 2 })
  await until(async () => {
    await dict.get('used')
    clock.advance(MINUTE)
    return told.length > 0
  })
  expect(told).toEqual([['idle', 2]])
  expect(await dict.get('used')).toBe(1)
})

test('while the server is away, reads from the near tier are noted and written when it is back', async () => {
  const server = await ownServer('--appendonly', 'yes', '--appendfsync', 'always')
  const clock = new FakeClock(Date.now() + 1_000)
  const far = redisStore({ url: server.url, timeout: 5_000 })
  const store = tiered({ near: lmdbStore(tempDirectory()), far, onFarError: 'serve-near' })
  const dict = await opened(store, clock, { cache: { maxEntries: 0 } })
  const errors: unknown[] = []
  dict.on('error', (error) => void errors.push(error))
  await until(() => far.hears)
  await dict.setMany({ read: 1, idle: 2 })
  await dict.sweep()
  // Word of a change may come after a read, whose copy is not kept then.
  await until(async () => {
    const { farReads } = (await dict.stats()).engine
    await dict.getMany(['read', 'idle'])
    return (await dict.stats()).engine.farReads === farReads
  })
  await server.kill()
  clock.advance(20 * DAY)
  await until(async () => (await dict.get('read').catch(() => undefined)) === 1)
  const readAt = clock.now()
  expect(await dict.getEntry('read')).toMatchObject({ value: 1, accessedAt: readAt })
  clock.advance(5_000)
  await until(() => errors.length > 0)
  await server.start()
  await until(() =>
    dict.sweep().then(
      () => true,
      () => false,
    ),
  )
  expect((await dict.getEntry('read'))?.accessedAt).toBe(readAt)
  clock.advance(11 * DAY)
  expect(await dict.sweep()).toBe(1)
  expect(await dict.has('read')).toBe(true)
})
