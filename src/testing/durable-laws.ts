/** What survives closing, and what two stores over the same data see of each other. */
import assert from 'node:assert/strict'
import { ClosedError } from '../errors/open-errors.js'
import type { SyncStore } from '../store/sync-store.js'
import { Heard } from './commit-laws.js'
import {
  bytesOf,
  COMMITTED,
  type DurableStoreLaw,
  deleteRow,
  durableLaw,
  putRow,
  shown,
} from './store-law.js'

/** The contract of stores that survive their process, besides syncStoreLaws. */
export const durableStoreLaws: readonly DurableStoreLaw[] = [
  durableLaw('rows, deadlines and buckets of any name survive closing', (store, reopened) => {
    const buckets = ['rows', '', '..', 'a/b', 'a\0b', '\ud800', '\ufffd']
    buckets.forEach((bucket, at) => {
      putRow(store, bucket, bytesOf('a'), Uint8Array.of(at), at + 1)
      putRow(store, bucket, bytesOf('b'), new Uint8Array(0))
      putRow(store, bucket, bytesOf('gone'), new Uint8Array(10), 100)
      store.transaction(COMMITTED, (tx) => {
        tx.delete(bucket, bytesOf('gone'))
        tx.forget(bucket, { key: bytesOf('gone'), deadline: 100 })
      })
    })
    store.sync()
    store.close()
    const again = reopened()
    buckets.forEach((bucket, at) => {
      assert.equal(shown(again.get(bucket, bytesOf('a'))), shown(Uint8Array.of(at)))
      assert.deepEqual(
        again.scan(bucket, {}, 10).map((row) => shown(row.key)),
        ['a', 'b'].map((key) => shown(bytesOf(key))),
      )
      assert.deepEqual(
        again.due(bucket, 1_000, 10).map((hint) => hint.deadline),
        [at + 1],
      )
    })
  }),

  durableLaw(
    'nextVersion() goes on growing after the store was opened again',
    (store, reopened) => {
      let last = -1
      let current = store
      for (const count of [1, 1, 100, 1, 10_000, 1, 1]) {
        current.transaction('synced', (tx) => {
          for (let taken = 0; taken < count; taken++) {
            const version = tx.nextVersion()
            assert.ok(version > last, `${version} after ${last}`)
            last = version
          }
          tx.put('rows', bytesOf('key'), bytesOf(String(last)), 0)
        })
        current.close()
        current = reopened()
      }
    },
  ),

  durableLaw('two stores over the same data see each other at once', (store, reopened) => {
    const other = reopened()
    assert.equal(other.identity, store.identity)
    const pairs: [SyncStore, SyncStore][] = [
      [store, other],
      [other, store],
    ]
    for (let round = 0; round < 100; round++) {
      for (const [writer, reader] of pairs) {
        const before = reader.changeId()
        const record = bytesOf(`${round}`)
        putRow(writer, 'rows', bytesOf('key'), record, round + 1)
        assert.ok(reader.changeId() > before)
        assert.equal(shown(reader.get('rows', bytesOf('key'))), shown(record))
        assert.equal(reader.due('rows', round + 1, 1_000).at(-1)?.deadline, round + 1)
        deleteRow(writer, 'rows', bytesOf('key'))
        assert.equal(reader.get('rows', bytesOf('key')), undefined)
      }
    }
  }),

  durableLaw('onCommit() tells of commits through another store', async (store, reopened) => {
    const other = reopened()
    const heard = new Heard(store)
    for (let round = 0; round < 10; round++) {
      const { calls } = heard
      putRow(other, 'rows', bytesOf('key'), bytesOf(`${round}`))
      await heard.beyond(calls)
      assert.equal(shown(store.get('rows', bytesOf('key'))), shown(bytesOf(`${round}`)))
    }
  }),

  durableLaw('of two stores over the same data, one may close', (store, reopened) => {
    const other = reopened()
    store.close()
    assert.throws(() => store.get('rows', bytesOf('key')), ClosedError)
    assert.throws(() => store.changeId(), ClosedError)
    putRow(other, 'rows', bytesOf('key'), bytesOf('record'))
    assert.equal(shown(other.get('rows', bytesOf('key'))), shown(bytesOf('record')))
  }),
]
