/** What a later version has written is refused by its number, and left as it is. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { FORMAT_VERSION } from '../../src/codec/record.js'
import { FormatMismatchError } from '../../src/errors/open-errors.js'
import { UnreadableRecordError } from '../../src/errors/value-errors.js'
import { open } from '../../src/open/open.js'
import { lmdbStore } from '../../src/store/lmdb/open-lmdb.js'
import { FakeClock } from '../fake-clock.js'
import { tempDirectory } from '../processes/temp-directory.js'

/** Where a record says its format version; see docs/FORMAT.md. */
const VERSION_AT = 4

const digest = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex')

/** A closed store, after `change` was made to one of its rows. */
function storeWith(bucket: string, change: (record: Buffer) => Buffer): string {
  const path = `${tempDirectory()}/dict`
  const clock = new FakeClock()
  const store = lmdbStore(path)
  using dict = open<Record<string, unknown>>(store, { clock, background: 'disabled' })
  dict.set('newer', { n: 1 }, { ttl: 1_000 }).flushSync()
  const [row] = store.scan(bucket, {}, 1)
  if (row === undefined) throw new Error(`nothing in ${bucket}`)
  const record = change(Buffer.from(row.record))
  store.transaction('synced', (tx) => tx.put(bucket, row.key, record, 0))
  dict.set('ours', 2)
  return path
}

test.each([FORMAT_VERSION + 1, FORMAT_VERSION + 100, 0, '2', null])(
  'open() of a store whose format is %s is a FormatMismatchError, and not a byte changes',
  (format) => {
    const path = storeWith('meta', (row) =>
      Buffer.from(JSON.stringify({ ...JSON.parse(row.toString()), format })),
    )
    const before = digest(`${path}/g1/data.mdb`)
    for (let attempt = 0; attempt < 3; attempt++) {
      expect(() => open(path)).toThrow(FormatMismatchError)
      expect(() => open(path, { initial: { a: 1 } })).toThrow(FormatMismatchError)
    }
    // Opening takes LMDB's lock, and may renew one of its two first pages; no row is touched.
    const store = lmdbStore(path)
    expect(store.get('meta', Buffer.from('format'))).toBeDefined()
    expect(store.scan('rows', {}, 10)).toHaveLength(2)
    store.close()
    expect(digest(`${path}/g1/data.mdb`)).toBe(before)
  },
)

test('a record of a newer format is an UnreadableRecordError by its number, and survives every upkeep', () => {
  const path = storeWith('rows', (record) => {
    record[VERSION_AT] = FORMAT_VERSION + 1
    return record
  })
  const clock = new FakeClock()
  clock.advance(100_000)
  using dict = open<Record<string, unknown>>(path, { clock, background: 'disabled' })
  for (const read of [
    () => dict.get('newer'),
    () => dict.getEntry('newer'),
    () => dict.update('newer', () => 1),
    () => dict.take('newer'),
    () => dict.toObject(),
  ]) {
    expect(read).toThrow(UnreadableRecordError)
    expect(read).toThrow(`record format ${FORMAT_VERSION + 1}`)
  }
  expect(dict.sweep()).toBe(0)
  expect(() => dict.get('newer')).toThrow(UnreadableRecordError)
  expect(dict.get('ours')).toBe(2)
})
