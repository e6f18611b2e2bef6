/**
 * A write that is taken to the server by what is assumed of its row: it costs one call where that is right,
 * and where it is wrong nothing of what others did is lost.
 */
import { describe, expect, onTestFinished, test } from 'vitest'
import { type AsyncOpenOptions, type AsyncPersistDict, aesGcm, openAsync } from '../../src/index.js'
import { redisStore } from '../../src/redis.js'
import { callsDuring } from './calls.js'
import { ownServer, until } from './rows.js'

type Dict = AsyncPersistDict<Record<string, number>>
type Options = AsyncOpenOptions<Record<string, number>, string>

const cipher = aesGcm({ keys: [Buffer.alloc(32, 1)] })

const KINDS: Record<string, Options> = {
  'a plain dict': {},
  'an encrypted dict with hidden names': { cipher },
}

/** Without tracking, a dict never hears that what it assumes is wrong. */
async function opened(url: string, options: Options = {}, tracking = false): Promise<Dict> {
  const dict = await openAsync<Record<string, number>>(redisStore({ url, tracking }), options)
  onTestFinished(() => dict.close())
  return dict
}

/** Two dicts of one server, as of two processes: the address tells them apart. */
async function two(options: Options = {}, tracking = false) {
  const { url } = await ownServer()
  const one = await opened(url, options, tracking)
  const other = await opened(url.replace('127.0.0.1', 'localhost'), options, tracking)
  return { url, one, other }
}

async function entryOf(dict: Dict, key: string) {
  const entry = await dict.getEntry(key)
  if (entry === undefined) throw new Error(`There is no ${key}.`)
  return entry
}

async function scriptsOf(url: string, work: () => Promise<unknown>): Promise<number> {
  return (await callsDuring(url, work)).scripts
}

async function inOrder(dict: Dict): Promise<string[]> {
  const keys: string[] = []
  for await (const key of dict.keys({ order: 'insertion' })) keys.push(key)
  return keys
}

/** Who asks for the row asks for a version, too: by a script, after which another one commits. */
const ASKED = 2

describe.each(Object.entries(KINDS))('in %s', (_, options) => {
  test('set() of what was written or of a next new key is one call of the server', async () => {
    const { url } = await ownServer()
    const dict = await opened(url, options)
    expect(await scriptsOf(url, () => dict.set('first', 0))).toBe(ASKED)
    for (let round = 0; round < 20; round++) {
      expect(await scriptsOf(url, () => dict.set('first', round))).toBe(1)
      expect(await scriptsOf(url, () => dict.set(`new ${round}`, round))).toBe(1)
    }
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`many ${at}`, at]))
    expect(await scriptsOf(url, () => dict.setMany(many))).toBe(1)
    expect(await scriptsOf(url, () => dict.setMany(many))).toBe(1)
    const updated = () => dict.update('first', (value = 0) => value + 1)
    await updated()
    expect(await scriptsOf(url, () => dict.set('first', 5))).toBe(1)
    await dict.set('first', 6, { ttl: '1h' })
    expect(await scriptsOf(url, () => dict.set('first', 7, { keepTtl: true }))).toBe(1)
    expect(await dict.ttl('first')).toBeLessThanOrEqual(3_600_000)
    expect(await dict.get('first')).toBe(7)
  })

  test('set() of a key that others have put meanwhile keeps its time of creation and its place', async () => {
    const { one, other } = await two(options)
    await one.set('a', 1)
    await one.set('b', 1)
    await other.delete('a')
    await other.set('a', 2)
    const theirs = await entryOf(other, 'a')
    // Here it is still taken for the first one.
    await one.set('a', 3)
    const ours = await entryOf(one, 'a')
    expect(ours).toMatchObject({ value: 3, createdAt: theirs.createdAt })
    expect(ours.version).toBeGreaterThan(theirs.version)
    expect(await inOrder(one)).toEqual(['b', 'a'])
  })

  test('set() of a key that is taken for new replaces what others have put meanwhile', async () => {
    const { one, other } = await two(options)
    await one.set('first', 0)
    await other.setMany({ a: 1, b: 1 })
    const { createdAt } = await entryOf(other, 'a')
    await one.set('a', 2)
    expect(await entryOf(one, 'a')).toMatchObject({ value: 2, createdAt })
    expect(await inOrder(one)).toEqual(['first', 'a', 'b'])
    expect(await one.size()).toBe(3)
  })

  test('set() of a key that others have deleted inserts it anew', async () => {
    const { one, other } = await two(options)
    await one.set('a', 1)
    await one.set('b', 1)
    await other.delete('a')
    await one.set('a', 2)
    expect(await inOrder(other)).toEqual(['b', 'a'])
    await other.clear()
    await one.setMany({ b: 3, a: 3 })
    expect(await inOrder(other)).toEqual(['b', 'a'])
  })
})

test('versions grow in the order of writes, and keys stay in the order of insertions, whoever writes', async () => {
  const { one, other } = await two()
  await one.set('shared', 0)
  let last = 0
  const wanted = ['shared']
  for (let round = 1; round <= 100; round++) {
    const dict = round % 3 === 0 ? other : one
    await dict.set('shared', round)
    const { version } = await entryOf(dict, 'shared')
    expect(version).toBeGreaterThan(last)
    last = version
    await dict.set(`key ${round}`, round)
    wanted.push(`key ${round}`)
  }
  expect(await inOrder(one)).toEqual(wanted)
})

test('of sets by two at once, each has a version of its own', async () => {
  const { one, other } = await two()
  const keys = Array.from({ length: 200 }, (_, at) => `key ${at}`)
  const half = (dict: Dict, part: number) =>
    Promise.all(keys.filter((_, at) => at % 2 === part).map((key) => dict.set(key, part)))
  for (let round = 0; round < 5; round++) await Promise.all([half(one, 0), half(other, 1)])
  const versions = await Promise.all(keys.map(async (key) => (await entryOf(one, key)).version))
  expect(new Set(versions).size).toBe(keys.length)
})

test('an entry that is set after others invalidated its tag is there', async () => {
  const { one, other } = await two()
  for (let round = 1; round <= 20; round++) {
    await one.set('a', round, { tags: ['t'] })
    await other.invalidateTag('t')
    await one.set('b', round, { tags: ['t'] })
    expect(await one.get('a')).toBe(undefined)
    expect(await other.get('b')).toBe(round)
  }
  await one.set('a', 1, { tags: ['t'] })
  await one.set('c', 1)
  await other.invalidateTag('t')
  // Not the same one: that is gone.
  await one.set('a', 2)
  expect(await inOrder(other)).toEqual(['c', 'a'])
})

test('what others changed is asked for again, once that is heard; what we changed is not', async () => {
  const { url, one, other } = await two({}, true)
  for (const dict of [one, other]) {
    // Until it hears, which it tells by keeping a value.
    await dict.set('sign', 1)
    await until(async () => {
      await dict.get('sign')
      return (await dict.stats()).cache.entries > 0
    })
  }
  // The tries of a slow machine, on which a connection counts as lost.
  await until(async () => {
    for (let round = 0; round < 3; round++) await one.set('a', round)
    return (await scriptsOf(url, () => one.set('a', 3))) === 1
  })
  await until(async () => {
    await one.set('a', 4)
    await other.set('a', 5)
    await until(async () => (await one.get('a')) === 5)
    await other.set('a', 6)
    await until(async () => (await one.get('a')) === 6)
    // What was read last is known as well.
    return (await scriptsOf(url, () => one.set('a', 7))) === 1
  })
  expect(await other.get('a')).toBe(7)
})

test('a server that lost its data takes what was known of its rows for what it is', async () => {
  const server = await ownServer()
  const dict = await opened(server.url)
  await dict.setMany({ a: 1, b: 1 })
  const { version } = await entryOf(dict, 'b')
  await server.kill()
  await server.start()
  await dict.set('b', 2)
  await dict.set('a', 2)
  expect((await entryOf(dict, 'b')).version).toBeGreaterThan(version)
  expect(await inOrder(dict)).toEqual(['b', 'a'])
})
