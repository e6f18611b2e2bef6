/** Times of use, where a store keeps them: the latest counts, and nobody is disturbed. */
import assert from 'node:assert/strict'
import type { AsyncStore } from '../store/async-store.js'
import type { RowUses } from '../store/row-uses.js'
import { type AsyncStoreLaw, apply, asyncLaw, deleting, putting } from './async-store-law.js'
import { HOSTILE_KEYS } from './hostile-bytes.js'
import { bytesOf, shown } from './store-law.js'

const KEY = bytesOf('key')
const OTHER = bytesOf('other')
const RECORD = bytesOf('record')

export const asyncUsesLaws: readonly AsyncStoreLaw[] = [
  usesLaw('the latest time of use counts, unless it is replaced', async (_, uses) => {
    assert.deepEqual(await uses.times('rows', [KEY]), [undefined])
    await uses.note('rows', [{ key: KEY, at: 1_000 }])
    await uses.note('rows', [
      { key: KEY, at: 900 },
      { key: OTHER, at: 2 ** 45 },
    ])
    assert.deepEqual(await uses.times('rows', [OTHER, bytesOf('absent'), KEY]), [
      2 ** 45,
      undefined,
      1_000,
    ])
    await uses.note('rows', [{ key: KEY, at: 800 }], true)
    assert.deepEqual(await uses.times('rows', [KEY]), [800])
    assert.deepEqual(await uses.times('other', [KEY]), [undefined])
  }),

  usesLaw('unused() names what was used longest ago, and nothing later', async (_, uses) => {
    const ages = [5, 3, 9, 1, 7]
    const listed = ages.map((at) => ({ key: Uint8Array.of(at), at: 1_000 + at }))
    await uses.note('rows', listed)
    const found = async (until: number, limit: number) =>
      (await uses.unused('rows', until, limit)).map(({ key, at }) => [key[0], at])
    assert.deepEqual(await found(1_000, 10), [])
    assert.deepEqual(await found(1_005, 10), [
      [1, 1_001],
      [3, 1_003],
      [5, 1_005],
    ])
    assert.deepEqual(await found(2_000, 2), [
      [1, 1_001],
      [3, 1_003],
    ])
  }),

  usesLaw(
    'times of rows that are not there are forgotten, and those of others stay',
    async (store, uses) => {
      await apply(store, putting('rows', KEY, RECORD), putting('rows', OTHER, RECORD))
      await store.sync()
      await uses.note('rows', [
        { key: KEY, at: 1_000 },
        { key: OTHER, at: 1_000 },
      ])
      await apply(store, deleting('rows', KEY))
      await store.sync()
      await uses.forgetGone('rows', [KEY, OTHER, bytesOf('never there')])
      assert.deepEqual(await uses.times('rows', [KEY, OTHER]), [undefined, 1_000])
      await store.clear('rows', {})
      assert.deepEqual(await uses.times('rows', [OTHER]), [undefined])
    },
  ),

  usesLaw('a time of use changes no row, and is told to nobody', async (store, uses) => {
    await apply(store, putting('rows', KEY, RECORD))
    await store.sync()
    const place = await store.journal?.watch('rows')
    await store.get('rows', KEY)
    const told: string[] = []
    const stop = store.onInvalidate((bucket, key) => {
      // That it began to hear is no change.
      if (key !== undefined) told.push(`${bucket} ${shown(key)}`)
    })
    await uses.note('rows', [{ key: KEY, at: 1_000 }])
    await uses.note('rows', [{ key: KEY, at: 500 }], true)
    await uses.unused('rows', 2_000, 10)
    assert.equal(shown(await store.get('rows', KEY)), shown(RECORD))
    assert.deepEqual(await store.due('rows', Number.MAX_SAFE_INTEGER, 10), [])
    assert.equal(await store.count('rows', {}, Number.MAX_SAFE_INTEGER), 1)
    if (place !== undefined) {
      assert.deepEqual((await store.journal?.read('rows', place, 10))?.changes, [])
    }
    assert.deepEqual(told, [])
    stop()
  }),

  usesLaw('times of use are kept of rows of any name', async (_, uses) => {
    const keys = HOSTILE_KEYS
    await uses.note(
      'hostile: }{ ../*\0',
      keys.map((key, at) => ({ key, at: 1_000 + at })),
    )
    assert.deepEqual(
      await uses.times('hostile: }{ ../*\0', keys),
      keys.map((_, at) => 1_000 + at),
    )
  }),
]

/** A law of times of use. A store that keeps none keeps it: there is nothing to be broken. */
function usesLaw(
  title: string,
  check: (store: AsyncStore, uses: RowUses) => Promise<void>,
): AsyncStoreLaw {
  return asyncLaw(title, async (store) => {
    if (store.uses !== undefined) await check(store, store.uses)
  })
}
