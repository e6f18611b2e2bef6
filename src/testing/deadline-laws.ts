/** Never early, never forgotten: what `due` names. */
import assert from 'node:assert/strict'
import type { DeadlineHint, StoreReader } from '../store/sync-store.js'
import { withSeed } from './random.js'
import { bytesOf, COMMITTED, deleteRow, law, putRow, type StoreLaw, shown } from './store-law.js'

const RECORD = bytesOf('record')
const MANY = 100_000

/** A time of today: deadlines are as large as in real use. */
const TODAY = 1_750_000_000_000

export const deadlineLaws: readonly StoreLaw[] = [
  law('due() names a row at its deadline, and not a moment before', (store) => {
    putRow(store, 'rows', bytesOf('key'), RECORD, TODAY)
    for (const now of [0, 1, TODAY - 1_000, TODAY - 1, TODAY - 0.5]) {
      assert.deepEqual(store.due('rows', now, MANY), [], String(now))
    }
    for (const now of [TODAY, TODAY + 0.5, TODAY + 1, TODAY * 2, Number.MAX_SAFE_INTEGER]) {
      assert.deepEqual(listed(store, now), [`${shown(bytesOf('key'))} ${TODAY}`], String(now))
    }
  }),

  law('due() never names a row without a deadline', (store) => {
    for (let at = 0; at < 50; at++) putRow(store, 'rows', bytesOf(`key ${at}`), RECORD, 0)
    assert.deepEqual(store.due('rows', Number.MAX_SAFE_INTEGER, MANY), [])
  }),

  law('due() names the soonest first, and at most `limit`', (store) => {
    const deadlines = [5, 3, 256, 1, TODAY, 65_536, 4, 2 ** 32, 255, 2 ** 40]
    deadlines.forEach((deadline, at) => {
      putRow(store, 'rows', Uint8Array.of(0xff - at), RECORD, deadline)
    })
    const inOrder = deadlines.toSorted((a, b) => a - b)
    for (const limit of [1, 2, 9, 10, 11, Number.MAX_SAFE_INTEGER]) {
      const found = store.due('rows', TODAY, limit).map((hint) => hint.deadline)
      assert.deepEqual(found, inOrder.slice(0, limit))
    }
  }),

  law('due() names every row of one deadline', (store) => {
    store.transaction(COMMITTED, (tx) => {
      for (let at = 0; at < 1_000; at++) tx.put('rows', bytesOf(`key ${at}`), RECORD, 7)
    })
    assert.equal(new Set(listed(store, 7)).size, 1_000)
    assert.equal(store.due('rows', 7, 256).length, 256)
  }),

  law('due() with `from` goes on at that hint, there or not', (store) => {
    store.transaction(COMMITTED, (tx) => {
      for (let at = 0; at < 300; at++) tx.put('rows', Uint8Array.of(at >> 1), RECORD, 5 + (at % 3))
    })
    const all = store.due('rows', 100, MANY)
    const paged: DeadlineHint[] = []
    for (let from: DeadlineHint | undefined; ; ) {
      const page = store.due('rows', 100, 7, from)
      paged.push(...page)
      const last = page.at(-1)
      if (last === undefined) break
      from = { deadline: last.deadline, key: Uint8Array.of(...last.key, 0) }
    }
    assert.deepEqual(paged, all)
    const [first] = store.due('rows', 6, 1, { deadline: 6, key: new Uint8Array(0) })
    assert.equal(first?.deadline, 6)
  }),

  law('due() keeps buckets apart', (store) => {
    putRow(store, 'rows', bytesOf('key'), RECORD, 1)
    putRow(store, 'other', bytesOf('key'), RECORD, 2)
    assert.deepEqual(listed(store, 10), [`${shown(bytesOf('key'))} 1`])
    assert.deepEqual(
      store.due('other', 10, 10).map((hint) => hint.deadline),
      [2],
    )
  }),

  law(
    'due() names a row under its new deadline, and forget() drops a hint of the old one',
    (store) => {
      const key = bytesOf('key')
      for (const [before, after] of [
        [10, 20],
        [20, 5],
      ] as const) {
        putRow(store, 'rows', key, RECORD, before)
        putRow(store, 'rows', key, RECORD, after)
        assert.ok(listed(store, 100).includes(`${shown(key)} ${after}`))
        store.transaction(COMMITTED, (tx) => tx.forget('rows', { key, deadline: before }))
        assert.deepEqual(listed(store, 100), [`${shown(key)} ${after}`])
        assert.deepEqual(listed(store, after - 1), [])
        store.transaction(COMMITTED, (tx) => {
          tx.delete('rows', key)
          tx.forget('rows', { key, deadline: after })
        })
        assert.deepEqual(listed(store, 100), [])
      }
    },
  ),

  law('forget() drops the hint of a row that has gone, or has no deadline any more', (store) => {
    putRow(store, 'rows', bytesOf('gone'), RECORD, 10)
    putRow(store, 'rows', bytesOf('kept'), RECORD, 10)
    putRow(store, 'rows', bytesOf('due'), RECORD, 10)
    deleteRow(store, 'rows', bytesOf('gone'))
    putRow(store, 'rows', bytesOf('kept'), RECORD, 0)
    store.transaction(COMMITTED, (tx) => {
      for (const key of ['gone', 'kept']) tx.forget('rows', { key: bytesOf(key), deadline: 10 })
      // One that there never was is no fault.
      tx.forget('rows', { key: bytesOf('never'), deadline: 10 })
    })
    assert.deepEqual(listed(store, 10), [`${shown(bytesOf('due'))} 10`])
    assert.equal(shown(store.get('rows', bytesOf('kept'))), shown(RECORD))
  }),

  law('forget() of a true hint leaves the row, which is not due until it is put again', (store) => {
    const key = bytesOf('key')
    putRow(store, 'rows', key, RECORD, 10)
    store.transaction(COMMITTED, (tx) => tx.forget('rows', { key, deadline: 11 }))
    assert.deepEqual(listed(store, 10), [`${shown(key)} 10`])
    store.transaction(COMMITTED, (tx) => tx.forget('rows', { key, deadline: 10 }))
    assert.deepEqual(listed(store, 100), [])
    assert.equal(shown(store.get('rows', key)), shown(RECORD))
    putRow(store, 'rows', key, RECORD, 10)
    assert.deepEqual(listed(store, 10), [`${shown(key)} 10`])
  }),

  law('due() is complete and never early, whatever was put, replaced and deleted', (store) => {
    withSeed((random) => {
      const deadlines = new Map<string, number>()
      for (let round = 0; round < 40; round++) {
        store.transaction(COMMITTED, (tx) => {
          for (let change = 0; change < 25; change++) {
            const key = Uint8Array.of(1 + random.below(60))
            if (random.chance(0.3)) {
              tx.delete('rows', key)
              deadlines.delete(shown(key))
              continue
            }
            const deadline = random.chance(0.2) ? 0 : 1 + random.below(100)
            tx.put('rows', key, RECORD, deadline)
            deadlines.set(shown(key), deadline)
          }
        })
        const now = random.below(110)
        const hints = store.due('rows', now, MANY)
        hints.reduce((before, { deadline }) => {
          assert.ok(deadline >= before && deadline <= now, `${deadline} after ${before}, at ${now}`)
          return deadline
        }, 0)
        const named = new Set(hints.map(text))
        for (const [key, deadline] of deadlines) {
          const isDue = deadline !== 0 && deadline <= now
          assert.ok(!isDue || named.has(`${key} ${deadline}`), `${key} ${deadline} at ${now}`)
        }
      }
      // A sweep as the library does it: in steps, dropping what is stale. It leaves nothing behind.
      for (let steps = 0; ; steps++) {
        assert.ok(steps < 1_000, 'the same hints come back for ever')
        const hints = store.due('rows', 200, 10)
        if (hints.length === 0) break
        store.transaction(COMMITTED, (tx) => {
          for (const hint of hints) {
            tx.forget('rows', hint)
            if (deadlines.get(shown(hint.key)) === hint.deadline) tx.delete('rows', hint.key)
          }
        })
      }
      const left = store.scan('rows', {}, MANY).map((row) => shown(row.key))
      const immortal = [...deadlines].filter(([, deadline]) => deadline === 0).map(([key]) => key)
      assert.deepEqual(left, immortal.sort())
    })
  }),
]

function listed(reader: StoreReader, now: number): string[] {
  return reader.due('rows', now, MANY).map(text)
}

function text({ key, deadline }: DeadlineHint): string {
  return `${shown(key)} ${deadline}`
}
