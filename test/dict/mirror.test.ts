import { expect, onTestFinished, test } from 'vitest'
import type { AsyncPersistDict } from '../../src/dict/async-persist-dict.js'
import { OptionError } from '../../src/errors/option-error.js'
import { openAsync } from '../../src/open/open-async.js'
import { asyncMemoryStore } from '../../src/store/async-memory.js'
import { type Mirror, type MirrorOptions, mirror } from '../../src/tiered.js'

type Bag = Record<string, unknown>

/** So long that no look comes by itself. */
const NEVER_MS = 2 ** 30

async function far(): Promise<AsyncPersistDict<Bag>> {
  const dict = await openAsync<Bag>({ store: asyncMemoryStore() })
  onTestFinished(() => dict.close())
  return dict
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

test('a change is sent by itself, and that of another is seen by itself', async () => {
  const dict = await far()
  const [one, other] = [
    await mirrored(dict, { refreshMs: 5 }),
    await mirrored(dict, { refreshMs: 5 }),
  ]
  one.object.a = 1
  while (other.object.a !== 1) await new Promise((resolve) => setTimeout(resolve, 1))
  expect(await dict.get('a')).toBe(1)
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

test('close() sends what is left, and mirror() refuses what it does not take', async () => {
  const dict = await far()
  const copy = await mirrored(dict)
  copy.object.a = 1
  await copy.close()
  await copy.close()
  expect(await dict.get('a')).toBe(1)
  await expect(mirror(dict, { refresh: 1 } as never)).rejects.toThrow('"refreshMs"')
  await expect(mirror(dict, { refreshMs: 0 })).rejects.toThrow(OptionError)
})
