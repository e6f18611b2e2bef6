/** Never early: what `due` names, what `count` leaves out, and what a store may drop. */
import assert from 'node:assert/strict'
import { systemClock } from '../clock.js'
import type { AsyncStore } from '../store/async-store.js'
import { type AsyncStoreLaw, apply, asyncLaw, deleting, LATER, putting } from './async-store-law.js'
import { withSeedAsync } from './random.js'
import { bytesOf, shown } from './store-law.js'

const RECORD = bytesOf('record')
const MANY = 100_000

export const asyncDeadlineLaws: readonly AsyncStoreLaw[] = [
  asyncLaw('due() names a row at its deadline, and not a moment before', async (store) => {
    await apply(store, putting('rows', bytesOf('key'), RECORD, LATER))
    await apply(store, putting('rows', bytesOf('never'), RECORD, 0))
    for (const now of [0, 1, LATER - 1_000, LATER - 1, LATER - 0.5]) {
      assert.deepEqual(await listed(store, now), [], String(now))
      assert.equal(await store.count('rows', {}, now), 2)
    }
    for (const now of [LATER, LATER + 0.5, LATER + 1, LATER * 2, Number.MAX_SAFE_INTEGER]) {
      assert.deepEqual(await listed(store, now), [`${shown(bytesOf('key'))} ${LATER}`])
      assert.equal(await store.count('rows', {}, now), 1)
    }
  }),

  asyncLaw('due() names the soonest first, and at most `limit`', async (store) => {
    const after = [5, 3, 256, 1, 65_536, 4, 2 ** 32, 255]
    for (const [at, ms] of after.entries()) {
      await apply(store, putting('rows', Uint8Array.of(0xff - at), RECORD, LATER + ms))
    }
    const inOrder = after.toSorted((a, b) => a - b).map((ms) => LATER + ms)
    for (const limit of [1, 2, 7, 8, 9]) {
      const found = await store.due('rows', LATER + 2 ** 40, limit)
      assert.deepEqual(
        found.map((hint) => hint.deadline),
        inOrder.slice(0, limit),
      )
    }
  }),

  asyncLaw('due() goes by the last deadline of a row, and keeps buckets apart', async (store) => {
    const key = bytesOf('key')
    await apply(store, putting('other', key, RECORD, LATER + 7))
    for (const deadline of [LATER + 10, LATER + 20, LATER + 5, 0, LATER + 6]) {
      await apply(store, putting('rows', key, RECORD, deadline))
      const wanted = deadline === 0 ? [] : [`${shown(key)} ${deadline}`]
      assert.deepEqual(await listed(store, LATER + 100), wanted)
    }
    await apply(store, deleting('rows', key))
    assert.deepEqual(await listed(store, LATER + 100), [])
    assert.equal((await store.due('other', LATER + 100, 10)).length, 1)
  }),

  asyncLaw('due() and count() are exact, whatever was put, replaced and deleted', (store) =>
    withSeedAsync(async (random) => {
      const deadlines = new Map<string, number>()
      for (let round = 0; round < 8; round++) {
        for (let change = 0; change < 15; change++) {
          const key = Uint8Array.of(1 + random.below(40))
          if (random.chance(0.3)) {
            await apply(store, deleting('rows', key))
            deadlines.delete(shown(key))
          } else {
            const deadline = random.chance(0.2) ? 0 : LATER + random.below(100)
            await apply(store, putting('rows', key, RECORD, deadline))
            deadlines.set(shown(key), deadline)
          }
        }
        const now = LATER + random.below(110)
        const due = [...deadlines].filter(([, deadline]) => deadline !== 0 && deadline <= now)
        const wanted = due.map(([key, deadline]) => `${key} ${deadline}`).sort()
        assert.deepEqual((await listed(store, now)).sort(), wanted)
        assert.equal(await store.count('rows', {}, now), deadlines.size - due.length)
      }
    }),
  ),

  asyncLaw('a row is there until its deadline, and may come again after it', async (store) => {
    const key = bytesOf('key')
    for (let round = 0; round < 3; round++) {
      const deadline = Math.ceil(systemClock.now()) + 1_000
      await apply(store, putting('rows', key, RECORD, deadline))
      const found = await store.get('rows', key)
      assert.ok(found !== undefined || systemClock.now() >= deadline, 'it went early')
    }
    // One that was due when it was put: it may go at once, and does no harm to the next one.
    await apply(store, putting('rows', key, RECORD, 1))
    assert.equal(await store.count('rows', {}, systemClock.now()), 0)
    await apply(store, putting('rows', key, bytesOf('again'), 0))
    assert.equal(shown(await store.get('rows', key)), shown(bytesOf('again')))
    assert.equal(await store.count('rows', {}, LATER), 1)
    assert.deepEqual(await listed(store, LATER), [])
  }),
]

async function listed(store: AsyncStore, now: number): Promise<string[]> {
  const hints = await store.due('rows', now, MANY)
  return hints.map((hint) => `${shown(hint.key)} ${hint.deadline}`)
}
