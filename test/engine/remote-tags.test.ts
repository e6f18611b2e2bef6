/** Tags over an AsyncStore: what comes between a read and its commit. */
import { expect, onTestFinished, test } from 'vitest'
import { asyncMemoryStore } from '../../src/memory.js'
import { openAsync } from '../../src/open/open-async.js'
import type { AsyncStore } from '../../src/store/async-store.js'

test('an increment whose version was taken too early does not outlive an invalidation in between', async () => {
  const store = asyncMemoryStore()
  const other = await openAsync<Record<string, number>>(store)
  // Once: others set the key after its version was taken, and invalidate it after its tags were read.
  let isArmed = false
  let versionTaken = () => {}
  const meddled: Partial<AsyncStore> = {
    identity: `${store.identity} meddled`,
    async nextVersions(count) {
      const version = await store.nextVersions(count)
      versionTaken()
      return version
    },
    async get(bucket, key) {
      if (isArmed && bucket === 'rows') {
        await new Promise<void>((resolve) => {
          versionTaken = resolve
        })
        await other.set('n', 10, { tags: ['t'] })
      }
      return store.get(bucket, key)
    },
    async getMany(bucket, keys) {
      const records = await store.getMany(bucket, keys)
      if (!isArmed || bucket !== 'tags') return records
      isArmed = false
      await other.invalidateTag('t')
      return records
    },
  }
  const between = new Proxy(store, {
    get(target, name) {
      const own = meddled[name as keyof AsyncStore] ?? target[name as keyof AsyncStore]
      return typeof own === 'function' ? (own as () => unknown).bind(target) : own
    },
  })
  const dict = await openAsync<Record<string, number>>(between)
  onTestFinished(async () => {
    await dict.close()
    await other.close()
  })
  await dict.set('n', 5, { tags: ['t'] })
  isArmed = true
  expect(await dict.increment('n', 1, { tags: ['t'] })).toBe(1)
  expect(await dict.get('n')).toBe(1)
})
