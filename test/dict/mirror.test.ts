import { expect, onTestFinished, test } from 'vitest'
import { nextTurn } from '../../src/clock.js'
import type { AsyncPersistDict } from '../../src/dict/async-persist-dict.js'
import { OptionError } from '../../src/errors/option-error.js'
import { UnsupportedError } from '../../src/errors/store-errors.js'
import { openAsync } from '../../src/open/open-async.js'
import { asyncMemoryStore } from '../../src/store/async-memory.js'
import type { RowJournal } from '../../src/store/async-store.js'
import { MOST_LOGGED } from '../../src/store/bounded-log.js'
import { type Mirror, type MirrorOptions, mirror } from '../../src/tiered.js'

type Bag = Record<string, unknown>

/** So long that nothing is looked for: what comes has been told. */
const NEVER_MS = 2 ** 30

async function far(): Promise<AsyncPersistDict<Bag>> {
  const dict = await openAsync<Bag>({ store: asyncMemoryStore() })
  onTestFinished(() => dict.close())
  return dict
}

/** Over a store that does not tell what anyone changes. */
async function silent(): Promise<AsyncPersistDict<Bag>> {
  const store = new Proxy(asyncMemoryStore(), {
    get(inner, name) {
      if (name === 'journal') return undefined
      const member = Reflect.get(inner, name, inner)
      return typeof member === 'function' ? member.bind(inner) : member
    },
  })
  const dict = await openAsync<Bag>({ store })
  onTestFinished(() => dict.close())
  return dict
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1))
}

async function mirrored(
  dict: AsyncPersistDict<Bag>,
  options?: MirrorOptions,
): Promise<Mirror<Bag>> {
  const copy = await mirror<Bag>(dict, options ?? { refreshMs: NEVER_MS })
  onTestFinished(() => copy.close())
  return copy
}

test('mirror() has all that the dict has, with deadlines and tags', async () => {
  const dict = await far()
  const expiresAt = Date.now() + 86_400_000
  await dict.set('a', { n: 1 }, { expiresAt, tags: ['t'] })
  await dict.set('ever', 1)
  const { object, dict: here } = await mirrored(dict)
  expect({ ...object }).toEqual({ a: { n: 1 }, ever: 1 })
  expect(here.getEntry('a')).toMatchObject({ expiresAt, tags: ['t'] })
  expect(here.ttl('ever')).toBe(Number.POSITIVE_INFINITY)
})

test('changes of a mirror, also within a value, are sent; those of others are taken over', async () => {
  const dict = await far()
  const [one, other] = [await mirrored(dict), await mirrored(dict)]
  one.object.list = [1]
  ;(one.object.list as number[]).push(2)
  one.object.gone = 1
  await one.sync()
  await other.sync()
  expect({ ...other.object }).toEqual({ list: [1, 2], gone: 1 })
  delete other.object.gone
  other.object.list = 'other'
  await other.sync()
  await one.sync()
  expect({ ...one.object }).toEqual({ list: 'other' })
  expect(await dict.toObject()).toEqual({ list: 'other' })
})

test('of two changes of one key, the last one that is sent wins, on both sides', async () => {
  const dict = await far()
  const [one, other] = [await mirrored(dict), await mirrored(dict)]
  one.object.a = 'one'
  other.object.a = 'other'
  await one.sync()
  await other.sync()
  await one.sync()
  expect([one.object.a, other.object.a, await dict.get('a')]).toEqual(['other', 'other', 'other'])
})

test('a change is sent by itself, and that of another comes by itself: sets, deletes, clear()', async () => {
  const dict = await far()
  const [one, other] = [await mirrored(dict), await mirrored(dict)]
  one.object.a = 1
  one.object.b = 1
  await until(() => other.object.a === 1 && other.object.b === 1)
  expect(await dict.getMany(['a', 'b'])).toEqual([1, 1])
  const expiresAt = Date.now() + 86_400_000
  await dict.set('a', { n: 2 }, { expiresAt, tags: ['t'] })
  await dict.delete('b')
  for (const { dict: here } of [one, other]) {
    await until(() => here.size === 1 && here.getEntry('a')?.expiresAt === expiresAt)
    expect(here.getEntry('a')).toMatchObject({ value: { n: 2 }, tags: ['t'] })
  }
  // Keys of a namespace within are others.
  await dict.namespace('n').set('a', 'inner')
  await dict.set('c', 1)
  await until(() => one.object.c === 1)
  expect({ ...one.object }).toEqual({ a: { n: 2 }, c: 1 })
  await dict.clear()
  await until(() => one.dict.size === 0 && other.dict.size === 0)
})

test('what no watcher is told is found by looking: an invalidated tag', async () => {
  const dict = await far()
  await dict.set('a', 1, { tags: ['t'] })
  const copy = await mirrored(dict, { refreshMs: 5 })
  await dict.invalidateTag('t')
  await until(() => copy.dict.size === 0)
})

test('over a store that tells nothing, a mirror looks', async () => {
  const dict = await silent()
  expect(() => dict.watch()).toThrow(UnsupportedError)
  const copy = await mirrored(dict, { refreshMs: 5 })
  await dict.set('a', 1)
  await until(() => copy.object.a === 1)
})

test('an expiry is not sent on: a deadline that another has put off counts', async () => {
  const dict = await silent()
  // Longer than it takes to copy it and to put it off, on a busy machine too.
  await dict.set('key', 1, { ttl: 2_000 })
  const copy = await mirrored(dict)
  await dict.expire('key', null)
  await until(() => !copy.dict.has('key'))
  await copy.sync()
  expect([await dict.get('key'), copy.dict.get('key')]).toEqual([1, 1])
  expect(copy.dict.ttl('key')).toBe(Number.POSITIVE_INFINITY)
})

test('a mirror that is too far behind to be told takes over everything', async () => {
  const dict = await far()
  const copy = await mirrored(dict)
  const watch = dict.watch()
  // More in one commit than is kept: nothing of it is told.
  await dict.setMany(Array.from({ length: MOST_LOGGED + 1 }, (_, n) => [`k${n}`, n] as const))
  expect((await watch.next()).value).toEqual({ event: 'resync' })
  await until(() => copy.dict.size === MOST_LOGGED + 1)
  expect(copy.object.k7).toBe(7)
})

test('a failure of the watch is told; what it missed is taken over once it goes on', async () => {
  const store = asyncMemoryStore()
  const journal = store.journal as RowJournal
  const read = journal.read.bind(journal)
  const dict = await openAsync<Bag>({ store })
  onTestFinished(() => dict.close())
  const copy = await mirrored(dict)
  const errors: unknown[] = []
  copy.onError((error) => errors.push(error))
  journal.read = () => Promise.reject(new Error('down'))
  await dict.set('a', 1)
  await until(() => errors.length > 0)
  expect(errors).toEqual([new Error('down')])
  journal.read = read
  await until(() => copy.object.a === 1)
})

test('a change that comes while others are sent is not left behind', async () => {
  // Nor does the store tell of what is sent, which would be reason to look again.
  const dict = await silent()
  const copy = await mirrored(dict)
  const set = dict.set.bind(dict)
  let isLate = false
  dict.set = async (...args) => {
    if (args[0] === 'b' && !isLate) {
      isLate = true
      // This run has passed by it. Commits are told when the turn ends: before this run does.
      copy.dict.set('a', 2).flushSync()
      await nextTurn()
    }
    return set(...args)
  }
  copy.dict.setMany({ a: 1, b: 1 })
  while ((await dict.get('a')) !== 2) await new Promise((resolve) => setTimeout(resolve, 1))
})

test('a failure in the background is told, and what failed is sent later', async () => {
  const dict = await far()
  const copy = await mirrored(dict, { refreshMs: 5 })
  const set = dict.set.bind(dict)
  dict.set = () => Promise.reject(new Error('down'))
  const heard = new Promise((resolve) => copy.onError(resolve))
  copy.object.a = 1
  expect(await heard).toMatchObject({ message: 'down' })
  dict.set = set
  while ((await dict.get('a')) !== 1) await new Promise((resolve) => setTimeout(resolve, 1))
})

test('close() sends what is left and ends the watch; mirror() refuses what it does not take', async () => {
  const dict = await far()
  const watch = dict.watch.bind(dict)
  const watches: AsyncIterator<unknown>[] = []
  dict.watch = (...args) => {
    const made = watch(...args)
    watches.push(made)
    return made
  }
  const copy = await mirrored(dict)
  copy.object.a = 1
  await copy.close()
  await copy.close()
  await dict.set('b', 1)
  expect(await Promise.all(watches.map((made) => made.next()))).toEqual([
    { done: true, value: undefined },
  ])
  await expect(mirror(dict, { refresh: 1 } as never)).rejects.toThrow('"refreshMs"')
  await expect(mirror(dict, { refreshMs: 0 })).rejects.toThrow(OptionError)
  for (const wrong of [undefined, null, 5, {}]) {
    await expect(mirror(wrong as never)).rejects.toThrow(OptionError)
  }
})
