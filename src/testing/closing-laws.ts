/** What a store says once it is closed, and of itself before. */
import assert from 'node:assert/strict'
import { ClosedError } from '../errors/open-errors.js'
import type { SyncStore } from '../store/sync-store.js'
import { bytesOf, COMMITTED, law, putRow, type StoreLaw } from './store-law.js'

const KEY = bytesOf('key')

/** Every method of SyncStore but close(). The compiler tells when one is missing. */
const CALLS: {
  readonly [M in Exclude<MethodOf<SyncStore>, 'close'>]: (store: SyncStore) => unknown
} = {
  get: (store) => store.get('rows', KEY),
  peek: (store) => store.peek('rows', KEY),
  scan: (store) => store.scan('rows', {}, 1),
  walk: (store) => store.walk('rows', {}, 1, () => assert.fail('a row was shown')),
  due: (store) => store.due('rows', 1, 1),
  changeId: (store) => store.changeId(),
  onCommit: (store) => store.onCommit(() => assert.fail('a listener was called')),
  transaction: (store) => store.transaction(COMMITTED, () => assert.fail('the callback was run')),
  snapshot: (store) => (store.snapshot === undefined ? store.sync() : store.snapshot(['rows'])),
  sync: (store) => store.sync(),
  stats: (store) => store.stats(),
}

type MethodOf<T> = {
  [M in keyof T]-?: T[M] extends ((...args: never[]) => unknown) | undefined ? M : never
}[keyof T]

export const closingLaws: readonly StoreLaw[] = [
  law('close() may be called twice, and every other call after it throws ClosedError', (store) => {
    putRow(store, 'rows', KEY, bytesOf('record'), 1)
    store.close()
    for (let round = 0; round < 2; round++) {
      for (const [method, call] of Object.entries(CALLS)) {
        assert.throws(() => call(store), ClosedError, method)
      }
      store.close()
    }
  }),

  law('close() of a store that was never used is no fault', (store) => {
    store.close()
    assert.throws(() => store.get('rows', KEY), ClosedError)
  }),

  law('sync() and stats() work on an empty store and on a full one', (store) => {
    for (let round = 0; round < 2; round++) {
      store.sync()
      const { sizeBytes, engine } = store.stats()
      assert.ok(sizeBytes >= round * 100_000, `${sizeBytes} bytes`)
      for (const [name, value] of Object.entries(engine)) assert.equal(typeof value, 'number', name)
      putRow(store, 'rows', KEY, new Uint8Array(100_000))
    }
  }),

  law('a store has a kind, a location and an identity', (store) => {
    for (const text of [store.kind, store.location, store.identity]) {
      assert.equal(typeof text, 'string')
      assert.notEqual(text, '')
    }
    assert.match(store.kind, /^\w+$/)
  }),
]
