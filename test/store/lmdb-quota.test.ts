import { OptionError, open, StoreFullError } from 'persistdict'
import { expect, test } from 'vitest'
import { tempDirectory } from '../processes/temp-directory.js'

const LIMIT = 2 ** 20
const value = 'v'.repeat(10_000)

test('set() over maxSizeBytes is a StoreFullError; get() and delete() go on, and make room again', () => {
  const path = tempDirectory()
  using dict = open<Record<string, string>>(path, {
    durability: 'commit',
    lmdb: { maxSizeBytes: LIMIT },
  })
  let stored = 0
  expect(() => {
    for (; stored < 1_000; stored++) dict.set(`key ${stored}`, value)
  }).toThrow(StoreFullError)
  // Pages of 4,096 bytes, three of them for a value.
  expect(stored).toBeGreaterThan(60)
  expect(stored).toBeLessThan(LIMIT / 10_000)
  expect(dict.stats().engine.usedBytes).toBeLessThanOrEqual(LIMIT)
  expect(dict.has(`key ${stored}`)).toBe(false)
  expect(dict.get('key 0')).toBe(value)
  for (let at = 0; at < 10; at++) expect(dict.delete(`key ${at}`)).toBe(true)
  for (let at = 0; at < 9; at++) dict.set(`again ${at}`, value)
  expect(dict.size).toBe(stored - 1)
  expect(() =>
    dict.setMany(Array.from({ length: 50 }, (_, at): [string, string] => [`more ${at}`, value])),
  ).toThrow(/maxSizeBytes/)
  expect(dict.size).toBe(stored - 1)
})

test('delete() works in a dict that is over a limit which was set later', () => {
  const path = tempDirectory()
  {
    using dict = open<Record<string, string>>(path, { durability: 'commit' })
    dict.setMany(Array.from({ length: 200 }, (_, at): [string, string] => [`key ${at}`, value]))
  }
  using dict = open<Record<string, string>>(path, {
    durability: 'commit',
    lmdb: { maxSizeBytes: LIMIT },
  })
  expect(() => dict.set('one more', value)).toThrow(StoreFullError)
  for (let at = 0; at < 150; at++) expect(dict.delete(`key ${at}`)).toBe(true)
  dict.set('one more', value)
})

test('open() with a maxSizeBytes that holds nothing is an OptionError', () => {
  expect(() => open(tempDirectory(), { lmdb: { maxSizeBytes: 0 } })).toThrow(OptionError)
})
