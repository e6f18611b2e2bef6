import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { OptionError } from '../../src/errors/option-error.js'
import { StoreError, StoreFullError } from '../../src/errors/store-errors.js'
import { openAsync } from '../../src/open/open-async.js'
import { sqliteStore } from '../../src/sqlite.js'
import { asyncMemoryStore } from '../../src/store/async-memory.js'
import { asyncOver } from '../../src/store/async-over.js'
import type {
  AsyncStore,
  Batch,
  InvalidationListener,
  RowOperation,
} from '../../src/store/async-store.js'
import { lmdbStore } from '../../src/store/lmdb/open-lmdb.js'
import { memoryStore } from '../../src/store/memory.js'
import { asyncStoreLaws } from '../../src/testing.js'
import { type TieredOptions, tiered } from '../../src/tiered.js'
import { tempDirectory } from '../processes/temp-directory.js'

const MAKERS = {
  'memory before memory, through': () => tiered({ near: memoryStore(), far: asyncMemoryStore() }),
  'memory before SQLite, through': () =>
    tiered({ near: memoryStore(), far: sqliteStore(join(tempDirectory(), 'far.db')) }),
  'LMDB before memory, behind': () =>
    tiered({ near: lmdbStore(tempDirectory()), far: asyncMemoryStore(), write: 'behind' }),
}

describe.each(Object.entries(MAKERS))('the laws of AsyncStore, on %s', (_, make) => {
  for (const law of asyncStoreLaws) test(law.title, () => law.check(make))
})

const KEY = Buffer.from('key')
const put = (record: string, deadline = 0, key: Uint8Array = KEY): RowOperation => ({
  kind: 'put',
  bucket: 'rows',
  key,
  record: Buffer.from(record),
  deadline,
})
const batchOf = (...operations: RowOperation[]): Batch => ({
  promise: 'committed',
  checks: [],
  operations,
})

/** A far store that fails while the test says so, and counts what it is asked. */
class Far {
  readonly store: AsyncStore
  readonly inner = asyncMemoryStore()
  /** Told of changes. */
  tell: InvalidationListener = () => {}
  isDown = false
  /** What every answer waits for. */
  answer: Promise<void> | undefined
  reads = 0

  constructor() {
    const { inner } = this
    this.store = new Proxy(inner, {
      get: (_, name: keyof AsyncStore) => {
        const member = inner[name]
        if (typeof member !== 'function') return member
        if (name === 'onInvalidate') {
          return (listener: InvalidationListener) => {
            this.tell = listener
            return inner.onInvalidate(listener)
          }
        }
        if (name === 'close') return member.bind(inner)
        return async (...args: never[]) => {
          if (name === 'get') this.reads++
          if (this.answer !== undefined) await this.answer
          if (this.isDown) throw new StoreError('the far store is down')
          return (member as (...args: never[]) => unknown).apply(inner, args)
        }
      },
    })
  }
}

function opened(options: Partial<TieredOptions> = {}): { far: Far; store: AsyncStore } {
  const far = new Far()
  const store = tiered({ near: memoryStore(), far: far.store, ...options })
  onTestFinished(() => store.close())
  return { far, store }
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 1))
}

const textOf = (record: Uint8Array | undefined) => record && Buffer.from(record).toString()

describe('tiered()', () => {
  test('get() asks the far store once, and the near one answers from then on', async () => {
    const { far, store } = opened()
    await far.inner.commit(batchOf(put('1')))
    for (let round = 0; round < 3; round++) expect(textOf(await store.get('rows', KEY))).toBe('1')
    expect(await store.get('rows', Buffer.from('absent'))).toBeUndefined()
    expect(await store.get('rows', Buffer.from('absent'))).toBeUndefined()
    expect(far.reads).toBe(2)
    const { engine } = await store.stats()
    expect(engine).toMatchObject({
      nearCopies: 2,
      nearHits: 3,
      farReads: 2,
      queueLength: 0,
      lagMs: 0,
    })
  })

  test('get() sees what another host has written, once the far store has told', async () => {
    const { far, store } = opened()
    await store.commit(batchOf(put('1')))
    expect(textOf(await store.get('rows', KEY))).toBe('1')
    await far.inner.commit(batchOf(put('2')))
    expect(textOf(await store.get('rows', KEY))).toBe('2')
    await far.inner.clear('rows', {})
    expect(await store.get('rows', KEY)).toBeUndefined()
  })

  test('get() asks the far store while that does not hear of changes', async () => {
    const inner = asyncMemoryStore()
    const deaf = new Proxy(inner, {
      get: (_, name: keyof AsyncStore) => {
        const member = name === 'hears' ? false : inner[name]
        return typeof member === 'function' ? member.bind(inner) : member
      },
    })
    const store = tiered({ near: memoryStore(), far: deaf })
    await inner.commit(batchOf(put('1')))
    for (const text of ['1', '2', '3']) {
      await inner.commit(batchOf(put(text)))
      expect(textOf(await store.get('rows', KEY))).toBe(text)
    }
    expect(store.hears).toBe(false)
    await store.close()
  })

  test('a copy of another process is not trusted: it may have missed a change', async () => {
    const far = asyncMemoryStore()
    const path = tempDirectory()
    const first = tiered({ near: lmdbStore(path), far })
    const second = tiered({ near: lmdbStore(path), far })
    await far.commit(batchOf(put('1')))
    expect(textOf(await first.get('rows', KEY))).toBe('1')
    await far.commit(batchOf(put('2')))
    expect(textOf(await second.get('rows', KEY))).toBe('2')
    await first.close()
    await second.close()
  })

  test("with onFarError 'serve-near', get() answers from a copy, tells the error, and counts it", async () => {
    const { far, store } = opened({ onFarError: 'serve-near' })
    const errors: unknown[] = []
    store.onError?.((error) => errors.push(error))
    const soon = Date.now() + 60_000
    await far.inner.commit(batchOf(put('1'), put('2', soon, Buffer.from('other'))))
    await store.getMany('rows', [KEY, Buffer.from('other')])
    far.isDown = true
    // A change of anything may have been missed: no copy is valid any more.
    far.tell('', undefined)
    expect(textOf(await store.get('rows', Buffer.from('other')))).toBe('2')
    expect((await store.getMany('rows', [KEY, Buffer.from('other')])).map(textOf)).toEqual([
      '1',
      '2',
    ])
    await expect(store.get('rows', Buffer.from('never read'))).rejects.toThrow(StoreError)
    await expect(store.commit(batchOf(put('3')))).rejects.toThrow(StoreError)
    await expect(store.scan('rows', {}, 10)).rejects.toThrow(StoreError)
    expect((await store.stats()).engine).toMatchObject({ servedNear: 2, nearHits: 0 })
    expect(errors.length).toBeGreaterThan(0)
    await far.inner.commit(batchOf(put('changed')))
    far.isDown = false
    await until(async () => textOf(await store.get('rows', KEY)) === 'changed')
  })

  test("with onFarError 'serve-near', only the first get() waits for a far store that does not answer", async () => {
    const { far, store } = opened({ onFarError: 'serve-near' })
    await far.inner.commit(batchOf(put('1')))
    await store.get('rows', KEY)
    far.tell('', undefined)
    let timeOut = () => {}
    far.answer = new Promise((resolve) => {
      timeOut = resolve
    })
    far.isDown = true
    const [first, absent] = [store.get('rows', KEY), store.get('rows', Buffer.from('absent'))]
    timeOut()
    expect(textOf(await first)).toBe('1')
    await expect(absent).rejects.toThrow(StoreError)
    far.answer = new Promise(() => {})
    for (let round = 0; round < 100; round++) expect(textOf(await store.get('rows', KEY))).toBe('1')
    expect((await store.stats()).engine.servedNear).toBe(101)
  })

  test("with onFarError 'throw', get() rejects with what the far store says", async () => {
    const { far, store } = opened()
    far.isDown = true
    await expect(store.get('rows', KEY)).rejects.toThrow('the far store is down')
    expect((await store.stats()).engine.farFailures).toBe(1)
  })

  test("with write 'behind', commit() does not wait for the far store, and is sent when that is back", async () => {
    const { far, store } = opened({ near: lmdbStore(tempDirectory()), write: 'behind' })
    const errors: unknown[] = []
    store.onError?.((error) => errors.push(error))
    far.isDown = true
    await store.commit(batchOf(put('1'), put('2', 0, Buffer.from('other'))))
    await store.commit(batchOf(put('3')))
    await store.commit(batchOf({ kind: 'delete', bucket: 'rows', key: Buffer.from('other') }))
    expect(textOf(await store.get('rows', KEY))).toBe('3')
    expect(await store.get('rows', Buffer.from('other'))).toBeUndefined()
    await until(() => errors.length > 0)
    expect((await store.stats()).engine).toMatchObject({ queueLength: 2 })
    far.isDown = false
    await until(async () => (await store.stats()).engine.queueLength === 0)
    expect(textOf(await far.inner.get('rows', KEY))).toBe('3')
    expect(await far.inner.get('rows', Buffer.from('other'))).toBeUndefined()
    expect((await store.stats()).engine.lagMs).toBe(0)
  })

  test("with write 'behind', set() of any key goes on while the far store fails, and is sent later", async () => {
    const { far, store } = opened({ near: lmdbStore(tempDirectory()), write: 'behind' })
    const dict = await openAsync<Record<string, number>>({ store })
    onTestFinished(() => dict.close())
    dict.on('error', () => {})
    await dict.set('known', 1, { ttl: '1h' })
    await dict.flush()
    far.isDown = true
    await dict.set('known', 2)
    await dict.set('new', 1)
    await dict.setMany({ more: 1, known: 3, also: 1 })
    const long = 'x'.repeat(1_000)
    await dict.set(long, 1)
    expect(await dict.get(long)).toBe(1)
    await dict.namespace<Record<string, number>>('n').set('new', 1, { ttl: '1h' })
    expect(await dict.increment('known')).toBe(4)
    expect(await dict.get('new')).toBe(1)
    // What is there must be known.
    for (const call of [
      () => dict.get('unknown'),
      () => dict.increment('unknown'),
      () => dict.getOrInsert('unknown', 1),
      () => dict.delete('unknown'),
      () => dict.set('unknown', 1, { keepTtl: true }),
    ]) {
      await expect(call()).rejects.toThrow(StoreError)
    }
    expect((await dict.stats()).engine).toMatchObject({ queueLength: 7 })
    far.isDown = false
    await dict.flush()
    const other = await openAsync<Record<string, number>>({ store: far.inner })
    expect(await other.toObject()).toEqual({ also: 1, known: 4, more: 1, new: 1, [long]: 1 })
    expect(await other.ttl('known')).toBe(Number.POSITIVE_INFINITY)
    expect(await other.namespace('n').ttl('new')).toBeGreaterThan(3_000_000)
  })

  test("with write 'behind', a long key whose digest others may share is not written while the far store fails", async () => {
    const { far, store } = opened({ near: lmdbStore(tempDirectory()), write: 'behind' })
    const dict = await openAsync<Record<string, number>>({ store, digestBytes: 16 })
    onTestFinished(() => dict.close())
    dict.on('error', () => {})
    await dict.flush()
    far.isDown = true
    // The row that is there might be another key's, and would be replaced.
    await expect(dict.set('x'.repeat(1_000), 1)).rejects.toThrow(StoreError)
    await dict.set('short', 1)
    far.isDown = false
    await dict.set('x'.repeat(1_000), 1)
    expect(await dict.size()).toBe(2)
  })

  test("with write 'behind', what was not sent is sent by the next one who opens the near store", async () => {
    const far = new Far()
    const path = tempDirectory()
    const first = tiered({ near: lmdbStore(path), far: far.store, write: 'behind' })
    far.isDown = true
    await first.commit(batchOf(put('1', Date.now() + 60_000)))
    // Closing the first one would close the far store.
    const again = tiered({ near: lmdbStore(path), far: far.store, write: 'behind' })
    expect(textOf(await again.get('rows', KEY))).toBe('1')
    far.isDown = false
    await again.sync()
    expect(textOf(await far.inner.get('rows', KEY))).toBe('1')
    await first.close()
    await again.close()
  })

  test("with write 'behind', what is set in one turn is one transaction of the near store", async () => {
    const near = lmdbStore(tempDirectory())
    const store = tiered({ near, far: asyncMemoryStore(), write: 'behind' })
    const dict = await openAsync<Record<string, number>>(store)
    onTestFinished(() => dict.close())
    const keys = Array.from({ length: 200 }, (_, at) => `key ${at}`)
    // Known from here on, here and in the near store.
    await dict.setMany(Object.fromEntries(keys.map((key) => [key, 0])))
    const before = near.changeId()
    await Promise.all(keys.map((key, at) => dict.set(key, at)))
    // Those of the sender come as well, a few for many rows.
    expect(near.changeId() - before).toBeLessThan(keys.length / 2)
    await dict.flush()
    expect(await dict.getMany(keys)).toEqual(keys.map((_, at) => at))
  })

  test("with write 'behind', of batches in one turn each is taken in or not for itself", async () => {
    const { store } = opened({ near: lmdbStore(tempDirectory()), write: 'behind' })
    const [first, second, third] = ['1', '2', '3'].map((name) => Buffer.from(name))
    const absent = { bucket: 'rows', key: KEY, starts: undefined }
    const inserting = { ...batchOf(put('inserted')), checks: [absent] }
    const beyond = { first: 2 ** 48, count: 1 }
    const settled = await Promise.allSettled([
      store.commit(batchOf(put('first', 0, first))),
      store.commit(inserting),
      store.commit({ ...batchOf(put('second', 0, second)), versions: beyond }),
      store.commit(inserting),
      store.commit(batchOf(put('third', 0, third))),
    ])
    expect(settled.map((each) => (each.status === 'fulfilled' ? each.value : each.reason))).toEqual(
      [true, true, expect.any(StoreFullError), false, true],
    )
    const found = await Promise.all(
      [first, KEY, second, third].map((key) => store.get('rows', key as Uint8Array)),
    )
    expect(found.map((record) => record && Buffer.from(record).toString())).toEqual([
      'first',
      'inserted',
      undefined,
      'third',
    ])
  })

  test("with write 'behind', checks hold for all who share the near store", async () => {
    const far = new Far()
    const path = tempDirectory()
    const make = () => tiered({ near: lmdbStore(path), far: far.store, write: 'behind' })
    const stores = [make(), make()] as const
    const add = async (store: AsyncStore) => {
      for (;;) {
        const record = await store.get('rows', KEY)
        const checks = [{ bucket: 'rows', key: KEY, starts: record }]
        const next = put(String(Number(textOf(record) ?? 0) + 1).padStart(8, '0'))
        if (await store.commit({ promise: 'committed', checks, operations: [next] })) return
      }
    }
    await Promise.all(stores.flatMap((store) => Array.from({ length: 50 }, () => add(store))))
    await stores[0].sync()
    expect(Number(textOf(await far.inner.get('rows', KEY)))).toBe(100)
    for (const store of stores) await store.close()
  })

  test("with write 'behind', a read is not kept if the row was written, sent and dropped meanwhile", async () => {
    const far = new Far()
    const path = tempDirectory()
    let release = () => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    // As from another process: word of changes comes late.
    const late = new Proxy(far.store, {
      get: (target, name: keyof AsyncStore) => {
        if (name === 'onInvalidate') return () => () => {}
        if (name !== 'get') return target[name]
        return async (bucket: string, key: Uint8Array) => {
          const record = await far.inner.get(bucket, key)
          await held
          return record
        }
      },
    })
    const one = tiered({ near: lmdbStore(path), far: far.store, write: 'behind' })
    const other = tiered({ near: lmdbStore(path), far: late, write: 'behind' })
    await far.inner.commit(batchOf(put('1')))
    const slow = other.commit({
      promise: 'committed',
      checks: [{ bucket: 'rows', key: KEY, starts: Buffer.from('1') }],
      operations: [put('2 of the slow one')],
    })
    await one.commit(batchOf(put('2')))
    await one.sync()
    await until(async () => (await one.stats()).engine.nearCopies === 0)
    release()
    expect(await slow).toBe(false)
    expect(textOf(await one.get('rows', KEY))).toBe('2')
    await one.close()
    await other.close()
  })

  test("with write 'behind', a full queue waits for the far store, and then refuses", async () => {
    const near = lmdbStore(tempDirectory())
    const { far, store } = opened({ near, write: 'behind', maxQueued: 3 })
    const keys = Array.from({ length: 8 }, (_, at) => Buffer.from(`key ${at}`))
    for (const key of keys) await store.commit(batchOf(put('1', 0, key)))
    await store.sync()
    expect(await far.inner.count('rows', {}, 0)).toBe(8)
    far.isDown = true
    const put4 = async () => {
      for (const key of keys.slice(0, 4)) await store.commit(batchOf(put('2', 0, key)))
    }
    await expect(put4()).rejects.toThrow(StoreError)
    const tooMany = batchOf(...keys.slice(0, 4).map((key) => put('3', 0, key)))
    far.isDown = false
    await expect(store.commit(tooMany)).rejects.toThrow(StoreFullError)
  })
})

/** What LiveDict 2.0 did, and must not happen here. */
describe('never again', () => {
  test('V1: a row that never expires is lost on its way through the tiers', async () => {
    for (const write of ['through', 'behind'] as const) {
      const far = new Far()
      const store = tiered({ near: lmdbStore(tempDirectory()), far: far.store, write })
      await store.commit(
        batchOf(put('for ever'), put('a day', Date.now() + 86_400_000, Buffer.of(1))),
      )
      await store.sync()
      expect(textOf(await far.inner.get('rows', KEY))).toBe('for ever')
      expect(textOf(await store.get('rows', KEY))).toBe('for ever')
      expect(await store.due('rows', Date.now() + 2 * 86_400_000, 10)).toHaveLength(1)
      expect(await far.inner.due('rows', Date.now() + 2 * 86_400_000, 10)).toHaveLength(1)
      await store.close()
    }
  })

  test('V2: a key of one bucket answers for another', async () => {
    const { store } = opened()
    await store.commit(batchOf(put('of a', 0)))
    expect(await store.get('other', KEY)).toBeUndefined()
    expect(await store.getMany('rows ', [KEY])).toEqual([undefined])
    expect(await store.get('"rows"', KEY)).toBeUndefined()
    expect(textOf(await store.get('rows', KEY))).toBe('of a')
  })

  test('V4: a failure of the far store, or a misspelt policy, is silent', async () => {
    const near = () => memoryStore()
    const far = asyncMemoryStore()
    expect(() => tiered({ near: near(), far, write: 'behnd' as never })).toThrow(OptionError)
    expect(() => tiered({ near: near(), far, onFarErr: 'throw' } as never)).toThrow('"onFarError"')
    const tiers = opened({ near: lmdbStore(tempDirectory()), write: 'behind' })
    const errors: unknown[] = []
    tiers.store.onError?.((error) => errors.push(error))
    tiers.far.isDown = true
    await tiers.store.commit(batchOf(put('1')))
    await until(() => errors.length > 0)
    expect(errors[0]).toBeInstanceOf(StoreError)
    expect((await tiers.store.stats()).engine.farFailures).toBeGreaterThan(0)
    tiers.far.isDown = false
  })

  test('V5: a durable setting keeps nothing', () => {
    const call = () => tiered({ near: memoryStore(), far: asyncMemoryStore(), write: 'behind' })
    expect(call).toThrow(OptionError)
    expect(call).toThrow('survives')
    const lmdb = lmdbStore(tempDirectory())
    expect(() => tiered({ near: memoryStore(), far: lmdb })).toThrow(OptionError)
    const one = memoryStore()
    expect(() => tiered({ near: one, far: one })).toThrow('two stores')
    expect(() => tiered({ near: one, far: asyncOver(one) })).toThrow('two stores')
    const words = { maxRows: '500' as never }
    expect(() => tiered({ near: one, far: memoryStore(), ...words })).toThrow('maxRows')
    lmdb.close()
  })

  test('V10: a limit throws instead of evicting, or is passed by on rehydration', async () => {
    const { far, store } = opened({ maxRows: 100 })
    const keys = Array.from({ length: 300 }, (_, at) => Buffer.from(`key ${at}`))
    await far.inner.commit(batchOf(...keys.map((key) => put('record', 0, key))))
    for (const key of keys) expect(textOf(await store.get('rows', key))).toBe('record')
    expect((await store.stats()).engine).toMatchObject({ nearCopies: 100, evictedCopies: 200 })
    far.reads = 0
    for (const key of keys.slice(200)) await store.get('rows', key)
    expect(far.reads).toBe(0)
    expect(textOf(await store.get('rows', keys[0] as Buffer))).toBe('record')
    const bytes = opened({ maxBytes: 1_000 })
    await bytes.far.inner.commit(batchOf(...keys.map((key) => put('x'.repeat(90), 0, key))))
    for (const key of keys) await bytes.store.get('rows', key)
    expect((await bytes.store.stats()).engine.nearBytes).toBeLessThanOrEqual(1_000)
  })
})
