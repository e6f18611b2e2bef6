/** The journal, where a store has one: every change of a row is told to all who watch, within bounds. */
import assert from 'node:assert/strict'
import type { AsyncStore, RowJournal, RowOperation } from '../store/async-store.js'
import {
  type AsyncStoreLaw,
  apply,
  asyncLaw,
  batch,
  checking,
  deleting,
  putting,
  soon,
} from './async-store-law.js'
import { bytesOf, shown } from './store-law.js'

const KEY = bytesOf('key')

export const asyncJournalLaws: readonly AsyncStoreLaw[] = [
  journalLaw(
    'the journal tells what is put and what goes, with the records',
    async (store, journal) => {
      await done(store, putting('rows', bytesOf('early'), bytesOf('unwatched')))
      const place = await journal.watch('rows')
      await done(store, putting('rows', KEY, bytesOf('one')))
      await done(store, putting('other', KEY, bytesOf('elsewhere')))
      await done(store, deleting('rows', KEY))
      await done(store, deleting('rows', bytesOf('absent')))
      await done(store, deletingAs('expire', bytesOf('early')))
      await done(store, putting('rows', KEY, bytesOf('two')))
      await done(store, putting('rows', bytesOf('unsaid'), bytesOf('three')))
      await done(store, deletingAs('nothing', bytesOf('unsaid')))
      const { changes, hasMissed } = await journal.read('rows', place, 100)
      assert.equal(hasMissed, false)
      const told = changes.map(({ kind, key, record }) => [
        kind,
        shown(key),
        record && shown(record),
      ])
      // In a store of several parts, the changes of several keys have no order.
      assert.deepEqual(
        told.filter(([, key]) => key === shown(KEY)),
        [
          ['delete', shown(KEY), shown(bytesOf('one'))],
          ['put', shown(KEY), shown(bytesOf('two'))],
        ],
      )
      assert.deepEqual(
        told.filter(([, key]) => key !== shown(KEY)),
        [['expire', shown(bytesOf('early')), shown(bytesOf('unwatched'))]],
      )
      assert.ok(changes.every(({ isOwn }) => isOwn))
    },
  ),

  journalLaw('a batch whose check fails is not told', async (store, journal) => {
    const place = await journal.watch('rows')
    const check = checking('rows', KEY, bytesOf('something'))
    assert.equal(await store.commit(batch([check], [putting('rows', KEY, bytesOf('one'))])), false)
    const { changes } = await journal.read('rows', place, 100)
    assert.deepEqual(changes, [])
  }),

  journalLaw('clear() is told by the first key of its range', async (store, journal) => {
    for (const text of ['a1', 'a2', 'b1']) {
      await done(store, putting('rows', bytesOf(text), bytesOf('record')))
    }
    const place = await journal.watch('rows')
    await store.clear('rows', { from: bytesOf('a'), to: bytesOf('b') })
    const { changes } = await journal.read('rows', place, 100)
    assert.ok(changes.length > 0)
    for (const { kind, key, record } of changes) {
      assert.deepEqual([kind, shown(key), record], ['clear', shown(bytesOf('a')), undefined])
    }
  }),

  journalLaw('the journal is read on where it ended, page by page', async (store, journal) => {
    let place = await journal.watch('rows')
    for (let at = 0; at < 25; at++) await done(store, putting('rows', bytesOf(`${at}`), KEY))
    const found: string[] = []
    for (let hasMore = true; hasMore; ) {
      const page = await journal.read('rows', place, 4)
      assert.equal(page.hasMissed, false)
      found.push(...page.changes.map(({ key }) => shown(key)))
      place = page.next
      hasMore = page.hasMore
    }
    const wanted = Array.from({ length: 25 }, (_, at) => shown(bytesOf(`${at}`)))
    assert.deepEqual(found.toSorted(), wanted.toSorted())
  }),

  journalLaw(
    'whoever listens to the journal hears that there is something',
    async (store, journal) => {
      await journal.watch('rows')
      let calls = 0
      const stop = journal.onChange(() => calls++)
      await done(store, putting('rows', KEY, bytesOf('one')))
      await soon(() => calls > 0, 'a change')
      stop()
    },
  ),
]

/** Applied everywhere: the journal of a store that tells others later does so, too. */
async function done(store: AsyncStore, ...operations: RowOperation[]): Promise<void> {
  await apply(store, ...operations)
  await store.sync()
}

function deletingAs(noted: 'expire' | 'nothing', key: Uint8Array): RowOperation {
  return { kind: 'delete', bucket: 'rows', key, noted }
}

/** A law of the journal. A store without one keeps it: there is nothing to be broken. */
function journalLaw(
  title: string,
  check: (store: AsyncStore, journal: RowJournal) => Promise<void>,
): AsyncStoreLaw {
  return asyncLaw(title, async (store) => {
    if (store.journal !== undefined) await check(store, store.journal)
  })
}
