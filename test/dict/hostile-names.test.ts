/**
 * Names of namespaces and keys that mean something to some engine, on every store: each is a place of
 * its own, and none reaches out of it.
 */
import { expect, test } from 'vitest'
import type { PersistDict } from '../../src/dict/persist-dict.js'
import { openAsync } from '../../src/open/open-async.js'
import { asyncMemoryStore } from '../../src/store/async-memory.js'
import { memoryStore } from '../../src/store/memory.js'
import { tiered } from '../../src/tiered.js'
import { opened, STORE_KINDS } from './opened.js'

const NAMES = [
  '',
  '.',
  '..',
  '../../x',
  '/etc/passwd',
  'a/b',
  'a_b',
  'a:b',
  'a',
  '*',
  '?',
  '\0',
  'a\0b',
  '\ud800',
  '\udc00',
  '\ufffd',
  '__proto__',
  'rows',
  'meta',
  "'; DROP TABLE rows; --",
  'x'.repeat(300),
  'x'.repeat(301),
]

/** Longer than any engine's key. */
const HUGE = 'k'.repeat(10 * 2 ** 20)

test.each(STORE_KINDS)(
  'namespace() of hostile names, with hostile keys, keeps them apart on %s',
  (kind) => {
    const dict: PersistDict<Record<string, string>> = opened(kind, { durability: 'commit' })
    dict.transaction(() => {
      for (const name of NAMES) {
        const inner = dict.namespace(name)
        for (const key of NAMES) inner.set(key, `${name}|${key}`)
      }
      for (const key of NAMES) dict.set(key, key)
    })
    for (const name of NAMES) {
      const inner = dict.namespace(name)
      expect(inner.size).toBe(NAMES.length)
      expect(NAMES.map((key) => inner.get(key))).toEqual(NAMES.map((key) => `${name}|${key}`))
      expect(new Set(inner.keys())).toEqual(new Set(NAMES))
    }
    expect(new Set([...dict.namespaces()].map(([name]) => name))).toEqual(new Set(NAMES))
    dict.namespace('*').clear()
    dict.namespace('..').clear()
    dict.namespace('a').clear()
    const left = NAMES.filter((name) => !['*', '..', 'a'].includes(name))
    expect(new Set([...dict.namespaces()].map(([name]) => name))).toEqual(new Set(left))
    for (const name of left) expect(dict.namespace(name).size).toBe(NAMES.length)
    expect(dict.size).toBe(NAMES.length)
  },
)

test.each(STORE_KINDS)('set() with a key of 10 MB keeps it whole on %s', (kind) => {
  const dict = opened<Record<string, number>>(kind, { durability: 'commit' })
  dict.set(HUGE, 1).set(`${HUGE}2`, 2)
  dict.namespace<Record<string, number>>(HUGE).set(HUGE, 3)
  dict.flushSync()
  dict.clearCache()
  expect([dict.get(HUGE), dict.get(`${HUGE}2`), dict.get(HUGE.slice(1))]).toEqual([1, 2, undefined])
  expect(dict.namespace(HUGE).get(HUGE)).toBe(3)
  expect([...dict.keys()].map((key) => key.length).sort()).toEqual([HUGE.length, HUGE.length + 1])
  expect(dict.delete(HUGE)).toBe(true)
  expect([dict.get(HUGE), dict.get(`${HUGE}2`)]).toEqual([undefined, 2])
})

test('namespace() of hostile names keeps them apart on asynchronous and tiered stores', async () => {
  for (const store of [
    asyncMemoryStore(),
    tiered({ near: memoryStore(), far: asyncMemoryStore() }),
  ]) {
    await using dict = await openAsync<Record<string, string>>({ store })
    for (const name of NAMES) {
      await dict.namespace(name).setMany(NAMES.map((key) => [key, `${name}|${key}`]))
    }
    for (const name of NAMES) {
      const values = await dict.namespace(name).getMany(NAMES)
      expect(values).toEqual(NAMES.map((key) => `${name}|${key}`))
    }
    await dict.namespace('*').clear()
    expect(await dict.namespace('..').size()).toBe(NAMES.length)
    expect(await dict.namespace('*').size()).toBe(0)
  }
})
