/** rotateKeys() over asynchronous stores. */
import { createClient } from 'redis'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import { REMOTE_BUCKETS } from '../../src/engine/async/remote-rotation.js'
import { META } from '../../src/engine/format-identity.js'
import { LEASES } from '../../src/engine/leases/lease-row.js'
import { ROWS } from '../../src/engine/row.js'
import {
  type AsyncPersistDict,
  aesGcm,
  chacha20Poly1305,
  OptionError,
  openAsync,
  WrongKeyError,
} from '../../src/index.js'
import { redisStore } from '../../src/redis.js'
import { asyncMemoryStore } from '../../src/store/async-memory.js'
import type { AsyncStore } from '../../src/store/async-store.js'
import { runChild } from '../processes/child.js'
import { newPrefix } from '../redis/prefix.js'
import { redisUrl } from '../redis/redis-url.js'
import { ASYNC_PLACES, changed, handleOf, newPlace, rowsOf } from './async-places.js'

const OLD = Buffer.alloc(32, 1)
const NEW = Buffer.alloc(32, 2)
const oldOnly = { cipher: aesGcm({ keys: [OLD] }), background: false as const }
/** Step 1 of changing keys: all can open what the new key seals, and none seals with it. */
const oldFirst = { cipher: aesGcm({ keys: [OLD, NEW] }), background: false as const }
const both = { cipher: aesGcm({ keys: [NEW, OLD] }), background: false as const }
const newOnly = { cipher: aesGcm({ keys: [NEW] }), background: false as const }

/** Commits of the rotation after which its process is killed. At last it is let alone. */
const KILLED_AFTER = [1, 2, undefined]

type Dict = AsyncPersistDict<Record<string, unknown>>

const dicts: Dict[] = []
afterEach(async () => {
  for (const dict of dicts.splice(0)) await dict.close()
})

async function opened(store: AsyncStore, options: object): Promise<Dict> {
  const dict = await openAsync<Record<string, unknown>>(store, options)
  dicts.push(dict)
  return dict
}

async function fill(dict: Dict, count: number): Promise<void> {
  const entries = Array.from({ length: count }, (_, at) => [`key ${at}`, { at }] as const)
  await dict.setMany(entries)
  await dict.set('short-lived', 1, { ttl: '1d', tags: ['t'] })
  for (let at = 0; at < 5; at++) await dict.namespace(`space ${at}`).set('key', at)
  await dict.flush()
}

async function expectFilled(dict: Dict, count: number): Promise<void> {
  expect(await dict.size()).toBe(count + 1)
  const keys = Array.from({ length: count }, (_, at) => `key ${at}`)
  expect(await dict.getMany(keys)).toEqual(keys.map((_, at) => ({ at })))
  for (let at = 0; at < 5; at++) expect(await dict.namespace(`space ${at}`).get('key')).toBe(at)
  const left = await dict.ttl('short-lived')
  expect(left).toBeGreaterThan(0)
  expect(left).toBeLessThanOrEqual(86_400_000)
}

test.each(ASYNC_PLACES)(
  'rotateKeys() puts everything on %s under the new key, and the old one is not needed',
  async (kind) => {
    const handle = await newPlace(kind)
    const first = await openAsync<Record<string, unknown>>(handle(), oldFirst)
    await fill(first, 140)
    // So long that its holder, who still seals with the old key, does not renew it meanwhile.
    const lock = await first.lock('door', { lease: '1h' })
    const dict = await opened(handle(), both)
    const { version } = (await dict.getEntry('key 3')) ?? {}
    const report = await dict.rotateKeys()
    expect(report.unreadable).toBe(0)
    expect(report.resealed).toBeGreaterThan(146)
    dict.clearCache()
    expect((await dict.getEntry('key 3'))?.version).toBe(version)
    expect((await dict.rotateKeys()).resealed).toBe(0)
    const later = await opened(handle(), newOnly)
    await expectFilled(later, 140)
    // Whoever had a lock has it still.
    expect(await later.tryLock('door')).toBeUndefined()
    await lock.assertHeld()
    await lock.release()
    await first.close()
    await expect(openAsync(handle(), oldOnly)).rejects.toBeInstanceOf(WrongKeyError)
    // Nothing is left that names the old key, whose name is in each envelope.
    const place = handle()
    await place.sync()
    const rows = (await rowsOf(place, REMOTE_BUCKETS)).filter(({ bucket }) => bucket !== LEASES)
    const oldName = Buffer.from(oldOnly.cipher.keyId ?? '', 'hex')
    const newName = Buffer.from(newOnly.cipher.keyId ?? '', 'hex')
    expect(rows.filter(({ record }) => Buffer.from(record).includes(oldName))).toEqual([])
    expect(
      rows.filter(({ record }) => Buffer.from(record).includes(newName)).length,
    ).toBeGreaterThan(145)
  },
)

test('rotateKeys() keeps the deadlines that the server knows', async () => {
  const prefix = newPrefix()
  const store = redisStore({ url: redisUrl(), prefix })
  const before = await opened(handleOf(store), oldOnly)
  const dict = await opened(store, both)
  await before.set('hour', 1, { ttl: '1h' })
  await before.set('day', 1, { ttl: '1d' })
  await before.set('for ever', 1)
  await before.getOrSet('computed', async () => 1, { ttl: '1h', grace: '2h' })
  const far = Date.now() + 100 * 86_400_000
  const due = await store.due(ROWS, far, 10)
  expect(due).toHaveLength(3)
  expect((await dict.rotateKeys()).resealed).toBeGreaterThan(3)
  expect(await store.due(ROWS, far, 10)).toEqual(due)
  // So does each row, which the server drops by itself.
  const client = await createClient({ url: redisUrl() }).connect()
  onTestFinished(() => client.destroy())
  const now = Date.now()
  for (const { key, deadline } of due) {
    const leftMs = Number(
      await client.pTTL(Buffer.concat([Buffer.from(`{${prefix}}:r:rows:`), key])),
    )
    expect(Math.abs(now + leftMs - deadline)).toBeLessThan(30 * 60_000)
  }
})

describe.each(['asynchronous memory', 'Redis in parts'] as const)('on %s', (kind) => {
  test('rotateKeys() loses nothing that others write, delete and read meanwhile', async () => {
    const handle = await newPlace(kind)
    const other = await opened(handle(), oldFirst)
    const dict = await opened(handle(), both)
    await fill(other, 600)
    // One who still seals with the old key, and one who does no longer.
    const third = await opened(handle(), both)
    let isDone = false
    let turns = 0
    const rotating = dict.rotateKeys().finally(() => {
      isDone = true
    })
    while (!isDone) {
      const writer = turns % 2 ? other : third
      await writer.update(`key ${(turns * 37) % 600}`, (value) => ({ ...(value as object), turns }))
      await writer.delete(`key ${(turns * 53 + 7) % 600}`)
      await third.set(`new ${turns}`, turns)
      await third.get(`key ${turns % 600}`)
      turns++
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect((await rotating).unreadable).toBe(0)
    expect(turns).toBeGreaterThan(3)
    // What came under the old key behind the rotation's back: once all seal with the new one.
    await dict.rotateKeys()
    const read = async (from: Dict) => {
      const found: [unknown, unknown][] = []
      for await (const entry of from.entries()) found.push(entry as [unknown, unknown])
      return found
    }
    const after = await opened(handle(), newOnly)
    expect(await read(after)).toEqual(await read(third))
    for (let turn = 0; turn < turns; turn++) expect(await after.get(`new ${turn}`)).toBe(turn)
  })

  test('rotateKeys() goes on where it failed, and until then no open does without the old key', async () => {
    const handle = await newPlace(kind)
    const first = await opened(handle(), oldOnly)
    await fill(first, 500)
    let left = 0
    const failing = () => {
      const inner = handle()
      return changed(inner, {
        async commit(batch) {
          if (left-- <= 0) throw new Error('the store is gone')
          return inner.commit(batch)
        },
      })
    }
    const sizes: number[] = []
    for (const commits of [10, 150, 300]) {
      left = 20
      const dict = await opened(failing(), both)
      left = commits
      await expect(dict.rotateKeys()).rejects.toThrow('the store is gone')
      sizes.push(await current(handle()))
      await expect(opened(handle(), newOnly)).rejects.toBeInstanceOf(WrongKeyError)
      await expectFilled(await opened(handle(), both), 500)
    }
    expect(sizes[0]).toBeLessThan(sizes[1] as number)
    expect(sizes[1]).toBeLessThan(sizes[2] as number)
    const last = await opened(handle(), both)
    expect((await last.rotateKeys()).unreadable).toBe(0)
    await expectFilled(await opened(handle(), newOnly), 500)
  })

  test('rotateKeys() by several at once ends, with everything under the new key', async () => {
    const handle = await newPlace(kind)
    await fill(await opened(handle(), oldOnly), 300)
    const all = await Promise.all([1, 2, 3].map(() => opened(handle(), both)))
    await Promise.all(all.map((dict) => dict.rotateKeys()))
    await expectFilled(await opened(handle(), newOnly), 300)
  })
})

/** How many entries are under the new key. */
async function current(store: AsyncStore): Promise<number> {
  const name = Buffer.from(newOnly.cipher.keyId ?? '', 'hex')
  const rows = await rowsOf(store, [ROWS])
  return rows.filter(({ record }) => Buffer.from(record).includes(name)).length
}

test('rotateKeys() on Redis goes on after its process was killed, as often as it takes', async () => {
  const [url, prefix] = [redisUrl(), newPrefix()]
  const store = () => redisStore({ url, prefix })
  await fill(await opened(store(), oldOnly), 400)
  await dicts.pop()?.close()
  for (const commits of KILLED_AFTER) {
    const words = [url, prefix, ...(commits ? [String(commits)] : [])]
    const { signal, stdout } = await runChild('redis-rotate.mjs', words)
    expect([signal, stdout]).toEqual(commits ? ['SIGKILL', ''] : [null, 'end\n'])
    const dict = await openAsync<Record<string, unknown>>(store(), both)
    await expectFilled(dict, 400)
    await dict.close()
  }
  await expectFilled(await opened(store(), newOnly), 400)
})

test('rotateKeys() to another cipher leaves nothing of the first', async () => {
  const store = asyncMemoryStore()
  await fill(await opened(handleOf(store), oldOnly), 10)
  const dict = await opened(handleOf(store), {
    cipher: [chacha20Poly1305({ keys: [NEW] }), aesGcm({ keys: [OLD] })],
  })
  await dict.rotateKeys()
  await expectFilled(
    await opened(handleOf(store), { cipher: chacha20Poly1305({ keys: [NEW] }) }),
    10,
  )
})

test('rotateKeys() leaves a record that no key opens as it is, and says so', async () => {
  const store = asyncMemoryStore()
  const dict = await opened(store, both)
  await dict.setMany({ a: 1, b: 2 })
  const [row] = await store.scan(ROWS, {}, 1)
  const forged = Buffer.from(row?.record ?? [])
  forged[forged.length - 1] = (forged.at(-1) ?? 0) ^ 1
  const key = row?.key ?? forged
  await store.commit({
    promise: 'committed',
    checks: [],
    operations: [{ kind: 'put', bucket: ROWS, key, record: forged, deadline: 0 }],
  })
  expect(await dict.rotateKeys()).toMatchObject({ unreadable: 1 })
  expect(Buffer.from((await store.get(ROWS, key)) ?? [])).toEqual(forged)
})

test('rotateKeys() of a plain dict is an OptionError', async () => {
  const dict = await opened(asyncMemoryStore(), {})
  await expect(dict.rotateKeys()).rejects.toBeInstanceOf(OptionError)
})

test('rotateKeys() knows every bucket that a dict writes to', async () => {
  const used = new Set<string>()
  const inner = asyncMemoryStore()
  const noting = changed(inner, {
    commit(batch) {
      for (const { kind, bucket } of batch.operations) if (kind === 'put') used.add(bucket)
      return inner.commit(batch)
    },
  })
  const dict = await opened(noting, { ...oldOnly, digestBytes: 1 })
  const entries = Array.from({ length: 60 }, (_, at) => [`${at}`, at] as const)
  await dict.setMany(entries, { ttl: '1d', tags: ['t'] })
  await dict.invalidateTag('t')
  await dict.namespace('space').set('key', 1)
  await dict.getOrSet('computed', async () => 1)
  await using _lock = await dict.lock('lock')
  // One that cannot be read is moved out of the way.
  const [row] = await inner.scan(ROWS, {}, 1)
  const damaged = { kind: 'put', bucket: ROWS, key: row?.key ?? Buffer.of(), deadline: 0 } as const
  const operations = [{ ...damaged, record: Buffer.from('damaged') }]
  await inner.commit({ promise: 'committed', checks: [], operations })
  await dict.verify({ repair: true })
  expect(await dict.quarantine.size()).toBe(1)
  for (const bucket of used) expect([...REMOTE_BUCKETS, META]).toContain(bucket)
  expect([...used].sort()).toEqual([...REMOTE_BUCKETS].sort())
})

test('rotateKeys() ends between two steps by its signal, and goes on when it is called again', async () => {
  const store = asyncMemoryStore()
  const handle = () => handleOf(store)
  await fill(await opened(handle(), oldFirst), 300)
  const dict = await opened(handle(), both)
  const ending = new AbortController()
  const told: number[] = []
  const rotating = dict.rotateKeys({
    signal: ending.signal,
    onProgress({ resealed }) {
      told.push(resealed)
      ending.abort(new Error('enough'))
    },
  })
  await expect(rotating).rejects.toThrow('enough')
  expect(told).toHaveLength(1)
  expect((await dict.rotateKeys()).resealed).toBeGreaterThan(300)
  await expectFilled(dict, 300)
  onTestFinished(() => store.close())
})
