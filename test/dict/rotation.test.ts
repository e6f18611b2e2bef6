/** rotateKeys(): everything under the new key, whatever others do meanwhile, and after every crash. */
import { expect, test } from 'vitest'
import { META } from '../../src/engine/format-identity.js'
import { SEALED_BUCKETS } from '../../src/engine/rotation.js'
import { ROWS } from '../../src/engine/row.js'
import {
  aesGcm,
  chacha20Poly1305,
  lmdbStore,
  OptionError,
  open,
  type PersistDict,
  WrongKeyError,
} from '../../src/index.js'
import { memoryStore } from '../../src/store/memory.js'
import type { StoreTransaction, SyncStore } from '../../src/store/sync-store.js'
import { runChild } from '../processes/child.js'
import { tempDirectory } from '../processes/temp-directory.js'
import { newStore, STORE_KINDS, storeAgain } from './opened.js'

const OLD = Buffer.alloc(32, 1)
const NEW = Buffer.alloc(32, 2)
const oldOnly = { cipher: aesGcm({ keys: [OLD] }), durability: 'commit' as const }
const both = { cipher: aesGcm({ keys: [NEW, OLD] }), durability: 'commit' as const }
const newOnly = { cipher: aesGcm({ keys: [NEW] }), durability: 'commit' as const }

/** Commits of the rotation after which its process is killed. At last it is let alone. */
const KILLED_AFTER = [1, 2, 5, undefined]

function fill(dict: PersistDict, count: number): void {
  for (let at = 0; at < count; at++) {
    dict.set(`key ${at}`, { at }, at % 3 === 0 ? { ttl: '1d', tags: ['t'] } : {})
    if (at % 10 === 0) dict.namespace(`space ${at % 50}`).set('key', at)
  }
  dict.flushSync()
}

function expectFilled(dict: PersistDict, count: number): void {
  expect(dict.size).toBe(count)
  for (let at = 0; at < count; at++) expect(dict.get(`key ${at}`)).toEqual({ at })
  expect([...dict.namespaces()]).toHaveLength(5)
}

test.each(STORE_KINDS.filter((kind) => kind !== 'memory'))(
  'rotateKeys() puts everything on %s under the new key, and the old one is not needed',
  async (kind) => {
    const store = newStore(kind)
    {
      using dict = open(store, oldOnly)
      fill(dict, 300)
    }
    {
      using dict = open(storeAgain(kind, store), both)
      const { version } = dict.getEntry('key 3') ?? {}
      // Until it is done, nobody can open the store without the old key.
      const report = await dict.rotateKeys()
      expect(report.unreadable).toBe(0)
      expect(report.resealed).toBeGreaterThan(305)
      dict.clearCache()
      expect(dict.getEntry('key 3')?.version).toBe(version)
      expect((await dict.rotateKeys()).resealed).toBe(0)
      expectFilled(dict, 300)
    }
    {
      using dict = open(storeAgain(kind, store), newOnly)
      expectFilled(dict, 300)
      expect(dict.ttl('key 3')).toBeLessThan(Number.POSITIVE_INFINITY)
    }
    expect(() => open(storeAgain(kind, store), oldOnly)).toThrow(WrongKeyError)
  },
)

test('open() without the old key is refused until rotateKeys() is done', async () => {
  const path = tempDirectory()
  {
    using dict = open(path, oldOnly)
    fill(dict, 400)
  }
  const dict = open(path, both)
  const rotating = dict.rotateKeys()
  dict.close()
  await expect(rotating).rejects.toThrow()
  expect(() => open(path, newOnly)).toThrow(WrongKeyError)
  {
    using again = open(path, both)
    await again.rotateKeys()
  }
  using after = open(path, newOnly)
  expectFilled(after, 400)
})

test('rotateKeys() loses nothing that others write, delete and read meanwhile', async () => {
  const path = tempDirectory()
  {
    using dict = open(path, oldOnly)
    fill(dict, 1_000)
  }
  using dict = open(path, both)
  let isDone = false
  let turns = 0
  const rotating = dict.rotateKeys().finally(() => {
    isDone = true
  })
  while (!isDone) {
    const key = `key ${(turns * 37) % 1_000}`
    dict.update(key, (value) => ({ ...(value as object), turns }))
    dict.delete(`key ${(turns * 53 + 7) % 1_000}`)
    dict.set(`new ${turns}`, turns)
    dict.get(`key ${turns % 1_000}`)
    turns++
    await new Promise((resolve) => setImmediate(resolve))
  }
  const report = await rotating
  expect(report.unreadable).toBe(0)
  // It yields: others had a turn after each step.
  expect(turns).toBeGreaterThan(5)
  const before = dict.toObject()
  dict.close()
  using after = open(path, newOnly)
  expect(after.toObject()).toEqual(before)
  for (let turn = 0; turn < turns; turn++) expect(after.get(`new ${turn}`)).toBe(turn)
})

test('rotateKeys() goes on after it was killed, as often as it takes', async () => {
  const path = tempDirectory()
  const count = 1_500
  {
    using dict = open(path, oldOnly)
    fill(dict, count)
  }
  for (const commits of KILLED_AFTER) {
    const ended = await runChild('rotate.mjs', [path, ...(commits ? [String(commits)] : [])])
    if (commits !== undefined) expect(ended).toMatchObject({ signal: 'SIGKILL', stdout: '' })
    else expect(JSON.parse(ended.stdout.slice('end '.length))).toMatchObject({ unreadable: 0 })
    // Both keys, and in the middle of it: everything is there.
    using dict = open(path, both)
    expect(dict.size).toBe(count)
    expect(dict.get('key 3')).toEqual({ at: 3 })
  }
  using dict = open(path, newOnly)
  expectFilled(dict, count)
})

test('rotateKeys() to another cipher leaves nothing of the first', async () => {
  const store = memoryStore()
  const dict = open(store, {
    cipher: [chacha20Poly1305({ keys: [NEW] }), aesGcm({ keys: [OLD] })],
  })
  dict.set('key', 1).flushSync()
  await dict.rotateKeys()
  dict.clearCache()
  expect(dict.get('key')).toBe(1)
  dict.close()
})

test('rotateKeys() leaves a record that no key opens as it is, and says so', async () => {
  const store = memoryStore()
  const dict = open(store, { cipher: aesGcm({ keys: [NEW, OLD] }) })
  dict.setMany({ a: 1, b: 2 }).flushSync()
  const [row] = store.scan(ROWS, {}, 1)
  const forged = Buffer.from(row?.record ?? [])
  forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1
  store.transaction('committed', (tx) => tx.put(ROWS, row?.key ?? forged, forged, 0))
  expect(await dict.rotateKeys()).toMatchObject({ unreadable: 1 })
  expect(Buffer.from(store.get(ROWS, row?.key ?? forged) ?? [])).toEqual(forged)
  dict.close()
})

test('rotateKeys() of a plain dict is an OptionError', async () => {
  using dict = open(memoryStore())
  await expect(dict.rotateKeys()).rejects.toBeInstanceOf(OptionError)
})

test('rotateKeys() knows every bucket that a dict writes to', async () => {
  const used = new Set<string>()
  const path = tempDirectory()
  using dict = open(noting(lmdbStore(path), used), { ...oldOnly, maxEntries: 5, maxIdle: '1d' })
  const stop = new AbortController()
  const watch = dict.watch(undefined, { signal: stop.signal })
  const first = watch.next()
  for (let at = 0; at < 20; at++) dict.set(`${at}`, at, { ttl: '1d', tags: ['t'] })
  dict.invalidateTag('t')
  dict.set('read', 1).flushSync()
  dict.get('read')
  await dict.flush()
  await dict.getOrSet('computed', async () => 1)
  await using _lock = await dict.lock('lock')
  await first
  stop.abort()
  for (const bucket of used) expect([...SEALED_BUCKETS, META]).toContain(bucket)
  expect(used.size).toBeGreaterThan(3)
})

/** The store, noting which buckets are written to. */
function noting(store: SyncStore, used: Set<string>): SyncStore {
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      if (name !== 'transaction') return member.bind(target)
      return (promise: 'synced', fn: (tx: StoreTransaction) => unknown) =>
        target.transaction(promise, (tx) => fn(notingPuts(tx, used)))
    },
  })
}

function notingPuts(tx: StoreTransaction, used: Set<string>): StoreTransaction {
  return new Proxy(tx, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      return (...args: unknown[]) => {
        if (name === 'put') used.add(String(args[0]))
        return Reflect.apply(member, target, args)
      }
    },
  })
}
