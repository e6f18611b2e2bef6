/** Encrypted dicts over asynchronous stores: who may open them, what they notice, what they count. */
import { afterEach, describe, expect, test } from 'vitest'
import { crc32 } from '../../src/codec/crc32.js'
import { decodeRecord } from '../../src/codec/record.js'
import type { SerializerName } from '../../src/codec/serializer.js'
import { FORMAT, META } from '../../src/engine/format-identity.js'
import { LEASES } from '../../src/engine/leases/lease-row.js'
import { ROWS } from '../../src/engine/row.js'
import {
  type AsyncOpenOptions,
  type AsyncPersistDict,
  aesGcm,
  type Cipher,
  CipherMismatchError,
  type CompressorName,
  chacha20Poly1305,
  DamagedStoreError,
  DecryptError,
  FormatMismatchError,
  KeyExhaustedError,
  OpenConflictError,
  openAsync,
  passwordKey,
  UnreadableRecordError,
  WrongKeyError,
} from '../../src/index.js'
import { asyncMemoryStore } from '../../src/store/async-memory.js'
import { type AsyncStore, commonRows, type PutRow } from '../../src/store/async-store.js'
import { lmdbStore } from '../../src/store/lmdb/open-lmdb.js'
import { testCipher } from '../../src/testing.js'
import { tiered } from '../../src/tiered.js'
import { FakeClock } from '../fake-clock.js'
import { tempDirectory } from '../processes/temp-directory.js'
import { ASYNC_PLACES, changed, handleOf, newPlace, rowsOf } from './async-places.js'

type Dict = AsyncPersistDict<Record<string, unknown>>
type Options = AsyncOpenOptions<Record<string, unknown>, string>

const KEY = Buffer.alloc(32, 1)
const OTHER = Buffer.alloc(32, 2)
const cipherOf = (...keys: Buffer[]) => aesGcm({ keys })

const CIPHERS: Readonly<Record<string, () => Cipher | undefined>> = {
  none: () => undefined,
  'aes-256-gcm': () => aesGcm({ keys: [KEY] }),
  'chacha20-poly1305': () => chacha20Poly1305({ keys: [KEY] }),
  committing: () => aesGcm({ keys: [KEY], committing: true }),
  test: () => testCipher(),
}

const dicts: Dict[] = []
afterEach(async () => {
  for (const dict of dicts.splice(0)) await dict.close()
})

async function opened(store: AsyncStore, options: Options): Promise<Dict> {
  const dict = await openAsync<Record<string, unknown>>(store, { background: false, ...options })
  dicts.push(dict)
  return dict
}

async function failure(call: () => Promise<unknown>): Promise<unknown> {
  try {
    await call()
  } catch (error) {
    return error
  }
  return undefined
}

function put(store: AsyncStore, rows: readonly Omit<PutRow, 'kind' | 'deadline'>[]) {
  const operations = rows.map((row) => ({ kind: 'put' as const, deadline: 0, ...row }))
  return store.commit({ promise: 'committed', checks: [], operations })
}

function remove(store: AsyncStore, bucket: string, key: Uint8Array) {
  const operations = [{ kind: 'delete', bucket, key }] as const
  return store.commit({ promise: 'committed', checks: [], operations })
}

/** The record as somebody leaves it who knows about checksums. */
function mended(storageKey: Uint8Array, record: Uint8Array): Uint8Array {
  const bytes = Buffer.from(record)
  bytes.writeUInt32LE(crc32(bytes, 4, bytes.length, crc32(storageKey, 0, storageKey.length, 0)))
  return bytes
}

const VALUES: Readonly<Record<string, unknown>> = {
  short: { a: 1, b: [true, null] },
  long: 'to be or not to be. '.repeat(100),
  bytes: Buffer.alloc(3_000, 'ab'),
  graph: new Map<unknown, unknown>([['when', new Date(5)]]),
  ['k'.repeat(600)]: 'under a long key',
  '': 0,
}

describe('every combination', () => {
  const serializers: readonly SerializerName[] = ['msgpack', 'json', 'structured']
  const compressors: readonly (CompressorName | 'none')[] = ['none', 'gzip', 'brotli', 'deflate']

  // A cluster is in parts, too; and memory is what is in front of Redis.
  const kinds = ASYNC_PLACES.filter(
    (kind) => kind !== 'Redis in parts' && kind !== 'asynchronous memory',
  )

  test.each(kinds)('get() brings back all values from %s with every cipher', async (kind) => {
    const places = Object.keys(CIPHERS).map(async (name) => {
      const handle = await newPlace(kind)
      const spaces: string[] = []
      const expectAll = async (dict: Dict, space: string) => {
        const inner = dict.namespace(space)
        expect(await inner.getMany(Object.keys(VALUES)), `${name}, ${space}`).toEqual(
          Object.values(VALUES),
        )
      }
      for (const serializer of serializers) {
        for (const compress of compressors) {
          const how = { serializer, compress, cipher: CIPHERS[name]?.() }
          const dict = await opened(handle(), how)
          const space = `${serializer} ${compress}`
          await dict.namespace(space).setMany(VALUES)
          await expectAll(dict, space)
          spaces.push(space)
          await dict.close()
        }
      }
      // Records say how they were made: whoever has the keys reads all of them.
      const last = await opened(handle(), { cipher: CIPHERS[name]?.() })
      for (const space of spaces) await expectAll(last, space)
    })
    await Promise.all(places)
  })
})

describe.each(ASYNC_PLACES)('opening %s', (kind) => {
  test('openAsync() with a wrong key, no cipher, or a cipher too many is refused, and changes nothing', async () => {
    const handle = await newPlace(kind)
    const first = await openAsync(handle(), { cipher: cipherOf(KEY) })
    await first.set('key', 'value')
    await first.namespace('space').set('key', 'value')
    await first.flush()
    await first.close()
    const before = await rowsOf(handle(), [META, ROWS, 'namespaces'])
    expect(before.length).toBeGreaterThan(4)
    const again = (options: Options) => failure(() => opened(handle(), options))
    expect(await again({ cipher: cipherOf(OTHER) })).toBeInstanceOf(WrongKeyError)
    expect(await again({ cipher: chacha20Poly1305({ keys: [KEY] }) })).toBeInstanceOf(WrongKeyError)
    expect(await again({})).toMatchObject({ name: 'CipherMismatchError', stored: 'sealed' })
    expect(await again({ cipher: cipherOf(KEY), hashKeys: 'long' })).toBeInstanceOf(
      FormatMismatchError,
    )
    expect(await rowsOf(handle(), [META, ROWS, 'namespaces'])).toEqual(before)
    const right = await opened(handle(), { cipher: cipherOf(OTHER, KEY) })
    expect(await right.get('key')).toBe('value')
    const plain = await newPlace(kind)
    await (await openAsync(plain())).close()
    expect(await failure(() => opened(plain(), { cipher: cipherOf(KEY) }))).toMatchObject({
      name: 'CipherMismatchError',
      stored: 'none',
    })
  })

  test('openAsync() of a store whose check is gone or damaged is a typed error', async () => {
    const handle = await newPlace(kind)
    await (await openAsync(handle(), { cipher: cipherOf(KEY) })).close()
    const [store, key] = [handle(), Buffer.from('secrets')]
    await store.sync()
    const row = Buffer.from((await store.get(META, key)) as Uint8Array)
    const { sealed } = JSON.parse(row.toString()) as { sealed: string }
    const at = row.indexOf(sealed)
    for (const place of [0, 10, at + 2, at + 30, at + sealed.length - 8]) {
      const flipped = Buffer.from(row)
      flipped[place] = (flipped[place] as number) ^ 1
      await put(store, [{ bucket: META, key, record: flipped }])
      const error = await failure(() => opened(handle(), { cipher: cipherOf(KEY) }))
      const isTyped = error instanceof WrongKeyError || error instanceof DamagedStoreError
      expect(isTyped, `byte ${place}: ${String(error)}`).toBe(true)
    }
    await remove(store, META, key)
    expect(await failure(() => opened(handle(), { cipher: cipherOf(KEY) }))).toBeInstanceOf(
      DamagedStoreError,
    )
    await put(store, [{ bucket: META, key, record: row }])
    await opened(handle(), { cipher: cipherOf(KEY) })
  })

  test('openAsync() of a new store by many at once leaves one set of secrets', async () => {
    const handle = await newPlace(kind)
    const all = await Promise.all(
      Array.from({ length: 6 }, () => opened(handle(), { cipher: cipherOf(KEY) })),
    )
    await Promise.all(all.map((dict, at) => dict.set(`key ${at}`, at)))
    for (const dict of all) {
      for (const at of all.keys()) expect(await dict.get(`key ${at}`)).toBe(at)
    }
  })
})

describe('the race of two first openers', () => {
  /** Both have seen an empty store before either writes. */
  function together(): (() => AsyncStore)[] {
    const store = asyncMemoryStore()
    let waiting = 0
    let go: () => void = () => {}
    const both = new Promise<void>((resolve) => {
      go = resolve
    })
    const one = () => {
      const handle = handleOf(store)
      let isFirst = true
      return changed(handle, {
        async commit(batch) {
          if (isFirst) {
            isFirst = false
            if (++waiting === 2) go()
            await both
          }
          return handle.commit(batch)
        },
      })
    }
    return [one, one, () => handleOf(store)]
  }

  test('ends with both inside if they have one key', async () => {
    const [one, other, third] = together() as [() => AsyncStore, () => AsyncStore, () => AsyncStore]
    const options = { cipher: cipherOf(KEY) }
    const [a, b] = await Promise.all([opened(one(), options), opened(other(), options)])
    await a.set('key', 1)
    expect(await b.get('key')).toBe(1)
    expect(await (await opened(third(), options)).get('key')).toBe(1)
  })

  test('ends with one inside and a WrongKeyError if they have two', async () => {
    const [one, other] = together() as [() => AsyncStore, () => AsyncStore]
    const results = await Promise.allSettled([
      opened(one(), { cipher: cipherOf(KEY) }),
      opened(other(), { cipher: cipherOf(OTHER) }),
    ])
    const failed = results.filter((result) => result.status === 'rejected')
    expect(failed.map(({ reason }) => (reason as Error).name)).toEqual(['WrongKeyError'])
  })

  test('ends with one inside and a CipherMismatchError if one has none', async () => {
    const [one, other] = together() as [() => AsyncStore, () => AsyncStore]
    const results = await Promise.allSettled([
      opened(one(), { cipher: cipherOf(KEY) }),
      opened(other(), {}),
    ])
    const failed = results.filter((result) => result.status === 'rejected')
    expect(failed.map(({ reason }) => (reason as Error).name)).toEqual(['CipherMismatchError'])
  })

  test('is begun again where the first one died half-way', async () => {
    const store = asyncMemoryStore()
    const dying = changed(handleOf(store), {
      async commit(batch) {
        if (batch.operations.some(({ key }) => Buffer.from(key).equals(FORMAT))) {
          throw new Error('died')
        }
        return store.commit(batch)
      },
    })
    expect(await failure(() => opened(dying, { cipher: cipherOf(KEY) }))).toMatchObject({
      message: 'died',
    })
    expect(await store.get(META, Buffer.from('secrets'))).toBeDefined()
    expect(await store.get(META, FORMAT)).toBeUndefined()
    const wrong = await failure(() => opened(handleOf(store), { cipher: cipherOf(OTHER) }))
    expect(wrong).toBeInstanceOf(WrongKeyError)
    expect(await store.get(META, FORMAT)).toBeUndefined()
    const dict = await opened(handleOf(store), { cipher: cipherOf(KEY) })
    await dict.set('key', 1)
    expect(await dict.get('key')).toBe(1)
  })
})

test('openAsync() a second time in one process asks for the key again', async () => {
  const store = asyncMemoryStore()
  const first = await opened(store, { cipher: cipherOf(KEY) })
  const again = (options: Options) =>
    failure(() => openAsync(store, { background: false, ...options }))
  expect(await again({ cipher: cipherOf(OTHER) })).toBeInstanceOf(WrongKeyError)
  expect(await again({})).toBeInstanceOf(CipherMismatchError)
  expect(await again({ cipher: cipherOf(OTHER, KEY) })).toBeInstanceOf(OpenConflictError)
  expect(await again({ cipher: cipherOf(KEY), debugKeys: true })).toBeInstanceOf(OpenConflictError)
  expect(await first.size()).toBe(0)
})

test('openAsync() with a password takes it and no other', async () => {
  const handle = await newPlace('Redis')
  const costs = { cost: 2 ** 10 }
  const withPassword = (password: string, more?: typeof costs) => ({
    cipher: aesGcm({ keys: [passwordKey(password, more)], committing: true }),
  })
  const first = await openAsync(handle(), withPassword('correct horse', costs))
  await first.set('key', 'value')
  await first.close()
  const wrong = await failure(() => opened(handle(), withPassword('correct hores', costs)))
  expect(wrong).toBeInstanceOf(WrongKeyError)
  const dict = await opened(handle(), withPassword('correct horse'))
  expect(await dict.get('key')).toBe('value')
})

describe.each(Object.keys(CIPHERS).filter((name) => name !== 'none'))('tampering, %s', (name) => {
  const make = CIPHERS[name] as () => Cipher

  test('get() notices every byte that was flipped, checksums mended or not', async () => {
    const store = asyncMemoryStore()
    const dict = await opened(store, { cipher: make() })
    let flips = 0
    const samples: Record<string, unknown> = { ada: { name: 'Ada', n: 1 }, empty: '', list: [1, 2] }
    for (const [key, value] of Object.entries(samples)) {
      await dict.clear()
      await dict.set(key, value, key === 'ada' ? { ttl: '1d', tags: ['t'] } : {})
      const [row] = (await store.scan(ROWS, {}, 2)) as [{ key: Uint8Array; record: Uint8Array }]
      for (let at = 0; at < row.record.length; at++) {
        for (const mend of [true, false]) {
          const flipped = Buffer.from(row.record)
          flipped[at] = (flipped[at] as number) ^ (1 << (at % 8))
          const record = mend && at >= 4 ? mended(row.key, flipped) : flipped
          await put(store, [{ bucket: ROWS, key: row.key, record }])
          dict.clearCache()
          const error = await failure(() => dict.get(key))
          // A deadline put into the past makes a record expire, as deleting the row would.
          if (!isPast(row.key, record)) {
            expect(error, `${key}, byte ${at}, mended: ${mend}`).toBeInstanceOf(
              UnreadableRecordError,
            )
          }
          if (mend && at >= 30) expect(error).toBeInstanceOf(DecryptError)
          expect(await store.get(ROWS, row.key)).toBeDefined()
          flips++
        }
      }
      await put(store, [{ bucket: ROWS, ...row }])
      dict.clearCache()
      expect(await dict.get(key)).toEqual(value)
    }
    console.log(`tampering over an AsyncStore, ${name}: ${flips} flipped bytes, all noticed`)
  })
})

function isPast(storageKey: Uint8Array, record: Uint8Array): boolean {
  try {
    const { expiresAt } = decodeRecord(storageKey, record)
    return expiresAt !== 0 && expiresAt <= Date.now()
  } catch {
    return false
  }
}

describe('records in places that are not theirs', () => {
  const cipher = () => cipherOf(KEY)

  test('get() refuses records that were swapped between keys and namespaces: the whole matrix', async () => {
    const store = asyncMemoryStore()
    const dict = await opened(store, { cipher: cipher() })
    const places = [
      dict,
      dict.namespace('a'),
      dict.namespace('b'),
      dict.namespace('a').namespace('b'),
    ]
    for (const place of places) await place.setMany({ one: 1, two: 2 })
    const rows = await store.scan(ROWS, {}, 100)
    expect(rows).toHaveLength(8)
    let refused = 0
    for (const from of rows) {
      for (const to of rows) {
        if (from === to) continue
        await put(store, [{ bucket: ROWS, key: to.key, record: mended(to.key, from.record) }])
        dict.clearCache()
        const errors: unknown[] = []
        for (const place of places) {
          for (const key of ['one', 'two']) errors.push(await failure(() => place.get(key)))
        }
        expect(errors.filter((error) => error !== undefined)).toHaveLength(1)
        expect(errors.find((error) => error !== undefined)).toBeInstanceOf(DecryptError)
        refused++
        await put(store, [{ bucket: ROWS, ...to }])
      }
    }
    expect(refused).toBe(56)
  })

  test('a cipher that ignores associated data lets records be swapped: the mutant of the matrix', async () => {
    const sound = testCipher()
    const context = { associatedData: Buffer.alloc(0) }
    const mutant: Cipher = {
      ...sound,
      seal: (plaintext) => sound.seal(plaintext, context),
      open: (sealed) => sound.open(sealed, context),
    }
    const store = asyncMemoryStore()
    const dict = await opened(store, { cipher: mutant, hashKeys: 'long' })
    await dict.setMany({ one: 1, two: 2 })
    const [one, two] = (await store.scan(ROWS, {}, 2)) as [PutRow, PutRow]
    const swapped = [
      { bucket: ROWS, key: one.key, record: mended(one.key, two.record) },
      { bucket: ROWS, key: two.key, record: mended(two.key, one.record) },
    ]
    await put(store, swapped)
    dict.clearCache()
    expect([await dict.get('one'), await dict.get('two')]).toEqual([2, 1])
  })

  test('get() refuses a record of another store, one that is not sealed, and one of another version tag', async () => {
    const options = { cipher: cipher(), hashKeys: 'long' } as const
    const store = asyncMemoryStore()
    const dict = await opened(store, options)
    await dict.set('key', 'mine')
    const [row] = (await store.scan(ROWS, {}, 1)) as [{ key: Uint8Array; record: Uint8Array }]
    const others: readonly (readonly [Options, string])[] = [
      [{ cipher: cipher(), hashKeys: 'long' }, 'changed'],
      [{}, 'form'],
      [{ cipher: aesGcm({ keys: [KEY], versionTag: 'PD0' }), hashKeys: 'long' }, 'form'],
    ]
    for (const [other, reason] of others) {
      const from = asyncMemoryStore()
      await (await opened(from, other)).set('key', 'forged')
      const [forged] = (await from.scan(ROWS, {}, 1)) as [{ key: Uint8Array; record: Uint8Array }]
      await put(store, [{ bucket: ROWS, key: row.key, record: forged.record }])
      dict.clearCache()
      expect(await failure(() => dict.get('key'))).toMatchObject({ name: 'DecryptError', reason })
      expect(await failure(() => dict.keys().next())).toBeInstanceOf(DecryptError)
    }
    // The tag of the envelope itself, put back to an earlier one.
    const downgraded = Buffer.from(row.record)
    downgraded.write('PD0', downgraded.indexOf('PD1'))
    await put(store, [{ bucket: ROWS, key: row.key, record: mended(row.key, downgraded) }])
    dict.clearCache()
    expect(await failure(() => dict.get('key'))).toMatchObject({ reason: 'form' })
    // As long as it cannot be read it stays; who sets the key replaces it.
    await dict.set('key', 'again')
    expect([await dict.get('key'), await dict.size()]).toEqual(['again', 1])
  })

  test('get() takes an older record of the same key: the stated limit', async () => {
    const store = asyncMemoryStore()
    const dict = await opened(store, { cipher: cipher() })
    await dict.set('key', 'old')
    const [old] = (await store.scan(ROWS, {}, 1)) as [{ key: Uint8Array; record: Uint8Array }]
    await dict.set('key', 'new')
    await put(store, [{ bucket: ROWS, ...old }])
    dict.clearCache()
    expect(await dict.get('key')).toBe('old')
  })

  test('get() refuses a deadline that was put off, and set() puts the record right', async () => {
    const clock = new FakeClock()
    const store = asyncMemoryStore()
    const dict = await opened(store, { cipher: cipher(), clock })
    await dict.set('key', 'value', { ttl: 1_000 })
    const [row] = (await store.scan(ROWS, {}, 1)) as [{ key: Uint8Array; record: Uint8Array }]
    const later = Buffer.from(row.record)
    later.writeUIntLE(later.readUIntLE(22, 6) + 3_600_000, 22, 6)
    await put(store, [{ bucket: ROWS, key: row.key, record: mended(row.key, later) }])
    dict.clearCache()
    expect(await failure(() => dict.get('key'))).toMatchObject({ reason: 'changed' })
    expect(await failure(() => dict.has('key'))).toBeInstanceOf(DecryptError)
    await dict.set('key', 'again')
    expect([await dict.get('key'), await dict.size()]).toEqual(['again', 1])
  })

  test('the row of a lock that was tampered with is damage, and not a lock', async () => {
    const store = asyncMemoryStore()
    const dict = await opened(store, { cipher: cipher() })
    const lock = await dict.lock('door')
    const [row] = (await store.scan(LEASES, {}, 1)) as [{ key: Uint8Array; record: Uint8Array }]
    for (let at = 0; at < row.record.length; at += 50) {
      const flipped = Buffer.from(row.record)
      flipped[at] = (flipped[at] as number) ^ 1
      await put(store, [{ bucket: LEASES, key: row.key, record: flipped }])
      expect(await failure(async () => lock.assertHeld())).toMatchObject({ name: 'LockLostError' })
    }
    const other = await opened(handleOf(store), { cipher: cipher() })
    await using again = await other.lock('door')
    expect(again.token).toBeGreaterThan(lock.token)
  })
})

describe('the number of messages', () => {
  const cipher = cipherOf(KEY)
  const row = Buffer.from(`messages ${cipher.id} ${cipher.keyId}`)
  const counted = async (store: Pick<AsyncStore, 'get'>) =>
    Buffer.from((await store.get(META, row)) as Uint8Array).readUIntLE(0, 6)
  const setCount = (store: AsyncStore, count: number) => {
    const record = Buffer.alloc(6)
    record.writeUIntLE(count, 0, 6)
    return put(store, [{ bucket: META, key: row, record }])
  }

  const kinds = ['Redis', 'Redis in parts', 'LMDB before SQLite, written behind'] as const

  test.each(kinds)('is kept for all who write to %s', async (kind) => {
    const handle = await newPlace(kind)
    const all = await Promise.all(
      Array.from({ length: 3 }, () => opened(handle(), { cipher: cipherOf(KEY) })),
    )
    await Promise.all(all.map((dict, at) => dict.setMany({ [`a ${at}`]: 1, [`b ${at}`]: 2 })))
    for (const dict of all) await dict.flush()
    const store = handle()
    // A block each: none was lost where they met.
    expect(await counted(commonRows(store))).toBe(3 * 4_096)
  })

  test('of 2^30 is a warning, told with each block of messages', async () => {
    const store = asyncMemoryStore()
    await setCount(store, 2 ** 30)
    const dict = await opened(store, { cipher })
    const told: unknown[] = []
    // What opening took a block for, nobody could hear.
    dict.on('warning', (warning) => void told.push(warning))
    for (let round = 0; round < 3; round++) {
      await dict.setMany(Array.from({ length: 5_000 }, (_, at) => [`${at}`, round] as const))
    }
    expect(told.length).toBeGreaterThan(1)
    expect(told.length).toBeLessThan(6)
    expect(told[0]).toMatchObject({ code: 'key-use' })
    expect(JSON.stringify(told)).toContain(cipher.keyId)
  })

  test('of 2^32 is a KeyExhaustedError, nothing is written, and a new key helps', async () => {
    const store = asyncMemoryStore()
    await (await openAsync(handleOf(store), { cipher })).close()
    await setCount(store, 2 ** 32 - 100)
    const dict = await opened(handleOf(store), { cipher })
    for (let tries = 0; tries < 3; tries++) {
      expect(await failure(() => dict.set('key', 1))).toBeInstanceOf(KeyExhaustedError)
    }
    expect(await dict.get('key')).toBeUndefined()
    expect(await counted(store)).toBe(2 ** 32 - 100)
    const fresh = await opened(handleOf(store), { cipher: cipherOf(OTHER, KEY) })
    await fresh.set('key', 1)
    await fresh.rotateKeys()
    expect(await fresh.get('key')).toBe(1)
  })

  test('goes on for a while where the store that counts is out of reach and writes need not wait', async () => {
    const inner = asyncMemoryStore()
    let isReachable = true
    const store = changed(handleOf(inner), {
      common: {
        get: (...asked) => inner.get(...asked),
        scan: (...asked) => inner.scan(...asked),
        async commit(batch) {
          if (!isReachable) throw new Error('out of reach')
          return inner.commit(batch)
        },
      },
    })
    const dict = await opened(store, { cipher })
    isReachable = false
    for (let round = 0; round < 2; round++) {
      await dict.setMany(Array.from({ length: 5_000 }, (_, at) => [`${at}`, round] as const))
    }
    isReachable = true
    await dict.set('last', 1)
    // It is counted then, with all that was owed.
    while ((await counted(inner)) < 10_000) await new Promise((resolve) => setImmediate(resolve))
    await setCount(inner, 2 ** 32)
    const fail = async () => {
      for (;;) await dict.setMany(Array.from({ length: 4_000 }, (_, at) => [`${at}`, 3] as const))
    }
    expect(await failure(fail)).toBeInstanceOf(KeyExhaustedError)
  })
})

test('set() of an encrypted dict in tiers goes on while the far store fails', async () => {
  const inner = asyncMemoryStore()
  let isReachable = true
  const reached =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    (...args: A) =>
      isReachable ? call(...args) : Promise.reject(new Error('out of reach'))
  const far = changed(inner, {
    get: reached((...asked) => inner.get(...asked)),
    getMany: reached((...asked) => inner.getMany(...asked)),
    commit: reached((batch) => inner.commit(batch)),
  })
  const near = lmdbStore(tempDirectory())
  const store = tiered({ near, far, write: 'behind', onFarError: 'serve-near' })
  const dict = await opened(store, { cipher: cipherOf(KEY), hashKeys: 'long' })
  await dict.set('before', 1)
  await dict.flush()
  isReachable = false
  await dict.set('meanwhile', 2)
  expect(await dict.getMany(['before', 'meanwhile'])).toEqual([1, 2])
  isReachable = true
  await dict.flush()
  const elsewhere = await opened(handleOf(inner), { cipher: cipherOf(KEY), hashKeys: 'long' })
  expect(await elsewhere.getMany(['before', 'meanwhile'])).toEqual([1, 2])
})

test('keys() of hidden keys is what it is on a plain dict, whatever the range', async () => {
  const keys = ['', 'a', 'ab', 'abc', 'b', 'ba', 'é', '\u{1f600}', '\uffff', 'a'.repeat(600), 'z']
  const hidden = await opened(asyncMemoryStore(), { cipher: testCipher() })
  const plain = await opened(asyncMemoryStore(), {})
  for (const dict of [hidden, plain])
    for (const [at, key] of keys.entries()) await dict.set(key, at)
  const all = async (items: AsyncIterable<unknown>) => {
    const found: unknown[] = []
    for await (const item of items) found.push(item)
    return found
  }
  for (const prefix of [undefined, 'a', 'ab', '', 'x']) {
    for (const low of [undefined, 'a', 'ab', 'ac', 'é', '\u{10000}']) {
      for (const reverse of [false, true]) {
        for (const order of ['key', 'insertion'] as const) {
          for (const range of [
            { prefix, gt: low, reverse, order },
            { prefix, gte: low, lt: 'b', reverse, order },
            { prefix, lte: low, limit: 3, reverse, order },
          ]) {
            const what = JSON.stringify(range)
            expect(await all(hidden.keys(range)), what).toEqual(await all(plain.keys(range)))
            expect(await all(hidden.entries(range)), what).toEqual(await all(plain.entries(range)))
          }
        }
      }
    }
  }
})

test('hidden keys at a digest of one byte are all told apart', async () => {
  const dict = await opened(asyncMemoryStore(), { cipher: testCipher(), digestBytes: 1 })
  const numbers = Array.from({ length: 600 }, (_, at) => at)
  await dict.setMany(numbers.map((at) => [`key ${at}`, at] as const))
  dict.clearCache()
  const names = numbers.map((at) => `key ${at}`)
  expect(await dict.getMany(names)).toEqual(numbers)
  expect(await dict.deleteMany(names.filter((_, at) => at % 2 === 0))).toBe(300)
  expect(await dict.size()).toBe(300)
  expect(await dict.getMany(names)).toEqual(numbers.map((at) => (at % 2 ? at : undefined)))
})
