/** The third-party suite of Keyv, unchanged, over dicts on several stores. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import keyvTestSuite, { keyvIteratorTests } from '@keyv/test-suite'
import Keyv from 'keyv'
import * as vitest from 'vitest'
import { KeyvPersistDict } from '../../src/keyv.js'
import { open } from '../../src/open/open.js'
import { memoryStore } from '../../src/store/memory.js'

const { afterAll, describe, expect, test } = vitest

const directory = mkdtempSync(join(tmpdir(), 'persistdict-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const PLACES = {
  memory: () => memoryStore(),
  LMDB: () => directory,
}

for (const [name, place] of Object.entries(PLACES)) {
  describe(`@keyv/test-suite on ${name}`, () => {
    const dict = open(place(), { durability: 'commit' })
    afterAll(() => dict.close())
    keyvTestSuite(vitest, Keyv as never, () => new KeyvPersistDict(dict))
    keyvIteratorTests(vitest, Keyv as never, () => new KeyvPersistDict(dict))
  })
}

test('two Keyvs with namespaces of their own share a dict and not their entries', async () => {
  const dict = open(memoryStore())
  const a = new Keyv({ store: new KeyvPersistDict(dict), namespace: 'a' })
  const b = new Keyv({ store: new KeyvPersistDict(dict), namespace: 'b' })
  await a.set('k', { of: 'a' })
  await b.set('k', { of: 'b' })
  await a.clear()
  expect(await a.get('k')).toBe(undefined)
  expect(await b.get('k')).toEqual({ of: 'b' })
  await b.disconnect()
  expect(dict.size).toBe(1)
  dict.close()
})

test('a ttl of Keyv is one of the dict: the entry goes without Keyv', async () => {
  const dict = open(memoryStore())
  const keyv = new Keyv({ store: new KeyvPersistDict(dict) })
  await keyv.set('k', 1, 60_000)
  const [key] = [...dict.keys()]
  expect(dict.ttl(key as string)).toBeGreaterThan(50_000)
  await keyv.set('k', 1)
  expect(dict.ttl(key as string)).toBe(Number.POSITIVE_INFINITY)
  dict.close()
})
