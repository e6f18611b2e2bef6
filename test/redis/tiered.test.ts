/** LMDB near and Redis far: two hosts are two near directories on one server, which dies and comes back. */
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  type AsyncPersistDict,
  aesGcm,
  lmdbStore,
  openAsync,
  UnreachableError,
} from '../../src/index.js'
import { redisStore } from '../../src/redis.js'
import type { AsyncStore } from '../../src/store/async-store.js'
import { type TieredOptions, tiered } from '../../src/tiered.js'
import { startChild } from '../processes/child.js'
import { tempDirectory } from '../processes/temp-directory.js'
import { newPrefix } from './prefix.js'
import { redisUrl } from './redis-url.js'
import { ownServer, until } from './rows.js'

type Dict = AsyncPersistDict<Record<string, number>>

/** Keeps what it has acknowledged, whatever happens to it. */
const DURABLE = ['--appendonly', 'yes', '--appendfsync', 'always']

/** So long do calls wait for an absent server. */
const TIMEOUT_MS = 2_000

interface Place {
  readonly url: string
  readonly prefix: string
  /** Of the near store: one for each host. */
  readonly directory?: string
  /** Nothing is sent before it is done. */
  readonly untilSending?: Promise<void>
}

function sendingFrom(untilSending: Promise<void> | undefined, store: AsyncStore): AsyncStore {
  if (untilSending === undefined) return store
  const commit: AsyncStore['commit'] = async (batch) => {
    await untilSending
    return store.commit(batch)
  }
  return new Proxy(store, {
    get(_, name) {
      if (name === 'commit') return commit
      const member: unknown = Reflect.get(store, name, store)
      return typeof member === 'function' ? member.bind(store) : member
    },
  })
}

/** A dict of one host. Without a read cache, so that the tiers answer. */
async function opened(
  place: Place,
  options: Partial<TieredOptions> = {},
  isThere = false,
): Promise<Dict> {
  const { url, prefix, directory = tempDirectory(), untilSending } = place
  const far = sendingFrom(untilSending, redisStore({ url, prefix, timeout: TIMEOUT_MS }))
  const store = tiered({ near: lmdbStore(directory), far, ...options })
  // What is read before it hears of changes is not kept, and what opening reads is read once.
  if (isThere) await until(() => far.hears)
  const dict = await openAsync<Record<string, number>>({ store, cache: { maxEntries: 0 } })
  onTestFinished(() => dict.close())
  dict.on('error', () => {})
  return dict
}

/** The same where there is a server. On a busy machine it may take several attempts to connect in time. */
function host(place: Place, options?: Partial<TieredOptions>): Promise<Dict> {
  return patiently(() => opened(place, options, true))
}

/** Opens where there is a server, again and again until the time was enough. */
async function patiently<T>(open: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await open()
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error
    }
  }
}

/** Does something again and again until it is done: on a busy machine, a timeout may be too short. */
function atLast(what: () => Promise<unknown>): Promise<void> {
  return until(() =>
    what().then(
      () => true,
      () => false,
    ),
  )
}

/** What the server has, asked without tiers. */
async function inRedis({ url, prefix }: Place): Promise<Map<string, number>> {
  const dict = await openAsync<Record<string, number>>(redisStore({ url, prefix }))
  try {
    const found = new Map<string, number>()
    for await (const [key, value] of dict.entries()) found.set(key as string, value as number)
    return found
  } finally {
    await dict.close()
  }
}

const engineOf = async (dict: Dict) => (await dict.stats()).engine as Record<string, number>

/** Reads keys until it has copies of all of them: word of a change may come after a read. */
async function copied(dict: Dict, keys: string[]): Promise<void> {
  await until(async () => {
    const { farReads } = await engineOf(dict)
    await dict.getMany(keys)
    return (await engineOf(dict)).farReads === farReads
  })
}

describe.each(['through', 'behind'] as const)("with write '%s'", (write) => {
  test('each host answers from its own copies until another one writes, and then anew', async () => {
    const place = { url: redisUrl(), prefix: newPrefix() }
    const [one, other] = [await host(place, { write }), await host(place, { write })]
    const expiresAt = Date.now() + 3_600_000
    await one.set('dies', 1, { expiresAt })
    await one.setMany({ stays: 2, goes: 3 })
    await one.flush()
    const keys = ['dies', 'stays', 'goes', 'absent']
    const read = () => Promise.all(keys.map((key) => other.get(key)))
    expect(await read()).toEqual([1, 2, 3, undefined])
    // Only once it hears of changes may it keep what it has read.
    await copied(other, keys)
    expect(await read()).toEqual([1, 2, 3, undefined])
    const entries = await Promise.all(['dies', 'stays'].map((key) => other.getEntry(key)))
    expect(entries.map((entry) => entry?.expiresAt)).toEqual([expiresAt, undefined])
    await one.set('stays', 20)
    await one.delete('goes')
    await one.set('absent', 40)
    await one.expire('dies', null)
    await until(async () => String(await read()) === '1,20,,40')
    await until(async () => (await other.ttl('dies')) === Number.POSITIVE_INFINITY)
    await one.clear()
    await until(async () => String(await read()) === ',,,')
    // The other one may hear of it before this one is answered.
    await until(async () => (await engineOf(one)).queueLength === 0)
    expect(await engineOf(one)).toMatchObject({ lagMs: 0 })
  })
})

test('a far store that is killed under load and comes back gets every write behind', async () => {
  const server = await ownServer(...DURABLE)
  const place = { url: server.url, prefix: 'app' }
  const hosts = [await host(place, { write: 'behind' }), await host(place, { write: 'behind' })]
  let isOver = false
  const last = new Map<string, number>()
  const load = hosts.map(async (dict, name) => {
    for (let round = 0; !isOver; round++) {
      const key = `${name} ${round % 40}`
      await dict.set(key, round)
      last.set(key, round)
      // Nothing in this waits for anything outside of the process.
      await new Promise(setImmediate)
    }
  })
  await until(() => last.size === 80)
  await server.kill()
  for (const dict of hosts) {
    await until(async () => {
      const { queueLength = 0, lagMs = 0, farFailures = 0 } = await engineOf(dict)
      return queueLength > 20 && lagMs > 100 && farFailures > 0
    })
  }
  await server.start()
  isOver = true
  await Promise.all(load)
  for (const dict of hosts) {
    await until(async () => (await engineOf(dict)).queueLength === 0)
    expect(await engineOf(dict)).toMatchObject({ lagMs: 0 })
  }
  expect(await inRedis(place)).toEqual(last)
})

test('what a killed host had acknowledged and not sent, the next process on its directory sends', async () => {
  const server = await ownServer(...DURABLE)
  const place = { url: server.url, prefix: 'app', directory: tempDirectory() }
  const child = startChild('behind-writer.mjs', [place.url, place.prefix, place.directory])
  await child.line((line) => line === 'open')
  await server.kill()
  child.process.stdin?.write('go\n')
  await child.line((line) => line === '25')
  child.process.kill('SIGKILL')
  const { stdout } = await child.ended
  await server.start()
  // It sends at once: otherwise nobody could see what had been left.
  let send = () => {}
  const untilSending = new Promise<void>((resolve) => {
    send = resolve
  })
  const next = await host({ ...place, untilSending }, { write: 'behind' })
  expect((await engineOf(next)).queueLength).toBeGreaterThan(25)
  send()
  await atLast(() => next.flush())
  const found = await inRedis(place)
  for (const line of stdout.trim().split('\n').slice(1)) {
    expect(found.get(`key ${line}`)).toBe(Number(line))
  }
})

test('an encrypted dict, whose keys are all hashed, takes writes behind while the server is away', async () => {
  const server = await ownServer(...DURABLE)
  const [url, prefix] = [server.url, 'app']
  const cipher = aesGcm({ keys: [Buffer.alloc(32, 7)] })
  const dict = await patiently(() => {
    const near = lmdbStore(tempDirectory())
    const store = tiered({
      near,
      far: redisStore({ url, prefix, timeout: TIMEOUT_MS }),
      write: 'behind',
    })
    return openAsync<Record<string, number>>({ store, cipher, cache: { maxEntries: 0 } })
  })
  onTestFinished(() => dict.close())
  dict.on('error', () => {})
  await dict.setMany({ a: 1, b: 2 })
  await atLast(() => dict.flush())
  await server.kill()
  await dict.set('a', 10)
  await dict.setMany({ c: 3, d: 4 })
  expect(await dict.get('c')).toBe(3)
  await server.start()
  await atLast(() => dict.flush())
  const other = await openAsync<Record<string, number>>({
    store: redisStore({ url, prefix }),
    cipher,
  })
  onTestFinished(() => other.close())
  expect(await other.toObject()).toEqual({ a: 10, b: 2, c: 3, d: 4 })
})

test('long keys, which are hashed, are written behind while the server is away, and read', async () => {
  const server = await ownServer(...DURABLE)
  const place = { url: server.url, prefix: 'app' }
  const dict = await host(place, { write: 'behind' })
  const long = (name: string) => `${'k'.repeat(600)} ${name}`
  await dict.setMany({ [long('known')]: 1, short: 2 })
  await atLast(() => dict.flush())
  await server.kill()
  await dict.set(long('known'), 10)
  await dict.set(long('new'), 3)
  await dict.setMany({ [long('more')]: 4, plain: 5 })
  expect(await dict.get(long('new'))).toBe(3)
  expect(await dict.getMany([long('known'), long('more')])).toEqual([10, 4])
  await dict.set(long('new'), 30)
  await server.start()
  await atLast(() => dict.flush())
  expect(await inRedis(place)).toEqual(
    new Map([
      [long('known'), 10],
      [long('more'), 4],
      [long('new'), 30],
      ['plain', 5],
      ['short', 2],
    ]),
  )
})

test('a full queue refuses writes while the server is away, loses none, and goes on when it is back', async () => {
  const server = await ownServer(...DURABLE)
  const place = { url: server.url, prefix: 'app' }
  const dict = await host(place, { write: 'behind', maxQueued: 10 })
  await dict.set('first', 0)
  await atLast(() => dict.flush())
  await server.kill()
  for (let at = 0; at < 10; at++) await dict.set(`key ${at}`, at)
  const calls = [dict.set('one more', 1), dict.flush()]
  await Promise.all(calls.map((call) => expect(call).rejects.toThrow(UnreachableError)))
  expect(await engineOf(dict)).toMatchObject({ queueLength: 10 })
  await server.start()
  await atLast(() => dict.set('one more', 1))
  await atLast(() => dict.flush())
  expect((await inRedis(place)).size).toBe(12)
})

test("while the server is away, 'throw' rejects and 'serve-near' answers, and both recover", async () => {
  const server = await ownServer(...DURABLE)
  const place = { url: server.url, prefix: 'app' }
  const strict = await host(place)
  const lenient = await host(place, { onFarError: 'serve-near' })
  const errors: unknown[] = []
  lenient.on('error', (error) => errors.push(error))
  await strict.setMany({ a: 1, b: 2 })
  await strict.set('short', 3, { ttl: 1_500 })
  for (const dict of [strict, lenient])
    expect(await dict.getMany(['a', 'b', 'short'])).toBeDefined()
  await copied(lenient, ['a', 'b'])
  await server.kill()
  await until(async () => (await lenient.get('short')) === undefined)
  expect(await lenient.getMany(['a', 'b'])).toEqual([1, 2])
  expect((await engineOf(lenient)).servedNear).toBeGreaterThan(0)
  expect(errors.some((error) => error instanceof UnreachableError)).toBe(true)
  const calls = [strict.get('a'), lenient.get('never read'), lenient.set('a', 10), lenient.size()]
  await Promise.all(calls.map((call) => expect(call).rejects.toThrow(UnreachableError)))
  await server.start()
  await atLast(() => strict.set('a', 100))
  await until(async () => (await lenient.get('a')) === 100)
  expect(await strict.get('a')).toBe(100)
})

test('a host that starts while the server is away answers from what it had, or refuses, as it is told', async () => {
  const server = await ownServer(...DURABLE)
  const place = { url: server.url, prefix: 'app', directory: tempDirectory() }
  const other = await host({ ...place, directory: tempDirectory() })
  await other.set('a', 1)
  const before = await host(place)
  await copied(before, ['a'])
  await before.close()
  await server.kill()
  await expect(opened(place)).rejects.toThrow(UnreachableError)
  const after = await opened(place, { onFarError: 'serve-near', write: 'behind' })
  expect(await after.get('a')).toBe(1)
  await after.set('b', 2)
  await server.start()
  await atLast(() => after.flush())
  expect(await inRedis(place)).toEqual(new Map(Object.entries({ a: 1, b: 2 })))
})
