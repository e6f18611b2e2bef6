/** verify() and the quarantine over asynchronous stores. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { asyncMemoryStore } from '../../src/memory.js'
import type { AsyncOpenOptions } from '../../src/open/open-async.js'
import { openAsync } from '../../src/open/open-async.js'
import { redisStore } from '../../src/redis.js'
import type { AsyncStore } from '../../src/store/async-store.js'
import { memoryStore } from '../../src/store/memory.js'
import { tiered } from '../../src/tiered.js'
import { newPrefix } from '../redis/prefix.js'
import { redisUrl } from '../redis/redis-url.js'

const redis = (parts = 1) => redisStore({ url: redisUrl(), prefix: newPrefix(), parts })

const STORES: Readonly<Record<string, () => AsyncStore>> = {
  memory: asyncMemoryStore,
  Redis: () => redis(),
  'Redis in parts': () => redis(3),
  'memory before Redis': () => tiered({ near: memoryStore(), far: redis() }),
}

type Options = AsyncOpenOptions<Record<string, unknown>, string>

/** Short keys are hashed, to one of very few digests. */
const COLLIDING: Options = {
  keySizeLimit: 16,
  digestBytes: 4,
  keyHash: { id: 'one', digest: () => new Uint8Array(32) },
}

async function full(makeStore: () => AsyncStore, options: Options = {}) {
  const store = makeStore()
  const dict = await openAsync<Record<string, unknown>>(store, options)
  onTestFinished(() => dict.close())
  await dict.setMany({ a: 1, b: { deep: [new Date(0)] } })
  await dict.set('short', 1, { ttl: '1h', tags: ['t'] })
  await dict.namespace('users').setMany({ ada: 1, alan: 2 })
  return { store, dict }
}

/** The row of a bucket whose key ends so. */
async function rowOf(store: AsyncStore, bucket: string, end: string) {
  const rows = await store.scan(bucket, {}, 1_000)
  const row = rows.find(({ key }) => Buffer.from(key).toString('latin1').endsWith(end))
  if (row === undefined) throw new Error(`no row "${end}" in ${bucket}`)
  return row
}

function put(store: AsyncStore, bucket: string, key: Uint8Array, record: Uint8Array) {
  return store.commit({
    promise: 'committed',
    checks: [],
    operations: [{ kind: 'put', bucket, key, record, deadline: 0 }],
  })
}

/** Changes one bit of a row, as a disk would; returns what it was. */
async function flip(store: AsyncStore, end: string): Promise<Uint8Array> {
  const { key, record } = await rowOf(store, 'rows', end)
  const damaged = Uint8Array.from(record)
  damaged[damaged.length - 1] = (damaged.at(-1) as number) ^ 1
  await put(store, 'rows', key, damaged)
  return record
}

describe.each(Object.entries(STORES))('on %s', (_, makeStore) => {
  test('verify() finds nothing wrong with a healthy dict', async () => {
    const { dict } = await full(makeStore)
    await dict.set('k'.repeat(600), 1, { ttl: '1h' })
    await dict.delete('a')
    await dict.invalidateTag('t', 'other')
    const report = await dict.verify({ repair: true })
    expect(report).toMatchObject({ entries: 5, namespaces: 2, findings: 0, details: [] })
  })

  test('verify() names a damaged record, and moves it into the quarantine if asked', async () => {
    const { store, dict } = await full(makeStore)
    const users = dict.namespace('users')
    const whole = await flip(store, 'alan')
    const wanted = { kind: 'record', namespace: ['users'], key: 'alan' }
    expect((await dict.verify()).details).toMatchObject([{ ...wanted, isRepaired: false }])
    expect(await dict.quarantine.size()).toBe(0)
    await expect(users.get('alan')).rejects.toMatchObject({
      code: 'ERR_PERSISTDICT_UNREADABLE_RECORD',
    })
    const found: unknown[] = []
    const report = await dict.verify({ repair: true, onFinding: (finding) => found.push(finding) })
    expect(report).toMatchObject({ findings: 1, repaired: 1 })
    expect(found).toMatchObject([{ ...wanted, isRepaired: true }])
    expect(await users.get('alan')).toBe(undefined)
    expect(await users.size()).toBe(1)
    const kept = []
    for await (const each of dict.quarantine) kept.push(each)
    expect(kept).toMatchObject([{ namespace: ['users'], key: 'alan' }])
    expect(kept[0]?.record.length).toBe(whole.length)
    expect((await dict.verify()).findings).toBe(0)
    // Still damaged: it stays.
    expect(await dict.quarantine.restore()).toBe(0)
    expect(await dict.quarantine.discard()).toBe(1)
    expect(await dict.quarantine.size()).toBe(0)
  })

  test('restore() puts back what can be read, unless its key was set meanwhile', async () => {
    const { store, dict } = await full(makeStore)
    for (const key of ['a', 'alan']) {
      const whole = await flip(store, key)
      await dict.verify({ repair: true })
      // As if a newer version could read it.
      const { key: id, record } = await rowOf(store, 'quarantine', '')
      const head = record.length - whole.length
      await put(store, 'quarantine', id, Buffer.concat([record.subarray(0, head), whole]))
      if (key === 'a') {
        await dict.set('a', 'anew')
        expect(await dict.quarantine.restore()).toBe(0)
        expect(await dict.quarantine.discard()).toBe(1)
      }
    }
    expect(await dict.namespace('users').has('alan')).toBe(false)
    expect(await dict.quarantine.restore()).toBe(1)
    expect(await dict.namespace('users').get('alan')).toBe(2)
    expect(await dict.get('a')).toBe('anew')
    expect(await dict.quarantine.size()).toBe(0)
    expect((await dict.verify()).findings).toBe(0)
  })

  test('verify() finds and repairs lost deadlines, tags and names of namespaces', async () => {
    const { store, dict } = await full(makeStore)
    await dict.invalidateTag('t')
    await dict.set('short', 2, { ttl: '1h', tags: ['t'] })
    const short = await rowOf(store, 'rows', 'short')
    await put(store, 'rows', short.key, short.record)
    const tag = await rowOf(store, 'tags', 't')
    await put(store, 'tags', tag.key, Uint8Array.of(1))
    const listed = await rowOf(store, 'namespaces', '')
    await put(store, 'namespaces', listed.key, Buffer.from('{"path":["other"]}'))
    const kinds = async (repair: boolean) =>
      (await dict.verify({ repair })).details.map(({ kind }) => kind).toSorted()
    expect(await kinds(false)).toEqual(['deadline', 'namespace', 'tag'])
    expect(await kinds(true)).toEqual(['deadline', 'namespace', 'tag'])
    expect(await kinds(false)).toEqual([])
    const due = await store.due('rows', Date.now() + 7_200_000, 10)
    expect(due.map(({ key }) => Buffer.from(key))).toEqual([Buffer.from(short.key)])
    // Nothing is removed because of a mark that cannot be read.
    expect(await dict.get('short')).toBe(2)
    expect(await dict.quarantine.size()).toBe(1)
  })

  test('verify() ends with the reason of its signal', async () => {
    const { dict } = await full(makeStore)
    const signal = AbortSignal.abort(new Error('enough'))
    await expect(dict.verify({ signal })).rejects.toThrow('enough')
    await expect(dict.verify({ repai: true } as never)).rejects.toThrow(/"repair"/)
  })
})

for (const name of ['memory', 'Redis']) {
  test(`verify() repairs the list of a chain, so that its keys are found again, on ${name}`, async () => {
    const { store, dict } = await full(STORES[name] as () => AsyncStore, COLLIDING)
    const keys = [1, 2, 3].map((n) => `a long key of which there are ${n}`)
    for (const key of keys) await dict.set(key, key)
    const [chain] = await store.scan('chains', {}, 10)
    for (const damaged of [Uint8Array.of(9), Buffer.from('0100000000000000', 'hex')]) {
      await put(store, 'chains', chain?.key as Uint8Array, damaged)
      const report = await dict.verify({ repair: true })
      expect(report.findings).toBeGreaterThan(0)
      expect(report.details.map(({ kind }) => kind)).toContain('chain')
      expect(await dict.getMany(keys)).toEqual(keys)
      expect((await dict.verify()).findings).toBe(0)
    }
  })
}
