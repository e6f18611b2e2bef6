/** What a store tells of changes, of itself, and once it is closed. */
import assert from 'node:assert/strict'
import { ClosedError } from '../errors/open-errors.js'
import type { AsyncStore } from '../store/async-store.js'
import {
  type AsyncStoreLaw,
  apply,
  asyncLaw,
  batch,
  deleting,
  putting,
  soon,
} from './async-store-law.js'
import { bytesOf, shown } from './store-law.js'

const KEY = bytesOf('key')

/** Every method of AsyncStore that asks the engine. The compiler tells when one is missing. */
const CALLS: {
  readonly [M in Exclude<
    MethodOf<Required<AsyncStore>>,
    'close' | 'onInvalidate' | 'onError' | 'onDrop' | 'knows' | 'assumeVersions'
  >]: (store: AsyncStore) => Promise<unknown>
} = {
  get: (store) => store.get('rows', KEY),
  getMany: (store) => store.getMany('rows', [KEY]),
  getToReplace: (store) => store.getToReplace?.('rows', [KEY]) ?? store.getMany('rows', [KEY]),
  scan: (store) => store.scan('rows', {}, 1),
  count: (store) => store.count('rows', {}, 1),
  due: (store) => store.due('rows', 1, 1),
  commit: (store) => store.commit(batch([], [deleting('rows', KEY)])),
  clear: (store) => store.clear('rows', {}),
  nextVersions: (store) => store.nextVersions(1),
  sync: (store) => store.sync(),
  stats: (store) => store.stats(),
}

type MethodOf<T> = {
  [M in keyof T]: T[M] extends (...args: never[]) => unknown ? M : never
}[keyof T]

export const asyncClosingLaws: readonly AsyncStoreLaw[] = [
  asyncLaw('onInvalidate() tells of a row that was read and then changed', async (store) => {
    const told: string[] = []
    const stop = store.onInvalidate((bucket, key) => told.push(`${bucket} ${shown(key)}`))
    await apply(store, putting('rows', KEY, bytesOf('0')))
    // The first command of some stores is what makes them listen.
    if (!store.hears) return
    const changes: (() => Promise<void>)[] = [
      () => apply(store, putting('rows', KEY, bytesOf('1'))),
      () => apply(store, deleting('rows', KEY)),
      () => apply(store, putting('rows', KEY, bytesOf('2'))),
      () => store.clear('rows', {}),
    ]
    for (const change of changes) {
      await store.get('rows', KEY)
      told.length = 0
      await change()
      await soon(() => told.includes(`rows ${shown(KEY)}`), 'word of a change')
    }
    stop()
    stop()
    told.length = 0
    await store.get('rows', KEY)
    await apply(store, putting('rows', KEY, bytesOf('3')))
    await store.get('rows', KEY)
    assert.deepEqual(told, [])
  }),

  asyncLaw(
    'close() may be called twice, and every call after it rejects with ClosedError',
    async (store) => {
      await apply(store, putting('rows', KEY, bytesOf('record')))
      await store.close()
      for (let round = 0; round < 2; round++) {
        for (const [method, call] of Object.entries(CALLS)) {
          await assert.rejects(call(store), ClosedError, method)
        }
        await store.close()
      }
    },
  ),

  asyncLaw('close() of a store that was never used is no fault', async (store) => {
    await store.close()
    await assert.rejects(store.get('rows', KEY), ClosedError)
  }),

  asyncLaw('sync() and stats() work on an empty store and on a full one', async (store) => {
    for (let round = 0; round < 2; round++) {
      await store.sync()
      const { sizeBytes, engine } = await store.stats()
      assert.ok(sizeBytes >= 0, `${sizeBytes} bytes`)
      for (const [name, value] of Object.entries(engine)) assert.equal(typeof value, 'number', name)
      await apply(store, putting('rows', KEY, new Uint8Array(100_000)))
    }
  }),

  asyncLaw('a store has a kind, a location and an identity', async (store) => {
    for (const text of [store.kind, store.location, store.identity]) {
      assert.equal(typeof text, 'string')
      assert.notEqual(text, '')
    }
    assert.match(store.kind, /^\w+$/)
  }),
]
