/** When a commit looks whether its directory is still there. */
import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { StoreGoneError } from '../../src/errors/store-errors.js'
import { lmdbStore } from '../../src/store/lmdb/open-lmdb.js'
import type { CommitPromise } from '../../src/store/sync-store.js'
import { tempDirectory } from '../processes/temp-directory.js'

/** Far more than are made within the few milliseconds for which a look is trusted. */
const MANY = 100_000

/** A store whose directory is moved away right after a commit. */
function movedStore() {
  const path = join(tempDirectory(), 'store')
  const store = lmdbStore(path)
  let count = 0
  const put = (promise: CommitPromise) => {
    store.transaction(promise, (tx) =>
      tx.put('rows', Buffer.from('count'), Buffer.alloc(8, ++count), 0),
    )
  }
  put('committed')
  renameSync(path, `${path}-moved`)
  return { put, store }
}

test("transaction('synced') is a StoreGoneError at once after the directory was moved", () => {
  const { put, store } = movedStore()
  expect(() => put('synced')).toThrow(StoreGoneError)
  store.close()
})

test("transaction('committed') is a StoreGoneError soon after the directory was moved, and stays one", () => {
  const { put, store } = movedStore()
  const commits = () => {
    for (let done = 0; done < MANY; done++) put('committed')
  }
  expect(commits).toThrow(StoreGoneError)
  expect(() => put('committed')).toThrow(StoreGoneError)
  store.close()
})
