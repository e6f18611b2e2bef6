/** Who hears of commits, and when. */
import assert from 'node:assert/strict'
import { systemClock } from '../clock.js'
import type { SyncStore } from '../store/sync-store.js'
import { bytesOf, COMMITTED, deleteRow, law, putRow, type StoreLaw } from './store-law.js'

/** Longer than any machine needs; a listener that was not called by then never will be. */
const LATEST_MS = 10_000
/** How long a law looks whether nothing happens. */
const QUIET_MS = 30

const KEY = bytesOf('key')

/** Counts the calls of a listener. */
export class Heard {
  readonly stop: () => void
  calls = 0
  #waiting: (() => void) | undefined

  constructor(store: SyncStore, listener = () => {}) {
    this.stop = store.onCommit(() => {
      listener()
      this.calls++
      this.#waiting?.()
    })
  }

  /** Resolves once the listener was called more than `calls` times. */
  async beyond(calls: number): Promise<void> {
    if (this.calls > calls) return
    await new Promise<void>((resolve, reject) => {
      const tooLate = () => reject(new assert.AssertionError({ message: 'nobody was told' }))
      const timer = systemClock.after(LATEST_MS, tooLate)
      this.#waiting = () => {
        timer.cancel()
        resolve()
      }
    })
  }
}

/** Time for calls that must not come. */
export function quiet(): Promise<void> {
  return new Promise((resolve) => systemClock.after(QUIET_MS, resolve))
}

export const commitLaws: readonly StoreLaw[] = [
  law('onCommit() calls its listener after a commit, which it can read then', async (store) => {
    let read: Uint8Array | undefined
    const heard = new Heard(store, () => {
      read = store.get('rows', KEY)
    })
    for (const text of ['one', 'two', 'three']) {
      const { calls } = heard
      putRow(store, 'rows', KEY, bytesOf(text))
      assert.equal(heard.calls, calls, 'it was called inside the transaction')
      await heard.beyond(calls)
      assert.deepEqual(Buffer.from(read ?? []), Buffer.from(bytesOf(text)))
    }
    const { calls } = heard
    deleteRow(store, 'rows', KEY)
    await heard.beyond(calls)
    assert.equal(read, undefined)
  }),

  law('onCommit() tells of nothing while nothing is committed', async (store) => {
    putRow(store, 'rows', KEY, KEY)
    await quiet()
    const heard = new Heard(store)
    store.transaction(COMMITTED, (tx) => tx.get('rows', KEY))
    deleteRow(store, 'rows', bytesOf('absent'))
    const failure = new Error('rolled back')
    const failing = () =>
      store.transaction(COMMITTED, (tx) => {
        tx.put('rows', KEY, bytesOf('never'), 0)
        throw failure
      })
    assert.throws(failing, failure)
    await quiet()
    assert.equal(heard.calls, 0)
  }),

  law('onCommit() keeps listeners apart, and each stops for itself', async (store) => {
    let shared = 0
    const listener = () => {
      shared++
    }
    const first = store.onCommit(listener)
    const second = store.onCommit(listener)
    const heard = new Heard(store)
    putRow(store, 'rows', KEY, bytesOf('1'))
    await heard.beyond(0)
    await quiet()
    assert.equal(shared, 2 * heard.calls)
    first()
    first()
    const [before, calls] = [shared, heard.calls]
    putRow(store, 'rows', KEY, bytesOf('2'))
    await heard.beyond(calls)
    await quiet()
    assert.equal(shared - before, heard.calls - calls)
    second()
    heard.stop()
    const after = [shared, heard.calls]
    putRow(store, 'rows', KEY, bytesOf('3'))
    await quiet()
    assert.deepEqual([shared, heard.calls], after)
  }),

  law('onCommit() begins again after all have stopped', async (store) => {
    for (let round = 0; round < 3; round++) {
      const heard = new Heard(store)
      putRow(store, 'rows', KEY, bytesOf(String(round)))
      await heard.beyond(0)
      heard.stop()
    }
  }),

  law('onCommit() tells of a commit that its listener makes', async (store) => {
    let rest = 3
    const heard = new Heard(store, () => {
      if (rest > 0) putRow(store, 'rows', KEY, bytesOf(String(rest--)))
    })
    putRow(store, 'rows', KEY, bytesOf('first'))
    for (let calls = 0; calls < 4; calls++) await heard.beyond(calls)
    assert.equal(rest, 0)
  }),

  law('close() ends all listeners', async (store) => {
    const heard = new Heard(store)
    putRow(store, 'rows', KEY, KEY)
    store.close()
    await quiet()
    assert.equal(heard.calls, 0)
    heard.stop()
  }),
]
