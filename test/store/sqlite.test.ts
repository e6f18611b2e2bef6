import { once } from 'node:events'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import { sqliteStore } from '../../src/sqlite.js'
import type { SyncStore } from '../../src/store/sync-store.js'
import { durableStoreLaws, syncStoreLaws } from '../../src/testing.js'
import { startChild } from '../processes/child.js'
import { tempDirectory } from '../processes/temp-directory.js'
import { ROUNDS, saidFile, watch } from './foreign-commits.js'
import { SQLITE_DRIVERS } from './sqlite-drivers.js'

for (const driver of SQLITE_DRIVERS) {
  const makeStore = () => sqliteStore(join(tempDirectory(), 'data.db'), { driver })
  const reopen = (store: SyncStore) => sqliteStore(store.location, { driver })

  describe(`the laws of SyncStore, on SQLite through ${driver}`, () => {
    for (const law of syncStoreLaws) test(law.title, () => law.check(makeStore))
    for (const law of durableStoreLaws) test(law.title, () => law.check(makeStore, reopen))
  })
}

test('a committed write is seen by the next read in another process', async () => {
  const store = sqliteStore(join(tempDirectory(), 'data.db'))
  const said = saidFile()
  const args = [`sqlite:${store.location}`, String(ROUNDS), said]
  const child = startChild('store-writer.mjs', args)
  await child.line((line) => line === 'open')
  watch(store, said)
  expect(await child.ended).toMatchObject({ code: 0, stderr: '' })
  store.close()
})

test('a committed write is seen by the next read in another thread', async () => {
  const store = sqliteStore(join(tempDirectory(), 'data.db'))
  const said = saidFile()
  const worker = new Worker(new URL('../processes/children/store-writer.mjs', import.meta.url), {
    workerData: [`sqlite:${store.location}`, ROUNDS, said],
  })
  await once(worker, 'message')
  watch(store, said)
  expect(await once(worker, 'exit')).toEqual([0])
  store.close()
})

test('onCommit() wakes two processes that answer each other', async () => {
  const rounds = 101
  const store = sqliteStore(join(tempDirectory(), 'data.db'))
  const child = startChild('commit-echo.mjs', [`sqlite:${store.location}`, String(rounds)])
  await child.line((line) => line === 'open')
  const key = Buffer.from('number')
  const put = (number: number) =>
    store.transaction('committed', (tx) => tx.put('rows', key, Buffer.from(`${number}`), 0))
  await new Promise<void>((resolve, reject) => {
    child.ended.catch(reject)
    store.onCommit(() => {
      const number = Number(Buffer.from(store.get('rows', key) ?? []).toString())
      if (number % 2 === 0) return
      if (number >= rounds) resolve()
      else put(number + 1)
    })
    put(0)
  })
  expect(await child.ended).toMatchObject({ code: 0, stderr: '' })
  store.close()
})
