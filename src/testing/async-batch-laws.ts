/** A batch is all or nothing, and its checks see what its operations change. */
import assert from 'node:assert/strict'
import { BatchError } from '../errors/store-errors.js'
import type { AsyncStore } from '../store/async-store.js'
import {
  type AsyncStoreLaw,
  apply,
  asyncLaw,
  batch,
  checking,
  deleting,
  LATER,
  putting,
} from './async-store-law.js'
import { bytesOf, shown } from './store-law.js'

const KEY = bytesOf('key')
const OTHER = bytesOf('other')

const MAX_VERSION = 2 ** 48 - 1

export const asyncBatchLaws: readonly AsyncStoreLaw[] = [
  asyncLaw('a committed batch is seen by the next read', async (store) => {
    for (let count = 1; count <= 50; count++) {
      await apply(store, putting('rows', KEY, bytesOf(String(count)), LATER + count))
      assert.equal(shown(await store.get('rows', KEY)), shown(bytesOf(String(count))))
      const [row] = await store.scan('rows', {}, 1)
      assert.equal(shown(row?.record), shown(bytesOf(String(count))))
      const [hint] = await store.due('rows', LATER + count, 10)
      assert.equal(hint?.deadline, LATER + count)
    }
  }),

  asyncLaw('commit() applies a batch with either promise, and an empty one', async (store) => {
    for (const promise of ['synced', 'committed'] as const) {
      const operations = [putting('rows', bytesOf(promise), bytesOf('1'))]
      assert.equal(await store.commit({ promise, checks: [], operations }), true)
      assert.equal(await store.commit({ promise, checks: [], operations: [] }), true)
    }
    assert.equal(await store.count('rows', {}, 0), 2)
  }),

  asyncLaw('operations of a batch are applied in their order', async (store) => {
    const before = putting('rows', KEY, bytesOf('before'), LATER)
    await apply(store, before, deleting('rows', KEY), putting('rows', KEY, bytesOf('after')))
    assert.equal(shown(await store.get('rows', KEY)), shown(bytesOf('after')))
    assert.deepEqual(await store.due('rows', LATER, 10), [])
    await apply(store, before, deleting('rows', KEY))
    assert.equal(await store.get('rows', KEY), undefined)
  }),

  asyncLaw(
    'a check holds for the bytes that the record begins with, and no others',
    async (store) => {
      await apply(store, putting('rows', KEY, bytesOf('record')))
      const put = putting('rows', KEY, bytesOf('record'), 0)
      for (const [starts, holds] of [
        ['record', true],
        ['rec', true],
        ['', true],
        ['recorD', false],
        ['records', false],
        ['x', false],
      ] as const) {
        const check = checking('rows', KEY, bytesOf(starts))
        assert.equal(await store.commit(batch([check], [put])), holds, JSON.stringify(starts))
      }
      const absent = checking('rows', KEY, undefined)
      assert.equal(await store.commit(batch([absent], [put])), false)
      await apply(store, deleting('rows', KEY))
      const empty = checking('rows', KEY, new Uint8Array(0))
      assert.equal(
        await store.commit(batch([empty], [put])),
        false,
        'an absent row has no beginning',
      )
      assert.equal(await store.commit(batch([absent], [put])), true)
      await apply(store, putting('rows', KEY, new Uint8Array(0)))
      assert.equal(await store.commit(batch([empty], [put])), true, 'an empty record begins empty')
    },
  ),

  asyncLaw('a check tells bytes from the text that some engine makes of them', async (store) => {
    const record = Uint8Array.of(0, 0xff, 0xfe, 0x80, 0x0d, 0x0a, 0)
    await apply(store, putting('rows', KEY, record))
    const near = Uint8Array.from(record, (byte, at) => (at === 2 ? 0xfd : byte))
    const put = putting('rows', KEY, record)
    assert.equal(await store.commit(batch([checking('rows', KEY, near)], [put])), false)
    assert.equal(await store.commit(batch([checking('rows', KEY, record)], [put])), true)
  }),

  asyncLaw('a batch whose check fails changes nothing', async (store) => {
    await apply(store, putting('rows', KEY, bytesOf('1'), LATER))
    const check = checking('rows', KEY, bytesOf('2'))
    for (const operation of [putting('rows', KEY, bytesOf('3')), deleting('rows', KEY)]) {
      assert.equal(await store.commit(batch([check], [operation])), false)
    }
    assert.equal(shown(await store.get('rows', KEY)), shown(bytesOf('1')))
    const due = await store.due('rows', LATER, 10)
    assert.equal(due.length, 1)
  }),

  asyncLaw(
    'a batch of several keys with checks is all or nothing, or refused with BatchError',
    async (store) => {
      await apply(store, putting('rows', KEY, bytesOf('1')))
      const checks = (starts: string) => [
        checking('rows', KEY, bytesOf(starts)),
        checking('books', OTHER, undefined),
      ]
      const operations = [
        putting('rows', OTHER, bytesOf('2'), LATER),
        putting('books', OTHER, bytesOf('3')),
        deleting('rows', KEY),
      ]
      if (store.atomicity === 'key') {
        await assert.rejects(store.commit(batch(checks('1'), operations)), BatchError)
      } else {
        assert.equal(await store.commit(batch(checks('x'), operations)), false)
      }
      assert.deepEqual(await contents(store), ['1', undefined, undefined])
      if (store.atomicity === 'key') return
      assert.equal(await store.commit(batch(checks('1'), operations)), true)
      assert.deepEqual(await contents(store), [undefined, '2', '3'])
    },
  ),

  asyncLaw('of many batches that rely on one state, one is applied', async (store) => {
    for (let round = 0; round < 10; round++) {
      const before = await store.get('rows', KEY)
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, at) =>
          store.commit(
            batch(
              [checking('rows', KEY, before)],
              [putting('rows', KEY, bytesOf(`${round} ${at}`))],
            ),
          ),
        ),
      )
      const winners = results.flatMap((applied, at) => (applied ? [at] : []))
      assert.equal(winners.length, 1)
      const wanted = bytesOf(`${round} ${winners[0]}`)
      assert.equal(shown(await store.get('rows', KEY)), shown(wanted))
    }
  }),

  asyncLaw('nextVersions() gives each number to one caller, and they only grow', async (store) => {
    let last = -1
    for (const count of [1, 1, 2, 64, 1, 1_000, 1]) {
      const first = await store.nextVersions(count)
      assert.ok(Number.isSafeInteger(first) && first > last, `${first} after ${last}`)
      last = first + count - 1
      assert.ok(last <= MAX_VERSION)
    }
    const firsts = await Promise.all(Array.from({ length: 50 }, () => store.nextVersions(3)))
    const given = firsts.flatMap((first) => [first, first + 1, first + 2])
    assert.equal(new Set(given).size, 150)
    assert.ok(Math.min(...given) > last)
  }),

  asyncLaw(
    'a batch with assumed versions is applied if nobody was given such, and gives them',
    async (store) => {
      // A store may know too little before it has been asked for anything.
      await apply(store, putting('rows', KEY, bytesOf('0')))
      let last = await store.nextVersions(1)
      for (let round = 1; round <= 20; round++) {
        const first = store.assumeVersions?.(3)
        // It need not have the method, nor always an answer.
        if (first === undefined) continue
        const versions = { first, count: 3 }
        const row = putting('rows', KEY, bytesOf(String(round)))
        assert.ok(first > last, `${first} after ${last}`)
        assert.equal(await store.commit({ ...batch([], [row]), versions }), true)
        assert.equal(shown(await store.get('rows', KEY)), shown(bytesOf(String(round))))
        // They are given now, all of them.
        const late = putting('rows', KEY, bytesOf('late'))
        const lastOne = { first: first + 2, count: 1 }
        assert.equal(await store.commit({ ...batch([], [late]), versions: lastOne }), false)
        assert.equal(shown(await store.get('rows', KEY)), shown(bytesOf(String(round))))
        last = await store.nextVersions(1)
        assert.ok(last >= first + 3, `${last} after ${first} and two more`)
        assert.equal(await store.commit({ ...batch([], [late]), versions }), false)
      }
    },
  ),
]

async function contents(store: AsyncStore): Promise<(string | undefined)[]> {
  const records = [
    await store.get('rows', KEY),
    await store.get('rows', OTHER),
    await store.get('books', OTHER),
  ]
  return records.map((record) => record && new TextDecoder().decode(record))
}
