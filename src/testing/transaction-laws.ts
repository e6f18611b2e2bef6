/** A transaction is all or nothing, and a committed one is seen. */
import assert from 'node:assert/strict'
import { ClosedError } from '../errors/open-errors.js'
import { TransactionError } from '../errors/store-errors.js'
import type { StoreReader } from '../store/sync-store.js'
import { bytesOf, COMMITTED, deleteRow, law, putRow, type StoreLaw, shown } from './store-law.js'

const MAX_VERSION = 2 ** 48 - 1

export const transactionLaws: readonly StoreLaw[] = [
  law('transaction() returns what its callback returns, with either promise', (store) => {
    const result = { any: 'value' }
    assert.equal(
      store.transaction('synced', () => result),
      result,
    )
    assert.equal(
      store.transaction('committed', () => undefined),
      undefined,
    )
  }),

  law('a committed write is seen by the next read', (store) => {
    for (let count = 1; count <= 200; count++) {
      putRow(store, 'rows', bytesOf('key'), bytesOf(String(count)), count)
      assert.equal(shown(store.get('rows', bytesOf('key'))), shown(bytesOf(String(count))))
      assert.equal(shown(store.scan('rows', {}, 1)[0]?.record), shown(bytesOf(String(count))))
      assert.equal(store.due('rows', count, 1_000).at(-1)?.deadline, count)
    }
    deleteRow(store, 'rows', bytesOf('key'))
    assert.equal(store.get('rows', bytesOf('key')), undefined)
    assert.deepEqual(store.scan('rows', {}, 1), [])
  }),

  law('reads in a transaction see its writes', (store) => {
    putRow(store, 'rows', bytesOf('b'), bytesOf('old'), 10)
    putRow(store, 'rows', bytesOf('c'), bytesOf('old'))
    store.transaction(COMMITTED, (tx) => {
      tx.put('rows', bytesOf('a'), bytesOf('new'), 5)
      tx.put('rows', bytesOf('b'), bytesOf('newer'), 0)
      tx.put('fresh', bytesOf('a'), bytesOf('in a new bucket'), 0)
      assert.equal(tx.delete('rows', bytesOf('c')), true)
      assert.equal(tx.delete('rows', bytesOf('c')), false)
      assert.deepEqual(contents(tx, 'rows'), { a: 'new', b: 'newer' })
      assert.deepEqual(contents(tx, 'fresh'), { a: 'in a new bucket' })
      assert.equal(shown(tx.get('rows', bytesOf('b'))), shown(bytesOf('newer')))
      assert.equal(tx.peek('rows', bytesOf('b'))?.length, 5)
      assert.equal(tx.get('rows', bytesOf('c')), undefined)
      assert.equal(shown(tx.due('rows', 5, 10)[0]?.key), shown(bytesOf('a')))
    })
    assert.deepEqual(contents(store, 'rows'), { a: 'new', b: 'newer' })
    assert.deepEqual(contents(store, 'fresh'), { a: 'in a new bucket' })
  }),

  law('insert(), where there is one, takes keys in whatever order they come', (store) => {
    const ascending = Array.from({ length: 100 }, (_, at) => 1_000 + at * 10)
    // Behind the last, again, in between, and behind the last again.
    const numbers = [
      ...ascending,
      1_990,
      995,
      1_005,
      ...ascending.map((n) => n + 995),
      3_000,
      2_999,
    ]
    const wanted: Record<string, string> = {}
    const isInserted = store.transaction(COMMITTED, (tx) => {
      for (const [at, number] of numbers.entries()) {
        const [key, value] = [`${number}`, `${at}`]
        const answer = tx.insert?.('rows', bytesOf(key), bytesOf(value), 0)
        if (answer === undefined) return false
        assert.equal(answer, !(key in wanted))
        wanted[key] ??= value
      }
      assert.deepEqual(contents(tx, 'rows'), wanted)
      return true
    })
    if (isInserted) assert.deepEqual(contents(store, 'rows'), wanted)
  }),

  law('insert(), where there is one, stores what is new and leaves what is there', (store) => {
    putRow(store, 'rows', bytesOf('there'), bytesOf('old'), 20)
    const answers = store.transaction(COMMITTED, (tx) => {
      if (tx.insert === undefined) return undefined
      const found = [
        tx.insert('rows', bytesOf('there'), bytesOf('new'), 5),
        tx.insert('rows', bytesOf('timed'), bytesOf('new'), 10),
        tx.insert('rows', bytesOf('timed'), bytesOf('newer'), 15),
        tx.insert('rows', bytesOf('lasting'), bytesOf(''), 0),
        tx.insert('rows', bytesOf('lasting'), bytesOf('newer'), 0),
        tx.insert('fresh', bytesOf('a'), bytesOf('new'), 0),
      ]
      tx.delete('rows', bytesOf('lasting'))
      return [...found, tx.insert('rows', bytesOf('lasting'), bytesOf('again'), 0)]
    })
    if (answers === undefined) return
    assert.deepEqual(answers, [false, true, false, true, false, true, true])
    assert.deepEqual(contents(store, 'rows'), { lasting: 'again', there: 'old', timed: 'new' })
    assert.deepEqual(contents(store, 'fresh'), { a: 'new' })
    assert.deepEqual(
      store.due('rows', 100, 10).map((hint) => [shown(hint.key), hint.deadline]),
      [
        [shown(bytesOf('timed')), 10],
        [shown(bytesOf('there')), 20],
      ],
    )
  }),

  law('a throw takes back rows, deadlines and new buckets, and comes out unchanged', (store) => {
    putRow(store, 'rows', bytesOf('stays'), bytesOf('1'), 10)
    putRow(store, 'rows', bytesOf('changes'), bytesOf('1'), 20)
    for (const thrown of [new Error('no'), withCode(5), withCode(-30792), 'text', 0, undefined]) {
      const attempt = () =>
        store.transaction(COMMITTED, (tx) => {
          tx.put('rows', bytesOf('new'), bytesOf('2'), 5)
          tx.put('rows', bytesOf('changes'), bytesOf('2'), 6)
          tx.put('rows', bytesOf('changes'), bytesOf('3'), 7)
          tx.delete('rows', bytesOf('stays'))
          tx.forget('rows', { key: bytesOf('stays'), deadline: 10 })
          tx.put('fresh', bytesOf('new'), bytesOf('2'), 5)
          throw thrown
        })
      assert.equal(caught(attempt), thrown)
      assert.deepEqual(contents(store, 'rows'), { changes: '1', stays: '1' })
      assert.deepEqual(contents(store, 'fresh'), {})
      assert.deepEqual(
        store.due('rows', 100, 10).map((hint) => [shown(hint.key), hint.deadline]),
        [
          [shown(bytesOf('stays')), 10],
          [shown(bytesOf('changes')), 20],
        ],
      )
      assert.deepEqual(store.due('fresh', 100, 10), [])
    }
    putRow(store, 'fresh', bytesOf('new'), bytesOf('now'))
    assert.deepEqual(contents(store, 'fresh'), { new: 'now' })
  }),

  law('a throw after thousands of changes takes all of them back', (store) => {
    const key = (at: number) => bytesOf(`key ${at}`)
    store.transaction(COMMITTED, (tx) => {
      for (let at = 0; at < 3_000; at++) tx.put('rows', key(at), bytesOf(String(at)), at + 1)
    })
    const before = contents(store, 'rows')
    assert.equal(Object.keys(before).length, 3_000)
    const attempt = () =>
      store.transaction(COMMITTED, (tx) => {
        for (let at = 0; at < 6_000; at++) {
          if (at % 3 === 0) tx.delete('rows', key(at))
          else tx.put('rows', key(at), new Uint8Array(300), 0)
        }
        throw new RangeError('no')
      })
    assert.ok(caught(attempt) instanceof RangeError)
    assert.deepEqual(contents(store, 'rows'), before)
  }),

  law('a transaction in a transaction is refused, and the outer one can go on', (store) => {
    store.transaction(COMMITTED, (tx) => {
      tx.put('rows', bytesOf('a'), bytesOf('1'), 0)
      const attempt = () => store.transaction(COMMITTED, () => assert.fail('it was run'))
      assert.ok(caught(attempt) instanceof TransactionError)
      tx.put('rows', bytesOf('b'), bytesOf('2'), 0)
      assert.deepEqual(contents(tx, 'rows'), { a: '1', b: '2' })
    })
    assert.deepEqual(contents(store, 'rows'), { a: '1', b: '2' })
    putRow(store, 'rows', bytesOf('c'), bytesOf('3'))
    assert.equal(
      caught(() =>
        store.transaction(COMMITTED, () => store.transaction(COMMITTED, () => 1)),
      ) instanceof TransactionError,
      true,
    )
    assert.deepEqual(contents(store, 'rows'), { a: '1', b: '2', c: '3' })
  }),

  law('changeId grows with every commit that changed something, and not with a read', (store) => {
    const key = bytesOf('key')
    putRow(store, 'rows', key, bytesOf('0'), 1)
    const moves = (change: () => unknown, what: string) => {
      const before = store.changeId()
      change()
      assert.ok(store.changeId() > before, `it stayed at ${before} after ${what}`)
    }
    const stays = (read: () => unknown, what: string) => {
      const before = store.changeId()
      read()
      assert.equal(store.changeId(), before, what)
    }
    for (let round = 0; round < 50; round++) {
      moves(() => putRow(store, 'rows', key, bytesOf(String(round))), 'a record was replaced')
      moves(() => putRow(store, 'rows', bytesOf(`new ${round}`), bytesOf('1'), 1), 'a row came')
      moves(() => putRow(store, 'rows', bytesOf(`new ${round}`), bytesOf('1'), 2), 'a deadline')
      moves(() => deleteRow(store, 'rows', bytesOf(`new ${round}`)), 'a row went')
      moves(() => putRow(store, 'other', key, bytesOf(String(round))), 'another bucket was changed')
      stays(() => store.get('rows', key), 'a get()')
      stays(() => store.get('rows', bytesOf('missing')), 'a get() of nothing')
      stays(() => store.peek('rows', key), 'a peek()')
      stays(() => store.scan('rows', {}, 10), 'a scan()')
      stays(() => store.due('rows', 10, 10), 'a due()')
      stays(() => store.stats(), 'a stats()')
      const taken = () =>
        store.transaction(COMMITTED, (tx) => {
          tx.put('rows', key, bytesOf('never'), 0)
          throw new Error('no')
        })
      stays(() => caught(taken), 'a transaction that was taken back')
    }
  }),

  law('nextVersion() is greater than any that a committed change was given before', (store) => {
    let last = -1
    const take = (count: number) =>
      store.transaction(COMMITTED, (tx) => {
        for (let taken = 0; taken < count; taken++) {
          const version = tx.nextVersion()
          assert.ok(Number.isSafeInteger(version) && version >= 0 && version <= MAX_VERSION)
          assert.ok(version > last, `${version} after ${last}, number ${taken} of ${count}`)
          last = version
        }
        tx.put('rows', bytesOf('key'), bytesOf(String(last)), 0)
      })
    for (const count of [1, 1, 2, 63, 64, 65, 1, 10_000, 1, 128, 1, 10_000, 10_000, 1, 1])
      take(count)
    const attempt = () =>
      store.transaction(COMMITTED, (tx) => {
        for (let taken = 0; taken < 500; taken++) tx.nextVersion()
        tx.put('rows', bytesOf('key'), bytesOf('never'), 0)
        throw new Error('no')
      })
    caught(attempt)
    for (const count of [1, 100, 1]) take(count)
  }),

  law('a snapshot, where the store has them, shows rows and hints as they were', (store) => {
    const [kept, gone] = [bytesOf('kept'), bytesOf('gone')]
    putRow(store, 'rows', kept, bytesOf('old'), 5)
    putRow(store, 'rows', gone, bytesOf('old'))
    const snapshot = store.snapshot?.(['rows'])
    if (snapshot === undefined) return
    try {
      putRow(store, 'rows', kept, bytesOf('new'), 7)
      deleteRow(store, 'rows', gone)
      putRow(store, 'rows', bytesOf('later'), bytesOf('new'))
      const seen: string[] = []
      snapshot.walk('rows', {}, 10, (key, record) => {
        const text = Buffer.from(record.subarray(0, record.length)).toString()
        seen.push(`${Buffer.from(key).toString()}=${text}`)
      })
      assert.deepEqual(seen, ['gone=old', 'kept=old'])
      assert.equal(shown(snapshot.get('rows', gone)), shown(bytesOf('old')))
      const deadlines = snapshot.due('rows', 10, 10).map(({ deadline }) => deadline)
      assert.deepEqual(deadlines, [5])
      assert.equal(store.get('rows', gone), undefined)
    } finally {
      snapshot.close()
    }
    assert.throws(() => snapshot.get('rows', kept), ClosedError)
  }),
]

/** The rows of a bucket as text, in key order. */
function contents(reader: StoreReader, bucket: string): Record<string, string> {
  const decoder = new TextDecoder()
  const rows: Record<string, string> = {}
  let after: Uint8Array | undefined
  for (;;) {
    const step = reader.scan(bucket, after === undefined ? {} : { after }, 1_000)
    for (const { key, record } of step) rows[decoder.decode(key)] = decoder.decode(record)
    after = step.at(-1)?.key
    if (after === undefined) return rows
  }
}

/** What a call throws. Fails if it throws nothing. */
function caught(call: () => unknown): unknown {
  try {
    call()
  } catch (error) {
    return error
  }
  return assert.fail('nothing was thrown')
}

/** An error that looks like one of an engine, and is none. */
function withCode(code: number): Error {
  return Object.assign(new Error('of the caller'), { code })
}
