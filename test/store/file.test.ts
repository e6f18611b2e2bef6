import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { crc32 } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { DamagedStoreError } from '../../src/errors/open-errors.js'
import { UnreadableRecordError } from '../../src/errors/value-errors.js'
import { fileStore } from '../../src/file.js'
import { open } from '../../src/open/open.js'
import type { SyncStore } from '../../src/store/sync-store.js'
import { durableStoreLaws, syncStoreLaws } from '../../src/testing.js'
import { startChild } from '../processes/child.js'
import { tempDirectory } from '../processes/temp-directory.js'
import { saidFile, watch } from './foreign-commits.js'

const makeStore = () => fileStore(join(tempDirectory(), 'store'))
const reopen = (store: SyncStore) => fileStore(store.location)

describe('the laws of SyncStore, on files', () => {
  for (const law of syncStoreLaws) test(law.title, () => law.check(makeStore))
  for (const law of durableStoreLaws) test(law.title, () => law.check(makeStore, reopen))
})

const KEY = Buffer.from('key')
const RECORD = Buffer.from('record')
const put = (store: SyncStore, key: Uint8Array, record: Uint8Array = RECORD) =>
  store.transaction('committed', (tx) => tx.put('rows', key, record, 0))

/** All files below `rows`, by their paths there. */
function entryFiles(directory: string): string[] {
  const names = readdirSync(join(directory, 'rows'), { recursive: true, encoding: 'utf8' })
  return names.filter((name) => statSync(join(directory, 'rows', name)).isFile())
}

/** What stands in `running` while a transaction runs. */
function intentBytes(intent: object): Buffer {
  const text = Buffer.from(JSON.stringify(intent))
  const head = Buffer.alloc(8)
  head.writeUInt32LE(text.length, 0)
  head.writeUInt32LE(crc32(text), 4)
  return Buffer.concat([head, text])
}

test('a committed write is seen by the next read in another process', async () => {
  const store = makeStore()
  const said = saidFile()
  const child = startChild('store-writer.mjs', [`file:${store.location}`, '300', said])
  await child.line((line) => line === 'open')
  watch(store, said, 300)
  expect(await child.ended).toMatchObject({ code: 0, stderr: '' })
  store.close()
})

test('there is one file for each row, whatever is put, replaced, deleted and rolled back', () => {
  const store = makeStore()
  const keys = ['..', '../../x', 'a/b', 'a:b', '*', 'a\0b', 'x'.repeat(300)].map((key) =>
    Buffer.from(key),
  )
  for (let round = 0; round < 3; round++) for (const key of keys) put(store, key)
  expect(entryFiles(store.location)).toHaveLength(keys.length)
  expect(() =>
    store.transaction('committed', (tx) => {
      tx.put('rows', KEY, RECORD, 0)
      throw new Error('no')
    }),
  ).toThrow('no')
  store.transaction('committed', (tx) => {
    for (const key of keys.slice(2)) tx.delete('rows', key)
  })
  expect(entryFiles(store.location)).toHaveLength(2)
  // Nothing is anywhere else.
  const [base] = [dirname(store.location)]
  expect(readdirSync(base)).toEqual(['store'])
  expect(
    entryFiles(store.location).every((name) => /^[0-9a-f]{2}\/[0-9a-f]{62}\.\w+$/.test(name)),
  ).toBe(true)
  store.close()
})

test('what a transaction left that died in its middle is gone after the next one', () => {
  const store = makeStore()
  put(store, KEY)
  const { commits = 0 } = store.stats().engine
  const orphan = `rows/aa/${'b'.repeat(62)}.1`
  mkdirSync(join(store.location, 'rows/aa'), { recursive: true })
  writeFileSync(join(store.location, orphan), 'half a rec')
  const outside = join(dirname(store.location), 'outside')
  writeFileSync(outside, '')
  const made = [orphan, '../outside']
  const running = join(store.location, 'running')
  const intent = { commit: commits + 1, made, replaced: entryFiles(store.location) }
  writeFileSync(running, intentBytes(intent))
  // Half a record of the log, as a kill in the middle of its append leaves.
  appendFileSync(
    join(store.location, 'log.1'),
    readFileSync(join(store.location, 'log.1')).subarray(18, 40),
  )
  expect(store.get('rows', KEY)).toEqual(RECORD)
  put(store, Buffer.from('next'))
  // No transaction runs.
  expect(readFileSync(running).readUInt32LE(0)).toBe(0)
  expect(entryFiles(store.location)).toHaveLength(2)
  expect(readdirSync(dirname(store.location))).toContain('outside')
  store.close()
  const again = fileStore(store.location)
  expect(again.scan('rows', {}, 10).map(({ key }) => Buffer.from(key).toString())).toEqual([
    'key',
    'next',
  ])
  again.close()
})

test('what a process left that died while it wrote down what it would do is passed over', () => {
  const store = makeStore()
  put(store, KEY)
  const { commits = 0 } = store.stats().engine
  // The beginning of one intent over the rest of another, which names what is needed now.
  const bytes = intentBytes({
    commit: commits + 1,
    made: entryFiles(store.location).map((name) => `rows/${name}`),
  })
  bytes.writeUInt32LE(0x12345678, 4)
  writeFileSync(join(store.location, 'running'), bytes)
  put(store, Buffer.from('next'))
  expect(store.get('rows', KEY)).toEqual(RECORD)
  expect(entryFiles(store.location)).toHaveLength(2)
  store.close()
})

test('rows beside the entries are in the log, and a large one in a file', () => {
  const store = makeStore()
  const read = (from: SyncStore) =>
    ['books', 'large'].map((key) => from.get('counts', Buffer.from(key)))
  const records = [Buffer.from('{"count":1}'), Buffer.alloc(5_000, 7)] as const
  for (let round = 0; round < 2; round++) {
    store.transaction('committed', (tx) => {
      tx.put('counts', Buffer.from('books'), records[0], 5)
      tx.put('counts', Buffer.from('large'), records[1], 0)
    })
  }
  expect(entryFiles(store.location)).toHaveLength(1)
  expect(read(store)).toEqual(records)
  const again = reopen(store)
  expect(read(again)).toEqual(records)
  const [hint] = again.due('counts', 10, 10)
  again.transaction('committed', (tx) => tx.forget('counts', hint as NonNullable<typeof hint>))
  expect(store.due('counts', 10, 10)).toEqual([])
  // One that grows goes over into a file, and back.
  again.transaction('committed', (tx) => {
    tx.put('counts', Buffer.from('books'), records[1], 0)
    tx.put('counts', Buffer.from('large'), records[0], 0)
  })
  expect(read(store)).toEqual([...records].reverse())
  expect(entryFiles(store.location)).toHaveLength(1)
  again.transaction('committed', (tx) => tx.delete('counts', Buffer.from('books')))
  expect(entryFiles(store.location)).toEqual([])
  again.close()
  store.close()
})

test('a damaged log is a DamagedStoreError, and nothing is cut off', () => {
  const store = makeStore()
  for (let at = 0; at < 5; at++) put(store, Buffer.from(`key ${at}`))
  store.close()
  const log = join(store.location, 'log.1')
  const whole = readFileSync(log)
  for (const at of [20, 24, 40, whole.length - 3]) {
    const damaged = Buffer.from(whole)
    damaged[at] = (damaged[at] as number) ^ 0x40
    writeFileSync(log, damaged)
    expect(() => fileStore(store.location), `byte ${at}`).toThrow(DamagedStoreError)
    expect(readFileSync(log).equals(damaged)).toBe(true)
  }
  writeFileSync(log, 'no log')
  expect(() => fileStore(store.location)).toThrow(DamagedStoreError)
  writeFileSync(log, whole)
  fileStore(store.location).close()
})

test('a file of an entry that was removed or cut off is an unreadable record, which can be set again', () => {
  const path = join(tempDirectory(), 'store')
  using dict = open<Record<string, string>>(fileStore(path))
  dict.set('a', 'x'.repeat(100)).set('b', '2').flushSync()
  for (const name of entryFiles(path)) {
    const file = join(path, 'rows', name)
    if (statSync(file).size > 100) writeFileSync(file, readFileSync(file).subarray(0, 60))
  }
  dict.clearCache()
  expect(() => dict.get('a')).toThrow(UnreadableRecordError)
  expect(dict.get('b')).toBe('2')
  dict.set('a', 'new').flushSync()
  expect(dict.get('a')).toBe('new')
  for (const name of entryFiles(path)) rmSync(join(path, 'rows', name))
  dict.clearCache()
  expect(() => dict.get('a')).toThrow(UnreadableRecordError)
})

test('the log is written anew when it has grown, and other stores go on in the new one', () => {
  const directory = join(tempDirectory(), 'store')
  const store = fileStore(directory)
  const reader = new Worker(
    `const { workerData, parentPort } = require('node:worker_threads')
     import('persistdict/file').then(({ fileStore }) => {
       const store = fileStore(workerData)
       parentPort.on('message', () => parentPort.postMessage([...store.scan('rows', {}, 5)].map(({ record }) => record.length)))
       parentPort.postMessage('ready')
     })`,
    { eval: true, workerData: directory },
  )
  return new Promise<void>((resolve, reject) => {
    reader.on('error', reject)
    reader.on('message', (message) => {
      if (message === 'ready') {
        // Long keys make a long log out of few files.
        const key = Buffer.alloc(1_900, 1)
        for (let round = 1; round <= 1_200; round++) {
          store.transaction('committed', (tx) => {
            tx.put('rows', key, Buffer.alloc(round % 7), 0)
            tx.nextVersion()
          })
        }
        expect(readdirSync(directory).filter((name) => name.startsWith('log.'))).toEqual(['log.3'])
        reader.postMessage('look')
        return
      }
      expect(message).toEqual([1_200 % 7])
      store.close()
      const again = fileStore(directory)
      expect(again.transaction('committed', (tx) => tx.nextVersion())).toBeGreaterThan(1_200)
      again.close()
      void reader.terminate().then(() => resolve())
    })
  })
})
