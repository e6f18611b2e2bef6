import { once } from 'node:events'
import { readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import Database from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { DamagedStoreError, FormatMismatchError, PathError } from '../../src/errors/open-errors.js'
import { OptionError } from '../../src/errors/option-error.js'
import { StoreBusyError, StoreGoneError, TransactionError } from '../../src/errors/store-errors.js'
import { sqliteStore } from '../../src/sqlite.js'
import type { SyncStore } from '../../src/store/sync-store.js'
import { durableStoreLaws, syncStoreLaws } from '../../src/testing.js'
import { runChild, startChild } from '../processes/child.js'
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

const KEY = Buffer.from('key')
const fileIn = (directory = tempDirectory()) => join(directory, 'data.db')

/** A committed row, and the store closed. */
function filled(file = fileIn()): string {
  const store = sqliteStore(file)
  store.transaction('synced', (tx) => tx.put('rows', KEY, Buffer.from('record'), 0))
  store.close()
  return file
}

test('sqliteStore() of one file, however it is spelled, is one database', () => {
  const file = filled()
  const link = join(tempDirectory(), 'link.db')
  symlinkSync(file, link)
  const [one, other] = [sqliteStore(file), sqliteStore(link)]
  expect(other.identity).toBe(one.identity)
  expect(other.get('rows', KEY)).toEqual(Buffer.from('record'))
  const inner = () => other.transaction('committed', () => {})
  expect(() => one.transaction('committed', inner)).toThrow(TransactionError)
  one.close()
  other.close()
})

test('sqliteStore() of a foreign, damaged or newer file is refused, and the file stays as it was', () => {
  const directory = tempDirectory()
  const text = join(directory, 'text')
  writeFileSync(text, 'no database'.repeat(1_000))
  const foreign = join(directory, 'foreign')
  const other = new Database(foreign)
  other.exec('CREATE TABLE notes (text)')
  other.close()
  const newer = filled(join(directory, 'newer'))
  const later = new Database(newer)
  later.pragma('user_version = 2')
  later.close()
  const damaged = filled(join(directory, 'damaged'))
  const bytes = readFileSync(damaged)
  writeFileSync(damaged, bytes.fill(0xee, 100, 4_096))
  for (const [file, error] of [
    [text, DamagedStoreError],
    [foreign, DamagedStoreError],
    [damaged, DamagedStoreError],
    [newer, FormatMismatchError],
  ] as const) {
    const before = readFileSync(file)
    expect(() => sqliteStore(file), file).toThrow(error)
    expect(readFileSync(file).equals(before), file).toBe(true)
  }
})

test('a page that was damaged is a DamagedStoreError when it is read, and not wrong data', () => {
  const file = fileIn()
  const store = sqliteStore(file)
  store.transaction('committed', (tx) => {
    for (let at = 0; at < 500; at++)
      tx.put('rows', Buffer.from(`key ${at}`), Buffer.alloc(200, at), 0)
  })
  store.close()
  const bytes = readFileSync(file)
  // All but the pages of the schema.
  writeFileSync(file, bytes.fill(0xee, 6 * 4_096))
  const again = sqliteStore(file)
  expect(() => again.scan('rows', {}, 1_000)).toThrow(DamagedStoreError)
  again.close()
})

test('a program that keeps the database locked makes a StoreBusyError, and nothing is lost', () => {
  const file = filled()
  const store = sqliteStore(file, { busyTimeoutMs: 50 })
  const other = new Database(file)
  other.exec('BEGIN IMMEDIATE')
  const put = () => store.transaction('committed', (tx) => tx.put('rows', KEY, Buffer.from('2'), 0))
  expect(put).toThrow(StoreBusyError)
  // Readers wait for nobody.
  expect(store.get('rows', KEY)).toEqual(Buffer.from('record'))
  other.exec('ROLLBACK')
  put()
  expect(store.get('rows', KEY)).toEqual(Buffer.from('2'))
  other.close()
  store.close()
})

test('sqliteStore() where it may not write, or no file can be, is a PathError', () => {
  const directory = tempDirectory()
  expect(() => sqliteStore(directory)).toThrow(PathError)
  expect(() => sqliteStore(join(directory, 'a\0b'))).toThrow(PathError)
  const file = filled()
  expect(() => sqliteStore(join(file, 'inside'))).toThrow(PathError)
})

test('sqliteStore() with what it does not take is an OptionError', () => {
  expect(() => sqliteStore('')).toThrow(OptionError)
  expect(() => sqliteStore(':memory:')).toThrow('memoryStore()')
  expect(() => sqliteStore(fileIn(), { busyTimeout: 1 } as never)).toThrow('"busyTimeoutMs"')
  expect(() => sqliteStore(fileIn(), { driver: 'wasm' as never })).toThrow(OptionError)
  expect(() => sqliteStore(fileIn(), { busyTimeoutMs: -1 })).toThrow(OptionError)
})

test('a store whose file was removed says so, and keeps what was not written', () => {
  const store = sqliteStore(filled())
  rmSync(dirname(store.location), { recursive: true })
  const put = () => store.transaction('committed', (tx) => tx.put('rows', KEY, KEY, 0))
  expect(put).toThrow(StoreGoneError)
  expect(() => store.sync()).toThrow(StoreGoneError)
  store.close()
})

test('sqliteStore() without better-sqlite3 is a MissingPackageError that says what to do; the import works', async () => {
  // A Node that has SQLite itself needs no package.
  if (SQLITE_DRIVERS.includes('node')) return
  const hook = fileURLToPath(new URL('../processes/children/sqlite-missing.cjs', import.meta.url))
  const ended = await runChild('open-sqlite.mjs', [fileIn()], { nodeArgs: ['--require', hook] })
  expect(JSON.parse(ended.stdout)).toMatchObject({
    code: 'ERR_PERSISTDICT_MISSING_PACKAGE',
    packageName: 'better-sqlite3',
    message: expect.stringContaining('npm install better-sqlite3'),
  })
})

test("Node's warning that its SQLite is experimental is not printed", async () => {
  const ended = await runChild('open-sqlite.mjs', [fileIn()])
  expect(ended).toMatchObject({ code: 0, stderr: '', stdout: 'opened\n' })
})

test('snapshot() shows the store as it was while others write', () => {
  const store = sqliteStore(filled())
  const snapshot = store.snapshot?.(['rows'])
  store.transaction('committed', (tx) => tx.put('rows', KEY, Buffer.from('new'), 0))
  expect(snapshot?.get('rows', KEY)).toEqual(Buffer.from('record'))
  snapshot?.close()
  expect(store.get('rows', KEY)).toEqual(Buffer.from('new'))
  store.close()
})

test('backup() makes a store elsewhere, and compact() gives room back', async () => {
  const store = sqliteStore(filled())
  store.transaction('committed', (tx) => {
    for (let at = 0; at < 2_000; at++)
      tx.put('rows', Buffer.from(`key ${at}`), Buffer.alloc(500), 0)
  })
  const { path, sizeBytes } = (await store.upkeep?.backup(join(tempDirectory(), 'backup'))) ?? {}
  expect(sizeBytes).toBeGreaterThan(1_000_000)
  await expect(store.upkeep?.backup(path ?? '')).rejects.toThrow(PathError)
  store.transaction('committed', (tx) => {
    for (let at = 0; at < 2_000; at++) tx.delete('rows', Buffer.from(`key ${at}`))
  })
  const report = await store.upkeep?.compact()
  expect(report?.afterBytes).toBeLessThan((report?.beforeBytes ?? 0) / 10)
  expect(store.scan('rows', {}, 10)).toHaveLength(1)
  const copied = sqliteStore(join(path ?? '', 'data.db'))
  expect(copied.scan('rows', {}, 3_000)).toHaveLength(2_001)
  expect(copied.transaction('committed', (tx) => tx.nextVersion())).toBeGreaterThan(0)
  copied.close()
  store.close()
})
