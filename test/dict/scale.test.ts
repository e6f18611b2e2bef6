/** Many keys: order without an index, streaming with flat memory. */
import { expect, test } from 'vitest'
import { TooManyKeysError, type Warning } from '../../src/index.js'
import { opened } from './opened.js'

/** More than a chunk of a scan many times over, and enough to tell flat memory from a list of all. */
const MANY = 1_000_000

test('Object.keys() of 100,000 keys is in the order of insertion, with one warning', () => {
  const dict = opened<Record<string, number>>('lmdb', { durability: 'commit', maxKeys: 100_000 })
  const warnings: Warning[] = []
  dict.on('warning', (warning) => warnings.push(warning))
  const names = Array.from({ length: 100_000 }, (_, at) => `k${(at * 7_919) % 100_000}`)
  dict.setMany(names.map((name) => [name, 1] as const))
  expect(Object.keys(dict.object)).toEqual(names)
  expect(warnings.map(({ code }) => code)).toEqual(['many-keys'])
  dict.set('one more', 1)
  expect(() => Object.keys(dict.object)).toThrow(TooManyKeysError)
  expect([...dict.keys({ prefix: 'one' })]).toEqual(['one more'])
})

test('keys() of a million keys streams: no more than a step of them is in memory at once', () => {
  const dict = opened<Record<string, number>>('lmdb')
  for (let at = 0; at < MANY; at++) dict.set(String(at).padStart(7, '0'), 1)
  dict.flushSync()
  let count = 0
  let last = ''
  let peak = 0
  const before = heapAfterCollection()
  for (const key of dict.keys()) {
    if (key <= last) throw new Error(`${key} comes after ${last}`)
    last = key
    count++
    if (count % 250_000 === 0) peak = Math.max(peak, heapAfterCollection() - before)
  }
  expect(count).toBe(MANY)
  // A list of a million seven-character strings would hold at least 24 bytes of each.
  expect(peak).toBeLessThan(8 * 2 ** 20)
})

function heapAfterCollection(): number {
  if (globalThis.gc === undefined) throw new Error('run with --expose-gc')
  globalThis.gc()
  return process.memoryUsage().heapUsed
}
