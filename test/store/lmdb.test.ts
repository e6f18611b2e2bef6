import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import { TransactionError } from '../../src/errors/store-errors.js'
import { lmdbStore } from '../../src/store/lmdb/open-lmdb.js'
import type { SyncStore } from '../../src/store/sync-store.js'
import { durableStoreLaws, syncStoreLaws } from '../../src/testing.js'
import { startChild } from '../processes/child.js'
import { tempDirectory } from '../processes/temp-directory.js'
import { ROUNDS, saidFile, watch } from './foreign-commits.js'

const KEY = Buffer.from('number')

for (const changeClock of ['mapped', 'asked'] as const) {
  const makeStore = () => lmdbStore(tempDirectory(), { changeClock })
  const reopen = (store: SyncStore) => lmdbStore(store.location, { changeClock })

  describe(`the laws of SyncStore, on LMDB with the ${changeClock} clock`, () => {
    for (const law of syncStoreLaws) test(law.title, () => law.check(makeStore))
    for (const law of durableStoreLaws) test(law.title, () => law.check(makeStore, reopen))

    test('a committed write is seen by the next read in another process', async () => {
      const store = makeStore()
      const said = saidFile()
      const child = startChild('store-writer.mjs', [store.location, String(ROUNDS), said])
      await child.line((line) => line === 'open')
      watch(store, said)
      expect(await child.ended).toMatchObject({ code: 0, stderr: '' })
      store.close()
    })

    test('a committed write is seen by the next read in another thread', async () => {
      const store = makeStore()
      const said = saidFile()
      const worker = new Worker(
        new URL('../processes/children/store-writer.mjs', import.meta.url),
        { workerData: [store.location, ROUNDS, said] },
      )
      await once(worker, 'message')
      watch(store, said)
      expect(await once(worker, 'exit')).toEqual([0])
      store.close()
    })
  })
}

test('a transaction inside one of another store over the same directory is refused', () => {
  const store = lmdbStore(tempDirectory())
  const other = lmdbStore(store.location)
  store.transaction('committed', (tx) => {
    tx.put('rows', KEY, Buffer.from('1'), 0)
    const inner = () => other.transaction('committed', (tx2) => tx2.put('rows', KEY, KEY, 0))
    expect(inner).toThrow(TransactionError)
  })
  expect(other.get('rows', KEY)).toEqual(Buffer.from('1'))
  other.transaction('committed', (tx) => tx.delete('rows', KEY))
  expect(store.get('rows', KEY)).toBeUndefined()
  store.close()
  other.close()
})

test('a record of 20 MB keeps its bytes while the store goes on', () => {
  const store = lmdbStore(tempDirectory())
  const put = (byte: number) =>
    store.transaction('committed', (tx) => {
      tx.put('rows', KEY, Buffer.alloc(20 * 2 ** 20, byte), 0)
    })
  const isAll = (bytes: Uint8Array | undefined, byte: number) =>
    bytes?.length === 20 * 2 ** 20 && bytes.every((found) => found === byte)
  put(1)
  const got = store.get('rows', KEY)
  const [scanned] = store.scan('rows', {}, 1)
  for (const byte of [2, 3, 4]) put(byte)
  expect(isAll(got, 1)).toBe(true)
  expect(isAll(scanned?.record, 1)).toBe(true)
  got?.fill(9)
  scanned?.record.fill(9)
  expect(isAll(store.get('rows', KEY), 4)).toBe(true)
  store.close()
})
