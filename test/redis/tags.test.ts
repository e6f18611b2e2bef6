/** Tags, as seen by dicts on Redis that share no cache. */
import { expect, onTestFinished, test } from 'vitest'
import { type AsyncPersistDict, openAsync } from '../../src/index.js'
import { memoryStore } from '../../src/memory.js'
import type { AsyncStore } from '../../src/store/async-store.js'
import { tiered } from '../../src/tiered.js'
import { newPrefix } from './prefix.js'
import { redisUrl } from './redis-url.js'
import { storeOn, until } from './rows.js'

type Shape = Record<string, number>

async function opened(store: AsyncStore): Promise<AsyncPersistDict<Shape>> {
  const dict = await openAsync<Shape>(store)
  onTestFinished(() => dict.close())
  return dict
}

/** As another process: its identity differs by the address. */
const otherUrl = () => redisUrl().replace('127.0.0.1', 'localhost')

/** Until a value is answered from the cache. */
function untilCached(dict: AsyncPersistDict<Shape>, key: string): Promise<void> {
  return until(async () => {
    const { hits } = await dict.stats()
    await dict.get(key)
    return (await dict.stats()).hits > hits
  })
}

const NEAR = {
  Redis: (store: AsyncStore) => store,
  'memory before Redis': (far: AsyncStore) => tiered({ near: memoryStore(), far }),
}

for (const [name, over] of Object.entries(NEAR)) {
  test(`invalidateTag() by another process drops what ${name} has cached`, async () => {
    const prefix = newPrefix()
    const dict = await opened(over(storeOn(redisUrl(), { prefix })))
    const other = await opened(storeOn(otherUrl(), { prefix }))
    for (let round = 1; round <= 5; round++) {
      await other.setMany({ a: round, b: round }, { tags: ['t'] })
      await other.set('plain', round)
      await until(async () => (await dict.get('a')) === round && (await dict.get('b')) === round)
      for (const key of ['a', 'plain']) await untilCached(dict, key)
      await other.invalidateTag('t')
      await until(async () => (await dict.get('a')) === undefined)
      expect(await dict.get('b')).toBe(undefined)
      // What has no tags stays in the cache.
      const { hits } = await dict.stats()
      expect(await dict.get('plain')).toBe(round)
      expect((await dict.stats()).hits).toBe(hits + 1)
    }
  })
}

test('an entry that was invalidated does not come back when the invalidation is swept', async () => {
  const prefix = newPrefix()
  const dict = await opened(storeOn(redisUrl(), { prefix }))
  const other = await opened(storeOn(otherUrl(), { prefix }))
  await dict.set('a', 1, { tags: ['t'] })
  expect(await dict.get('a')).toBe(1)
  await other.invalidateTag('t')
  expect(await other.sweep()).toBe(1)
  await until(async () => (await dict.get('a')) === undefined)
  expect(await dict.size()).toBe(0)
})

test('of increments beside invalidations, none goes on with what was invalidated', async () => {
  const prefix = newPrefix()
  const dict = await opened(storeOn(redisUrl(), { prefix }))
  const other = await opened(storeOn(otherUrl(), { prefix }))
  const sums: number[] = []
  let isDone = false
  const adding = (async () => {
    while (!isDone) sums.push(Number(await dict.increment('n', 1, { tags: ['t'] })))
  })()
  const invalidations = 30
  for (let round = 0; round < invalidations; round++) {
    const { length } = sums
    await other.invalidateTag('t')
    await until(async () => sums.length >= length + 2)
  }
  isDone = true
  await adding
  // Each sum is the one before and one more, or begins anew: at most once for each invalidation.
  const anew = sums.filter((sum, at) => sum === 1 && at > 0).length
  sums.forEach((sum, at) => {
    if (at > 0 && sum !== 1) expect(sum).toBe((sums[at - 1] as number) + 1)
  })
  expect(anew).toBeGreaterThan(0)
  expect(anew).toBeLessThanOrEqual(invalidations)
})
