/** Bytes in are bytes out, and names never reach outside their place. */
import assert from 'node:assert/strict'
import { compareBytes } from '../bytes.js'
import type { SyncStore } from '../store/sync-store.js'
import { HOSTILE_KEYS, HOSTILE_NAMES, pattern, SIZES_BYTES, same } from './hostile-bytes.js'
import { bytesOf, COMMITTED, deleteRow, law, putRow, type StoreLaw, shown } from './store-law.js'

export const bytesLaws: readonly StoreLaw[] = [
  law('a record comes back byte for byte, from none to 5 MB', (store) => {
    SIZES_BYTES.forEach((size, at) => {
      putRow(store, 'rows', Uint8Array.of(at + 1), pattern(size, at))
    })
    SIZES_BYTES.forEach((size, at) => {
      const key = Uint8Array.of(at + 1)
      const [row] = store.scan('rows', { from: key }, 1)
      same(store.get('rows', key), pattern(size, at), `get() of ${size} bytes`)
      same(lentBytes(store.peek('rows', key)), pattern(size, at), `peek() of ${size} bytes`)
      same(row?.key, key, 'the key that scan() gives')
      same(row?.record, pattern(size, at), `scan() of ${size} bytes`)
      store.transaction(COMMITTED, (tx) => {
        same(tx.get('rows', key), pattern(size, at), `get() of ${size} bytes in a transaction`)
        const lent = lentBytes(tx.peek('rows', key))
        same(lent, pattern(size, at), `peek() of ${size} bytes in a transaction`)
      })
    })
  }),

  law('what was never put is not there, in a bucket that nobody wrote to as well', (store) => {
    putRow(store, 'rows', bytesOf('b'), bytesOf('1'))
    for (const bucket of ['rows', 'other']) {
      for (const key of ['a', 'c', 'ba', 'b\0']) {
        assert.equal(store.get(bucket, bytesOf(key)), undefined)
        assert.equal(store.peek(bucket, bytesOf(key)), undefined)
        assert.equal(deleteRow(store, bucket, bytesOf(key)), false)
      }
      assert.deepEqual(store.due(bucket, Date.now(), 10), [])
    }
    assert.deepEqual(store.scan('other', {}, 10), [])
    assert.deepEqual(store.scan('other', { reverse: true }, 10), [])
  }),

  law('put() replaces a record by a longer one, a shorter one and an empty one', (store) => {
    const key = bytesOf('key')
    for (const size of [10, 100_000, 3, 0, 1]) {
      putRow(store, 'rows', key, pattern(size, size))
      same(store.get('rows', key), pattern(size, size), `the record of ${size} bytes`)
      assert.equal(store.scan('rows', {}, 10).length, 1)
    }
  }),

  law('delete() removes a row and tells whether there was one', (store) => {
    putRow(store, 'rows', bytesOf('a'), bytesOf('1'))
    putRow(store, 'rows', bytesOf('b'), new Uint8Array(0))
    assert.equal(deleteRow(store, 'rows', bytesOf('b')), true, 'an empty record is a row')
    assert.equal(deleteRow(store, 'rows', bytesOf('b')), false)
    assert.equal(store.get('rows', bytesOf('b')), undefined)
    assert.equal(deleteRow(store, 'rows', bytesOf('a')), true, 'the only row')
    assert.deepEqual(store.scan('rows', {}, 10), [])
    putRow(store, 'rows', bytesOf('a'), bytesOf('2'))
    same(store.get('rows', bytesOf('a')), bytesOf('2'), 'a row that came again')
  }),

  law('bytes that were given may be changed afterwards', (store) => {
    // Views into the middle of a larger buffer, as callers with a buffer pool pass them.
    const pool = Buffer.from('..key..record..', 'utf8')
    const key = pool.subarray(2, 5)
    const record = pool.subarray(7, 13)
    store.transaction(COMMITTED, (tx) => {
      tx.put('rows', key, record, 1)
      pool.fill(0)
      same(tx.get('rows', bytesOf('key')), bytesOf('record'), 'the record in the transaction')
    })
    same(store.get('rows', bytesOf('key')), bytesOf('record'), 'the record')
    assert.deepEqual(store.scan('rows', {}, 10).map(textsOf), ['key=record'])
    assert.deepEqual(
      store.due('rows', 1, 10).map((hint) => shown(hint.key)),
      [shown(bytesOf('key'))],
    )
  }),

  law('bytes that were returned belong to the caller', (store) => {
    const sizes = [1, 100, 5_000, 300_000]
    const write = (salt: number) =>
      sizes.forEach((size, at) => {
        putRow(store, 'rows', Uint8Array.of(at + 1), pattern(size, salt + at), 1)
      })
    const readAll = (): Uint8Array[] => [
      ...sizes.map((_, at) => store.get('rows', Uint8Array.of(at + 1)) as Uint8Array),
      ...store.scan('rows', {}, 10).flatMap(({ key, record }) => [key, record]),
      ...store.due('rows', 1, 10).map(({ key }) => key),
    ]
    write(1)
    const first = readAll()
    const before = first.map((bytes) => bytes.slice())
    write(50)
    const second = readAll().map((bytes) => bytes.slice())
    first.forEach((bytes, at) => {
      same(bytes, before[at] as Uint8Array, 'bytes returned before others were written and read')
    })
    for (const bytes of readAll()) bytes.fill(0xee)
    readAll().forEach((bytes, at) => {
      same(bytes, second[at] as Uint8Array, 'bytes read after their like was changed')
    })
  }),

  law(
    'a key may hold any bytes, from 1 to 1,900, and keys are in the order of their bytes',
    (store) => {
      store.transaction(COMMITTED, (tx) => {
        HOSTILE_KEYS.forEach((key, at) => {
          tx.put('rows', key, pattern(20, at), at + 1)
        })
      })
      HOSTILE_KEYS.forEach((key, at) => {
        same(store.get('rows', key), pattern(20, at), `the record of key ${shown(key)}`)
      })
      const keys = store.scan('rows', {}, 1_000).map((row) => shown(row.key))
      assert.deepEqual(keys, [...HOSTILE_KEYS].sort(compareBytes).map(shown))
      const due = store.due('rows', 1_000, 1_000).map((hint) => shown(hint.key))
      assert.deepEqual(due, HOSTILE_KEYS.map(shown))
      for (const key of HOSTILE_KEYS) assert.equal(deleteRow(store, 'rows', key), true, shown(key))
      assert.deepEqual(store.scan('rows', {}, 1_000), [])
    },
  ),

  law('a bucket may have any name, and no name reaches into another bucket', (store) => {
    const key = bytesOf('../key')
    HOSTILE_NAMES.forEach((name, at) => {
      putRow(store, name, key, pattern(30, at), at + 1)
      putRow(store, name, Uint8Array.of(at + 1), Uint8Array.of(at))
    })
    // A store that keeps books of its own keeps them apart, too.
    store.transaction(COMMITTED, (tx) => {
      for (let taken = 0; taken < 1_000; taken++) tx.nextVersion()
      tx.put('rows', key, new Uint8Array(0), 0)
    })
    HOSTILE_NAMES.forEach((name, at) => {
      const what = JSON.stringify(name)
      same(store.get(name, key), pattern(30, at), `the record in bucket ${what}`)
      assert.equal(store.scan(name, {}, 10).length, 2, what)
      assert.deepEqual(
        store.due(name, 1_000, 10).map((hint) => hint.deadline),
        [at + 1],
        what,
      )
    })
    for (const name of HOSTILE_NAMES) {
      assert.equal(deleteRow(store, name, key), true, JSON.stringify(name))
    }
  }),

  {
    title: 'two stores have nothing in common',
    async check(makeStore) {
      const stores: SyncStore[] = []
      try {
        stores.push(makeStore(), makeStore())
        const [one, other] = stores as [SyncStore, SyncStore]
        putRow(one, 'rows', bytesOf('key'), bytesOf('record'), 1)
        assert.equal(other.get('rows', bytesOf('key')), undefined)
        assert.deepEqual(other.due('rows', 1, 10), [])
        assert.notEqual(one.identity, other.identity)
      } finally {
        for (const store of stores) store.close()
      }
    },
  },
]

/** A copy of a lent record, made with nothing but what peek() promises. */
function lentBytes(lent: Uint8Array | undefined): Uint8Array | undefined {
  if (lent === undefined) return undefined
  const copy = lent.subarray(0, lent.length).slice()
  copy.forEach((byte, at) => {
    if (lent[at] !== byte) assert.fail(`index ${at} is ${lent[at]}, and subarray() has ${byte}`)
  })
  return copy
}

function textsOf({ key, record }: { key: Uint8Array; record: Uint8Array }): string {
  const decoder = new TextDecoder()
  return `${decoder.decode(key)}=${decoder.decode(record)}`
}
