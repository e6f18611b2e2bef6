/** Bytes in are bytes out, and names never reach outside their place. */
import assert from 'node:assert/strict'
import { compareBytes } from '../bytes.js'
import type { AsyncStore } from '../store/async-store.js'
import {
  type AsyncStoreLaw,
  apply,
  asyncLaw,
  deleting,
  keysOf,
  LATER,
  putting,
} from './async-store-law.js'
import { HOSTILE_KEYS, HOSTILE_NAMES, pattern, SIZES_BYTES, same } from './hostile-bytes.js'
import { bytesOf, shown } from './store-law.js'

export const asyncBytesLaws: readonly AsyncStoreLaw[] = [
  asyncLaw('a record comes back byte for byte, from none to 5 MB', async (store) => {
    const keys = SIZES_BYTES.map((_, at) => Uint8Array.of(at + 1))
    for (const [at, key] of keys.entries()) {
      await apply(store, putting('rows', key, pattern(SIZES_BYTES[at] as number, at)))
    }
    const many = await store.getMany('rows', keys)
    for (const [at, key] of keys.entries()) {
      const size = SIZES_BYTES[at] as number
      const [row] = await store.scan('rows', { from: key }, 1)
      same(await store.get('rows', key), pattern(size, at), `get() of ${size} bytes`)
      same(many[at], pattern(size, at), `getMany() of ${size} bytes`)
      same(row?.key, key, 'the key that scan() gives')
      same(row?.record, pattern(size, at), `scan() of ${size} bytes`)
    }
  }),

  asyncLaw('what was never put is not there', async (store) => {
    await apply(store, putting('rows', bytesOf('b'), bytesOf('1')))
    for (const bucket of ['rows', 'other']) {
      for (const key of ['a', 'c', 'ba', 'b\0']) {
        assert.equal(await store.get(bucket, bytesOf(key)), undefined)
        await apply(store, deleting(bucket, bytesOf(key)))
      }
      assert.deepEqual(await store.due(bucket, LATER, 10), [])
    }
    assert.deepEqual(await store.scan('other', {}, 10), [])
    assert.deepEqual(await store.scan('other', { reverse: true }, 10), [])
    assert.equal(await store.count('other', {}, 0), 0)
  }),

  asyncLaw(
    'getMany() and getToReplace() give records in the order of their keys, and undefined',
    async (store) => {
      await apply(store, putting('rows', bytesOf('a'), bytesOf('1')))
      await apply(store, putting('rows', bytesOf('b'), bytesOf('2')))
      const wanted = ['b', 'missing', 'a', 'b'].map(bytesOf)
      assert.deepEqual((await store.getMany('rows', wanted)).map(textOf), [
        '2',
        undefined,
        '1',
        '2',
      ])
      assert.deepEqual(await store.getMany('rows', []), [])
      const toReplace = await store.getToReplace?.('rows', wanted)
      if (toReplace !== undefined) {
        assert.deepEqual(toReplace.map(textOf), ['2', undefined, '1', '2'])
      }
    },
  ),

  asyncLaw(
    'put replaces a record by a longer one, a shorter one and an empty one',
    async (store) => {
      const key = bytesOf('key')
      for (const size of [10, 100_000, 3, 0, 1]) {
        await apply(store, putting('rows', key, pattern(size, size)))
        same(await store.get('rows', key), pattern(size, size), `the record of ${size} bytes`)
        assert.equal((await store.scan('rows', {}, 10)).length, 1)
      }
    },
  ),

  asyncLaw('delete removes a row, which may come again', async (store) => {
    await apply(store, putting('rows', bytesOf('a'), bytesOf('1'), LATER))
    await apply(store, putting('rows', bytesOf('b'), new Uint8Array(0)))
    await apply(store, deleting('rows', bytesOf('b')))
    assert.equal(await store.get('rows', bytesOf('b')), undefined)
    await apply(store, deleting('rows', bytesOf('a')))
    assert.deepEqual(await store.scan('rows', {}, 10), [])
    assert.deepEqual(await store.due('rows', LATER, 10), [])
    await apply(store, putting('rows', bytesOf('a'), bytesOf('2')))
    assert.equal(textOf(await store.get('rows', bytesOf('a'))), '2')
  }),

  asyncLaw('bytes that were given may be changed afterwards', async (store) => {
    // Views into the middle of a larger buffer, as callers with a buffer pool pass them.
    const pool = Buffer.from('..key..record..', 'utf8')
    const committed = apply(
      store,
      putting('rows', pool.subarray(2, 5), pool.subarray(7, 13), LATER),
    )
    pool.fill(0)
    await committed
    const wanted = Buffer.from('key')
    const read = [store.get('rows', wanted), store.getMany('rows', [wanted])] as const
    wanted.fill(0)
    assert.equal(textOf(await read[0]), 'record')
    assert.equal(textOf((await read[1])[0]), 'record')
    assert.deepEqual(await keysOf(store, 'rows'), [shown(bytesOf('key'))])
    const due = await store.due('rows', LATER, 10)
    assert.deepEqual(
      due.map((hint) => shown(hint.key)),
      [shown(bytesOf('key'))],
    )
  }),

  asyncLaw('bytes that were returned belong to the caller', async (store) => {
    const key = bytesOf('key')
    await apply(store, putting('rows', key, bytesOf('record'), LATER))
    const readAll = async (): Promise<Uint8Array[]> => [
      (await store.get('rows', key)) as Uint8Array,
      (await store.getMany('rows', [key]))[0] as Uint8Array,
      ...(await store.scan('rows', {}, 10)).flatMap((row) => [row.key, row.record]),
      ...(await store.due('rows', LATER, 1)).map((hint) => hint.key),
    ]
    const before = (await readAll()).map((bytes) => bytes.slice())
    for (const bytes of await readAll()) bytes.fill(0xee)
    for (const [at, bytes] of (await readAll()).entries()) {
      same(bytes, before[at] as Uint8Array, 'bytes read after their like was changed')
    }
  }),

  asyncLaw(
    'a key may hold any bytes, from 1 to 1,900, and keys are in the order of their bytes',
    async (store) => {
      await Promise.all(
        HOSTILE_KEYS.map((key, at) =>
          apply(store, putting('rows', key, pattern(20, at), LATER + at)),
        ),
      )
      const records = await store.getMany('rows', HOSTILE_KEYS)
      HOSTILE_KEYS.forEach((key, at) => {
        same(records[at], pattern(20, at), `the record of key ${shown(key)}`)
      })
      const inOrder = [...HOSTILE_KEYS].sort(compareBytes).map(shown)
      assert.deepEqual(await keysOf(store, 'rows'), inOrder)
      const due = await store.due('rows', LATER + 1_000, 1_000)
      assert.deepEqual(
        due.map((hint) => shown(hint.key)),
        HOSTILE_KEYS.map(shown),
      )
      await Promise.all(HOSTILE_KEYS.map((key) => apply(store, deleting('rows', key))))
      assert.deepEqual(await store.scan('rows', {}, 1_000), [])
    },
  ),

  asyncLaw('a bucket may have any name, and no name reaches into another bucket', async (store) => {
    const key = bytesOf('../key')
    for (const [at, name] of HOSTILE_NAMES.entries()) {
      await apply(store, putting(name, key, pattern(30, at), LATER + at))
      await apply(store, putting(name, Uint8Array.of(at + 1), Uint8Array.of(at)))
    }
    await store.nextVersions(1_000)
    for (const [at, name] of HOSTILE_NAMES.entries()) {
      const what = JSON.stringify(name)
      same(await store.get(name, key), pattern(30, at), `the record in bucket ${what}`)
      assert.equal(await store.count(name, {}, 0), 2, what)
      const due = await store.due(name, LATER + 1_000, 10)
      assert.deepEqual(
        due.map((hint) => hint.deadline),
        [LATER + at],
        what,
      )
    }
    for (const [at, name] of HOSTILE_NAMES.entries()) {
      await store.clear(name, {})
      assert.equal((await store.scan(name, {}, 10)).length, 0)
      const next = HOSTILE_NAMES[at + 1]
      if (next !== undefined) assert.equal((await store.scan(next, {}, 10)).length, 2)
    }
  }),

  {
    title: 'two stores have nothing in common',
    async check(makeStore) {
      const stores: AsyncStore[] = []
      try {
        stores.push(await makeStore(), await makeStore())
        const [one, other] = stores as [AsyncStore, AsyncStore]
        await apply(one, putting('rows', bytesOf('key'), bytesOf('record'), LATER))
        assert.equal(await other.get('rows', bytesOf('key')), undefined)
        assert.deepEqual(await other.due('rows', LATER, 10), [])
        await other.clear('rows', {})
        assert.equal(textOf(await one.get('rows', bytesOf('key'))), 'record')
        assert.notEqual(one.identity, other.identity)
      } finally {
        for (const store of stores) await store.close()
      }
    },
  },
]

function textOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes && new TextDecoder().decode(bytes)
}
