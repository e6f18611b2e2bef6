/** Computing once, and locks, of asynchronous dicts: what they share with PersistDict is tested there. */
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { AsyncPersistDict } from '../../src/dict/async-persist-dict.js'
import { openAsync } from '../../src/open/open-async.js'
import { tiered } from '../../src/open/tiered.js'
import { redisStore } from '../../src/redis.js'
import { asyncMemoryStore } from '../../src/store/async-memory.js'
import type { AsyncStore } from '../../src/store/async-store.js'
import { memoryStore } from '../../src/store/memory.js'
import type { SyncStore } from '../../src/store/sync-store.js'
import { FakeClock } from '../fake-clock.js'
import { newPrefix } from '../redis/prefix.js'
import { redisUrl } from '../redis/redis-url.js'

type Numbers = Record<string, number>

const STORES: readonly (readonly [string, () => AsyncStore | SyncStore])[] = [
  ['memory, asynchronous', asyncMemoryStore],
  ['memory, synchronous', memoryStore],
  ['tiers', () => tiered({ near: memoryStore(), far: asyncMemoryStore() })],
  ['redis', () => redisStore({ url: redisUrl(), prefix: newPrefix() })],
]

describe.each(STORES)('an asynchronous dict on %s', (_name, make) => {
  async function opened(): Promise<{ dict: AsyncPersistDict<Numbers>; clock: FakeClock }> {
    const clock = new FakeClock(Date.now())
    const dict = await openAsync<Numbers>(make(), { clock })
    onTestFinished(() => dict.close())
    return { dict, clock }
  }

  test('getOrSet() computes once for all, in every namespace by itself', async () => {
    const { dict } = await opened()
    let calls = 0
    const ask = (of: typeof dict) =>
      of.getOrSet('a', async () => {
        await turn()
        return ++calls
      })
    const inner = dict.namespace<Numbers>('inner')
    const all = await Promise.all([...new Array(50)].flatMap(() => [ask(dict), ask(inner)]))
    expect([...new Set(all)].sort()).toEqual([1, 2])
    expect(calls).toBe(2)
    expect(await dict.get('a')).not.toBe(await inner.get('a'))
  })

  test('getOrSet() with grace serves the old value when computing fails', async () => {
    const { dict, clock } = await opened()
    const options = { ttl: 1_000, grace: 60_000 }
    const failing = () => dict.getOrSet('a', () => Promise.reject(new Error('down')), options)
    expect(await dict.getOrSet('a', () => 1, options)).toBe(1)
    clock.advance(1_000)
    expect(await dict.get('a')).toBeUndefined()
    expect(await dict.has('a')).toBe(false)
    expect(await failing()).toBe(1)
    clock.advance(60_000)
    await expect(failing()).rejects.toThrow('down')
  })

  test('getOrSet() with staleWhileRevalidate serves the old value and refreshes it', async () => {
    const { dict, clock } = await opened()
    let calls = 0
    const ask = () =>
      dict.getOrSet('a', () => ++calls, { ttl: 1_000, staleWhileRevalidate: 60_000 })
    expect(await ask()).toBe(1)
    clock.advance(1_000)
    expect(await ask()).toBe(1)
    while ((await dict.get('a')) !== 2) await turn()
  })

  test('getOrSet() throws what its function throws, and keeps it with errorTtl', async () => {
    const { dict } = await opened()
    let calls = 0
    const ask = () =>
      dict.getOrSet(
        'a',
        () => {
          calls++
          throw new TypeError('no')
        },
        { errorTtl: '1m' },
      )
    await expect(ask()).rejects.toThrow(new TypeError('no'))
    await expect(ask()).rejects.toThrow(new TypeError('no'))
    expect(calls).toBe(1)
  })

  test('memoize() and memoizeMany() keep their values apart from the entries', async () => {
    const { dict } = await opened()
    let calls = 0
    const add = dict.memoize((a: number, b: number) => a + b + 0 * ++calls, { name: 'add' })
    expect([await add(1, 2), await add(1, 2), await add.peek(1, 2), calls]).toEqual([3, 3, 3, 1])
    expect([await add.invalidate(1, 2), await add.peek(1, 2)]).toEqual([true, undefined])
    const batches: number[][] = []
    const squares = dict.memoizeMany(
      (items: number[]) => {
        batches.push(items)
        return items.map((n) => n * n)
      },
      { name: 'square', batchSize: 2 },
    )
    expect(await squares([1, 2, 1, 3])).toEqual([1, 4, 1, 9])
    expect(await squares([3, 4])).toEqual([9, 16])
    expect(batches).toEqual([[1, 2], [3], [4]])
    expect(await dict.size()).toBe(0)
  })

  test('lock() excludes others, and close() gives it back', async () => {
    const { dict } = await opened()
    const order: string[] = []
    const task = (name: string) =>
      dict.withLock('job', async () => {
        order.push(`${name} in`)
        await turn()
        order.push(`${name} out`)
      })
    await Promise.all([task('a'), task('b')])
    expect(order).toEqual(['a in', 'a out', 'b in', 'b out'])
    const lock = await dict.lock('job')
    expect(await dict.tryLock('job')).toBeUndefined()
    await lock.assertHeld()
    await dict.close()
    expect(lock.lost.aborted).toBe(true)
  })
})
