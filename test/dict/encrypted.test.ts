/** Encrypted dicts: what they hide, what they notice, and what they refuse. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { crc32 } from '../../src/codec/crc32.js'
import { decodeRecord } from '../../src/codec/record.js'
import type { SerializerName } from '../../src/codec/serializer.js'
import { META } from '../../src/engine/format-identity.js'
import { ROWS } from '../../src/engine/row.js'
import {
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
  type OpenOptions,
  OptionError,
  open,
  type PersistDict,
  passwordKey,
  UnreadableRecordError,
  WrongKeyError,
} from '../../src/index.js'
import { memoryStore } from '../../src/store/memory.js'
import type { StoreRow, SyncStore } from '../../src/store/sync-store.js'
import { testCipher } from '../../src/testing.js'
import { FakeClock } from '../fake-clock.js'
import { tempDirectory } from '../processes/temp-directory.js'
import { canariesOf } from './canaries.js'
import { newStore, opened, STORE_KINDS, storeAgain } from './opened.js'

const KEY = Buffer.alloc(32, 1)
const OTHER = Buffer.alloc(32, 2)

const CIPHERS: Readonly<Record<string, () => Cipher | undefined>> = {
  none: () => undefined,
  'aes-256-gcm': () => aesGcm({ keys: [KEY] }),
  'chacha20-poly1305': () => chacha20Poly1305({ keys: [KEY] }),
  committing: () => aesGcm({ keys: [KEY], committing: true }),
  test: () => testCipher(),
}

const SEALING = Object.keys(CIPHERS).filter((name) => name !== 'none')

/** Closed after each test, before its directories go. */
const dicts: PersistDict[] = []
afterEach(() => {
  for (const dict of dicts.splice(0)) dict.close()
})

function openedOver(
  store: SyncStore | string,
  options: OpenOptions<Record<string, unknown>, string>,
): PersistDict {
  const dict = open(store, options)
  dicts.push(dict)
  return dict
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
  const cases = STORE_KINDS.flatMap((kind) =>
    Object.keys(CIPHERS).map((cipher) => [kind, cipher] as const),
  )

  test.each(cases)('get() brings back all values from %s with cipher %s', (kind, cipher) => {
    for (const serializer of serializers) {
      for (const compress of compressors) {
        const how = { serializer, compress, durability: 'commit' as const }
        const options = { ...how, cipher: CIPHERS[cipher]?.() }
        const dict = openedOver(newStore(kind), options)
        dict.setMany(VALUES)
        const inner = dict.namespace('inner')
        inner.setMany(VALUES)
        dict.flushSync()
        dict.clearCache()
        const what = `${serializer}, ${compress}`
        for (const [key, value] of Object.entries(VALUES)) {
          expect(dict.get(key), what).toEqual(value)
          expect(inner.get(key), what).toEqual(value)
        }
        expect(dict.toObject(), what).toEqual(VALUES)
        expect(dict.size, what).toBe(Object.keys(VALUES).length)
        expect([...dict.namespaces()], what).toEqual([['inner']])
        dict.close()
      }
    }
  })
})

test('open() with other settings of values reads what all before it wrote', () => {
  const path = tempDirectory()
  const old = aesGcm({ keys: [OTHER] })
  const settings: OpenOptions[] = [
    { cipher: aesGcm({ keys: [OTHER] }), serializer: 'json' },
    { cipher: aesGcm({ keys: [KEY, OTHER] }), compress: 'gzip' },
    { cipher: [chacha20Poly1305({ keys: [KEY] }), aesGcm({ keys: [KEY, OTHER] })] },
    {
      cipher: [
        aesGcm({ keys: [KEY], committing: true }),
        chacha20Poly1305({ keys: [KEY] }),
        old,
        aesGcm({ keys: [KEY] }),
      ],
      serializer: 'structured',
      compress: 'brotli',
    },
    {
      cipher: [
        testCipher(),
        aesGcm({ keys: [KEY], committing: true }),
        chacha20Poly1305({ keys: [KEY] }),
        old,
        aesGcm({ keys: [KEY] }),
      ],
    },
  ]
  for (const [at, options] of settings.entries()) {
    using dict = open(path, options)
    dict.set(`${at}`, VALUES.long)
    for (let earlier = 0; earlier <= at; earlier++) expect(dict.get(`${earlier}`)).toBe(VALUES.long)
    expect(dict.size).toBe(at + 1)
  }
})

describe('what is on disk', () => {
  function canariesIn(directory: string): string[] {
    const found: string[] = []
    for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
      const path = join(directory, name)
      if (!statSync(path).isFile()) continue
      found.push(...canariesOf(readFileSync(path)).map((canary) => `${canary} in ${name}`))
    }
    return found
  }

  async function fill(dict: PersistDict): Promise<void> {
    const stop = new AbortController()
    const watched = watchFor(dict, stop.signal)
    for (let at = 0; at < 50; at++) {
      dict.set(`KeyCanary ${at}`, `ValueCanary ${at}`, { tags: ['TagCanary'], ttl: '1d' })
      dict.set(`KeyCanary ${'x'.repeat(600)} ${at}`, { ValueCanary: 'ValueCanary '.repeat(200) })
      dict.namespace('SpaceCanary').namespace(`SpaceCanary ${at}`).set('KeyCanary', 'ValueCanary')
    }
    dict.flushSync()
    dict.delete('KeyCanary 3')
    const lock = await dict.lock('LockCanary')
    await dict.getOrSet('ComputeCanary', async () => 'ValueCanary', { ttl: '1d' })
    await dict.flush()
    await lock.release()
    stop.abort()
    await watched
  }

  async function watchFor(dict: PersistDict, signal: AbortSignal): Promise<void> {
    for await (const _ of dict.watch(undefined, { signal })) if (signal.aborted) return
  }

  test('nothing of keys, values, tags, namespaces and locks is in any file', async () => {
    const path = tempDirectory()
    const dict = openedOver(path, { cipher: aesGcm({ keys: [KEY] }), initial: { KeyCanary: 1 } })
    await fill(dict)
    // While it is open: the lock file, and what a writer leaves behind.
    expect(canariesIn(path)).toEqual([])
    const backup = `${tempDirectory()}/backup`
    await dict.backup(backup)
    dict.close()
    expect(canariesIn(path)).toEqual([])
    expect(canariesIn(backup)).toEqual([])
    const restored = openedOver(backup, { cipher: aesGcm({ keys: [KEY] }) })
    expect(restored.get('KeyCanary 7')).toBe('ValueCanary 7')
    expect(() => open(backup)).toThrow(CipherMismatchError)
  })

  test('the search finds them all in the files of a plain dict', async () => {
    const path = tempDirectory()
    const dict = openedOver(path, {})
    await fill(dict)
    dict.close()
    const found = canariesIn(path).join()
    for (const canary of ['KeyCanary', 'ValueCanary', 'TagCanary', 'SpaceCanary']) {
      expect(found).toContain(canary)
    }
  })

  test('only names are in the files with hashKeys: long', async () => {
    const path = tempDirectory()
    const dict = openedOver(path, { cipher: aesGcm({ keys: [KEY] }), hashKeys: 'long' })
    await fill(dict)
    dict.close()
    const found = canariesIn(path).join()
    expect(found).toContain('KeyCanary')
    expect(found).not.toMatch(/ValueCanary|TagCanary/)
  })
})

/** A store in memory whose rows can be changed behind the dict's back. */
function tampered(store: SyncStore, change: (row: StoreRow) => Uint8Array | undefined): number {
  const rows = store.scan(ROWS, {}, 10_000)
  return store.transaction('committed', (tx) => {
    let changed = 0
    for (const row of rows) {
      const record = change(row)
      if (record === undefined) continue
      tx.put(ROWS, row.key, record, 0)
      changed++
    }
    return changed
  })
}

/** The record as somebody leaves it who knows about checksums. */
function mended(storageKey: Uint8Array, record: Uint8Array): Uint8Array {
  const bytes = Buffer.from(record)
  bytes.writeUInt32LE(crc32(bytes, 4, bytes.length, crc32(storageKey, 0, storageKey.length, 0)))
  return bytes
}

function thrownBy(call: () => unknown): unknown {
  try {
    call()
  } catch (error) {
    return error
  }
  return undefined
}

describe.each(SEALING)('tampering with records, %s', (name) => {
  const make = CIPHERS[name] as () => Cipher

  test('get() notices every byte that was flipped, checksums mended or not', () => {
    let flips = 0
    const samples: Record<string, unknown> = { ada: { name: 'Ada', n: 1 }, empty: '', list: [1, 2] }
    for (const [key, value] of Object.entries(samples)) {
      const store = memoryStore()
      const dict = openedOver(store, { cipher: make() })
      dict.set(key, value, key === 'ada' ? { ttl: '1d', tags: ['t'] } : {})
      dict.flushSync()
      const [row] = store.scan(ROWS, {}, 2) as [StoreRow]
      for (let at = 0; at < row.record.length; at++) {
        for (const mend of [true, false]) {
          const flipped = Buffer.from(row.record)
          flipped[at] = (flipped[at] as number) ^ (1 << (at % 8))
          const record = mend && at >= 4 ? mended(row.key, flipped) : flipped
          tampered(store, () => record)
          dict.clearCache()
          const error = thrownBy(() => dict.get(key))
          const isPastNow = isPast(row.key, record)
          // A deadline put into the past makes a record expire, as deleting the row would.
          if (!isPastNow)
            expect(error, `${key}, byte ${at}, mended: ${mend}`).toBeInstanceOf(
              UnreadableRecordError,
            )
          if (mend && at >= 30) expect(error).toBeInstanceOf(DecryptError)
          expect(store.get(ROWS, row.key)).toBeDefined()
          flips++
        }
      }
      tampered(store, () => row.record)
      dict.clearCache()
      expect(dict.get(key)).toEqual(value)
    }
    console.log(`tampering, ${name}: ${flips} flipped bytes, all noticed`)
  })

  test('get() notices a cut at every length', () => {
    const store = memoryStore()
    const dict = openedOver(store, { cipher: make() })
    dict.set('key', 'value').flushSync()
    const [row] = store.scan(ROWS, {}, 2) as [StoreRow]
    for (let length = 0; length < row.record.length; length++) {
      const cut = row.record.slice(0, length)
      tampered(store, () => (length < 20 ? cut : mended(row.key, cut)))
      dict.clearCache()
      expect(
        thrownBy(() => dict.get('key')),
        `${length}`,
      ).toBeInstanceOf(UnreadableRecordError)
    }
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
  const cipher = () => aesGcm({ keys: [KEY] })

  test('get() refuses records that were swapped between keys and namespaces: the whole matrix (V11)', () => {
    const store = memoryStore()
    const dict = openedOver(store, { cipher: cipher() })
    const places = [
      dict,
      dict.namespace('a'),
      dict.namespace('b'),
      dict.namespace('a').namespace('b'),
    ]
    for (const place of places) place.setMany({ one: 1, two: 2 })
    dict.flushSync()
    const rows = store.scan(ROWS, {}, 100)
    expect(rows).toHaveLength(8)
    let refused = 0
    for (const from of rows) {
      for (const to of rows) {
        if (from === to) continue
        tampered(store, ({ key }) =>
          key === to.key || Buffer.compare(key, to.key) === 0
            ? mended(to.key, from.record)
            : undefined,
        )
        dict.clearCache()
        const errors = places.flatMap((place) =>
          ['one', 'two'].map((key) => thrownBy(() => place.get(key))),
        )
        expect(errors.filter((error) => error !== undefined)).toHaveLength(1)
        expect(errors.find((error) => error !== undefined)).toBeInstanceOf(DecryptError)
        refused++
        tampered(store, ({ key }) => (Buffer.compare(key, to.key) === 0 ? to.record : undefined))
      }
    }
    expect(refused).toBe(56)
  })

  test('a cipher that ignores associated data lets records be swapped: the mutant of the matrix', () => {
    const sound = testCipher()
    const context = { associatedData: Buffer.alloc(0) }
    const mutant: Cipher = {
      ...sound,
      seal: (plaintext) => sound.seal(plaintext, context),
      open: (sealed) => sound.open(sealed, context),
    }
    const store = memoryStore()
    const dict = openedOver(store, { cipher: mutant, hashKeys: 'long' })
    dict.setMany({ one: 1, two: 2 }).flushSync()
    const [one, two] = store.scan(ROWS, {}, 2) as [StoreRow, StoreRow]
    tampered(store, ({ key }) =>
      mended(key, Buffer.compare(key, one.key) ? one.record : two.record),
    )
    dict.clearCache()
    expect([dict.get('one'), dict.get('two')]).toEqual([2, 1])
  })

  test('get() refuses a record of another store with the same key', () => {
    const stores = [memoryStore(), memoryStore()]
    const [one, two] = stores.map((store) =>
      openedOver(store, { cipher: cipher(), hashKeys: 'long' }),
    )
    one?.set('key', 1).flushSync()
    two?.set('key', 2).flushSync()
    const [row] = (stores[0] as SyncStore).scan(ROWS, {}, 1) as [StoreRow]
    tampered(stores[1] as SyncStore, () => row.record)
    two?.clearCache()
    expect(thrownBy(() => two?.get('key'))).toMatchObject({ reason: 'changed' })
  })

  test('get() refuses a record that is not sealed', () => {
    const store = memoryStore()
    const plain = memoryStore()
    openedOver(plain, {}).set('key', 'forged').flushSync()
    const dict = openedOver(store, { cipher: cipher(), hashKeys: 'long' })
    dict.set('key', 'true').flushSync()
    const [row] = plain.scan(ROWS, {}, 1) as [StoreRow]
    tampered(store, () => row.record)
    dict.clearCache()
    expect(thrownBy(() => dict.get('key'))).toMatchObject({ name: 'DecryptError', reason: 'form' })
    expect(thrownBy(() => [...dict.entries()])).toBeInstanceOf(DecryptError)
  })

  test('get() refuses a deadline that was put off, and set() puts the record right', () => {
    const clock = new FakeClock()
    const store = memoryStore()
    const dict = openedOver(store, { cipher: cipher(), clock })
    dict.set('key', 'value', { ttl: 1_000 })
    dict.flushSync()
    tampered(store, ({ key, record }) => {
      const later = Buffer.from(record)
      later.writeUIntLE(later.readUIntLE(22, 6) + 3_600_000, 22, 6)
      return mended(key, later)
    })
    dict.clearCache()
    expect(thrownBy(() => dict.get('key'))).toMatchObject({ reason: 'changed' })
    expect(thrownBy(() => dict.has('key'))).toBeInstanceOf(DecryptError)
    dict.set('key', 'again')
    expect(dict.get('key')).toBe('again')
    expect(dict.size).toBe(1)
  })

  test('size and namespaces() of tampered counts are errors or right, never made up', () => {
    const store = memoryStore()
    const dict = openedOver(store, { cipher: cipher() })
    dict.setMany({ a: 1, b: 2 }).flushSync()
    const [row] = store.scan('counts', {}, 1) as [StoreRow]
    for (let at = 0; at < row.record.length; at++) {
      const flipped = Buffer.from(row.record)
      flipped[at] = (flipped[at] as number) ^ 1
      store.transaction('committed', (tx) => tx.put('counts', row.key, flipped, 0))
      expect(
        thrownBy(() => dict.size),
        `byte ${at}`,
      ).toMatchObject({ code: 'ERR_PERSISTDICT_STORE' })
    }
    store.transaction('committed', (tx) => tx.put('counts', row.key, row.record, 0))
  })
})

test('reading expired records costs no decryption', () => {
  let opens = 0
  const cipher = testCipher()
  const counting: Cipher = {
    ...cipher,
    open(sealed, context) {
      opens++
      return cipher.open(sealed, context)
    },
  }
  const clock = new FakeClock()
  const dict = openedOver(memoryStore(), { cipher: counting, clock, background: false as never })
  dict.set('key', 1, { ttl: 1_000 }).flushSync()
  dict.clearCache()
  clock.advance(2_000)
  opens = 0
  expect(dict.get('key')).toBeUndefined()
  expect(dict.has('key')).toBe(false)
  expect(opens).toBe(0)
})

describe('keys of a store', () => {
  const cipherOf = (...keys: Buffer[]) => aesGcm({ keys })

  test.each(STORE_KINDS.filter((kind) => kind !== 'memory'))(
    'open() with a wrong key, no cipher, or a cipher too many is refused on %s, and changes nothing',
    (kind) => {
      const store = newStore(kind)
      {
        using dict = open(store, { cipher: cipherOf(KEY) })
        dict.set('key', 'value')
      }
      const again = (options: OpenOptions) => thrownBy(() => open(storeAgain(kind, store), options))
      expect(again({ cipher: cipherOf(OTHER) })).toBeInstanceOf(WrongKeyError)
      expect(again({ cipher: chacha20Poly1305({ keys: [KEY] }) })).toBeInstanceOf(WrongKeyError)
      expect(again({})).toMatchObject({ name: 'CipherMismatchError', stored: 'sealed' })
      expect(again({ cipher: cipherOf(KEY), hashKeys: 'long' })).toBeInstanceOf(FormatMismatchError)
      using dict = open(storeAgain(kind, store), { cipher: cipherOf(OTHER, KEY) })
      expect(dict.get('key')).toBe('value')
      const plain = newStore(kind)
      open(plain).close()
      const call = () => open(storeAgain(kind, plain), { cipher: cipherOf(KEY) })
      expect(thrownBy(call)).toMatchObject({ name: 'CipherMismatchError', stored: 'none' })
    },
  )

  test('open() a second time in one process asks for the key again', () => {
    const path = tempDirectory()
    using _dict = open(path, { cipher: cipherOf(KEY) })
    expect(() => open(path, { cipher: cipherOf(OTHER) })).toThrow(WrongKeyError)
    expect(() => open(path)).toThrow(CipherMismatchError)
    expect(() => open(path, { cipher: cipherOf(OTHER, KEY) })).toThrow(OpenConflictError)
    expect(() => open(path, { cipher: cipherOf(KEY), debugKeys: true })).toThrow(OpenConflictError)
    using second = open(path, { cipher: cipherOf(KEY) })
    expect(second.size).toBe(0)
  })

  test('open() of a store whose check is gone or damaged is a typed error', () => {
    const path = tempDirectory()
    open(path, { cipher: cipherOf(KEY) }).close()
    const rawStore = storeAgain('lmdb', { location: path } as SyncStore)
    const name = Buffer.from('secrets')
    const row = rawStore.get(META, name) as Uint8Array
    const reopened = () =>
      thrownBy(() =>
        open(storeAgain('lmdb', { location: path } as SyncStore), { cipher: cipherOf(KEY) }),
      )
    for (let at = 0; at < row.length; at++) {
      const flipped = Buffer.from(row)
      flipped[at] = (flipped[at] as number) ^ 1
      rawStore.transaction('committed', (tx) => tx.put(META, name, flipped, 0))
      const error = reopened()
      const isTyped = error instanceof WrongKeyError || error instanceof DamagedStoreError
      // Base64 has bits that mean nothing, at the end of what it encodes.
      if (!isTyped) expect(error, `byte ${at}: ${String(error)}`).toBeUndefined()
    }
    rawStore.transaction('committed', (tx) => tx.delete(META, name))
    expect(reopened()).toBeInstanceOf(DamagedStoreError)
    rawStore.close()
  })

  test('open() with a password takes it and no other', () => {
    const path = tempDirectory()
    const costs = { cost: 2 ** 10 }
    const withPassword = (password: string, more?: typeof costs) => ({
      cipher: aesGcm({ keys: [passwordKey(password, more)], committing: true }),
    })
    {
      using dict = open(path, withPassword('correct horse', costs))
      dict.set('key', 'value')
    }
    expect(() => open(path, withPassword('correct hores', costs))).toThrow(WrongKeyError)
    // Without costs, the store's.
    using dict = open(path, withPassword('correct horse'))
    expect(dict.get('key')).toBe('value')
  })

  test('open() with one password makes different keys in different stores', () => {
    const rows = [memoryStore(), memoryStore()].map((store) => {
      openedOver(store, { cipher: aesGcm({ keys: [passwordKey('same', { cost: 2 ** 10 })] }) })
      return JSON.parse(
        Buffer.from(store.get(META, Buffer.from('secrets')) as Uint8Array).toString(),
      )
    })
    expect(rows[0].salt).not.toBe(rows[1].salt)
    expect(rows[0].sealed.slice(4, 9)).not.toBe(rows[1].sealed.slice(4, 9))
    expect(rows[0].costs).toEqual({ cost: 1_024, blockSize: 8, parallelization: 1 })
  })

  test('get() of a record under an unknown key is a DecryptError, never missing, and it stays', () => {
    const store = memoryStore()
    const first = openedOver(store, { cipher: cipherOf(OTHER, KEY) })
    first.set('key', 'value').flushSync()
    // As another process would, that was given only the old key: the check is still under that.
    const row = store.scan(ROWS, {}, 1)[0] as StoreRow
    tampered(store, ({ key, record }) => {
      const bytes = Buffer.from(record)
      const at = bytes.indexOf('PD1') + 3
      bytes[at] = (bytes[at] as number) ^ 1
      return mended(key, bytes)
    })
    first.clearCache()
    expect(thrownBy(() => first.get('key'))).toMatchObject({ reason: 'key' })
    expect(thrownBy(() => first.has('key'))).toMatchObject({ reason: 'key' })
    expect(first.size).toBe(1)
    first.sweep()
    expect(store.get(ROWS, row.key)).toBeDefined()
  })

  test('open() with hashKeys: always and no cipher, or with what is no cipher, is an OptionError', () => {
    expect(() => open(memoryStore(), { hashKeys: 'always' })).toThrow(OptionError)
    expect(() => open(memoryStore(), { cipher: [] })).toThrow(OptionError)
    expect(() => open(memoryStore(), { cipher: KEY as never })).toThrow(OptionError)
    expect(() => open(memoryStore(), { cipher: [testCipher(), testCipher()] })).toThrow(OptionError)
    expect(() => open(memoryStore(), { hashKeys: 'never' as never })).toThrow(OptionError)
  })
})

describe('the number of messages', () => {
  const cipher = aesGcm({ keys: [KEY] })
  const row = Buffer.from(`messages ${cipher.id} ${cipher.keyId}`)
  const counted = (store: SyncStore) =>
    Buffer.from(store.get(META, row) as Uint8Array).readUIntLE(0, 6)
  const setCount = (store: SyncStore, count: number) =>
    store.transaction('committed', (tx) => {
      const bytes = Buffer.alloc(6)
      bytes.writeUIntLE(count, 0, 6)
      tx.put(META, row, bytes, 0)
    })

  test('is kept in the store, never less than what was sealed, for all who write', () => {
    const path = tempDirectory()
    let sealed = 0
    for (let round = 0; round < 3; round++) {
      using dict = open(path, { cipher })
      for (let at = 0; at < 3_000; at++) dict.set(`${round} ${at}`, at)
      dict.flushSync()
      sealed += 3_000
      const store = storeAgain('lmdb', { location: path } as SyncStore)
      expect(counted(store)).toBeGreaterThanOrEqual(sealed)
      expect(counted(store)).toBeLessThan(sealed + 3 * 4_096 + 100)
      store.close()
    }
  })

  test('is not counted for a transaction that was rolled back, but its messages are in the next one', () => {
    const store = memoryStore()
    const dict = openedOver(store, { cipher })
    const before = counted(store)
    expect(() =>
      dict.transaction(() => {
        for (let at = 0; at < 10_000; at++) dict.set(`${at}`, at)
        throw new Error('back')
      }),
    ).toThrow('back')
    expect(counted(store)).toBe(before)
    dict.set('key', 1).flushSync()
    expect(counted(store)).toBeGreaterThan(10_000)
  })

  test('of 2^30 is a warning, told with each block of messages', () => {
    const store = memoryStore()
    setCount(store, 2 ** 30)
    const dict = openedOver(store, { cipher })
    const told: unknown[] = []
    dict.on('warning', (warning) => void told.push(warning))
    for (let round = 0; round < 3; round++) {
      for (let at = 0; at < 5_000; at++) dict.set(`${at}`, round)
      dict.flushSync()
    }
    expect(told.length).toBeGreaterThan(1)
    expect(told.length).toBeLessThan(6)
    expect(told[0]).toMatchObject({ code: 'key-use' })
    expect(JSON.stringify(told)).toContain(cipher.keyId)
  })

  test('of 2^32 is a KeyExhaustedError, nothing is written, and a new key helps', async () => {
    const path = tempDirectory()
    open(path, { cipher }).close()
    const raw = storeAgain('lmdb', { location: path } as SyncStore)
    setCount(raw, 2 ** 32 - 100)
    raw.close()
    {
      using dict = open(path, { cipher, durability: 'sync' })
      expect(() => dict.set('key', 1)).toThrow(KeyExhaustedError)
      expect(dict.get('key')).toBeUndefined()
    }
    using dict = open(path, { cipher: aesGcm({ keys: [OTHER, KEY] }), durability: 'sync' })
    dict.set('key', 1)
    await dict.rotateKeys()
    expect(dict.get('key')).toBe(1)
  })

  test('is not counted for a committing cipher, which has no limit', () => {
    const store = memoryStore()
    const committing = aesGcm({ keys: [KEY], committing: true })
    openedOver(store, { cipher: committing }).set('key', 1).flushSync()
    const names = store.scan(META, {}, 100).map(({ key }) => Buffer.from(key).toString())
    expect(names.some((name) => name.startsWith('messages'))).toBe(false)
  })
})

describe.each(STORE_KINDS)('ranges of hidden keys, on %s', (kind) => {
  test('keys() is what it is on a plain dict, whatever the range', () => {
    const keys = ['', 'a', 'ab', 'abc', 'b', 'ba', 'é', '\u{1f600}', '\uffff', 'a'.repeat(600), 'z']
    const hidden = opened<Record<string, number>>(kind, { cipher: testCipher() })
    const plain = opened<Record<string, number>>(kind)
    for (const dict of [hidden, plain]) for (const [at, key] of keys.entries()) dict.set(key, at)
    const bounds = [undefined, 'a', 'ab', 'ac', 'é', '\u{10000}']
    for (const prefix of [undefined, 'a', 'ab', '', 'x']) {
      for (const low of bounds) {
        for (const reverse of [false, true]) {
          for (const order of ['key', 'insertion'] as const) {
            for (const range of [
              { prefix, gt: low, reverse, order },
              { prefix, gte: low, lt: 'b', reverse, order },
              { prefix, lte: low, limit: 3, reverse, order },
            ]) {
              const what = JSON.stringify(range)
              expect([...hidden.keys(range)], what).toEqual([...plain.keys(range)])
              expect([...hidden.entries(range)], what).toEqual([...plain.entries(range)])
            }
          }
        }
      }
    }
    expect(Object.keys(hidden.object)).toEqual(Object.keys(plain.object))
  })

  test('clear() of one namespace leaves the others, and size is right', () => {
    const dict = opened(kind, { cipher: aesGcm({ keys: [KEY] }) })
    const [a, b] = [dict.namespace('a'), dict.namespace('b')]
    for (const place of [dict, a, b]) place.setMany({ x: 1, y: 2 })
    a.clear()
    expect([dict.size, a.size, b.size]).toEqual([2, 0, 2])
    expect(b.get('x')).toBe(1)
    expect(dict.sweep()).toBe(0)
  })
})

test('40 hidden keys at a digest of one byte are all right', () => {
  const dict = opened<Record<string, number>>('lmdb', { cipher: testCipher(), digestBytes: 1 })
  for (let at = 0; at < 600; at++) dict.set(`key ${at}`, at)
  dict.flushSync()
  dict.clearCache()
  for (let at = 0; at < 600; at++) expect(dict.get(`key ${at}`)).toBe(at)
  for (let at = 0; at < 600; at += 2) expect(dict.delete(`key ${at}`)).toBe(true)
  dict.flushSync()
  expect(dict.size).toBe(300)
  for (let at = 0; at < 600; at++) expect(dict.get(`key ${at}`)).toBe(at % 2 ? at : undefined)
})

test.each(STORE_KINDS)(
  'what is built on records works on an encrypted dict, on %s',
  async (kind) => {
    const dict = opened<Record<string, unknown>>(kind, { cipher: aesGcm({ keys: [KEY] }) })
    const events: unknown[] = []
    dict.on('delete', ({ key, value }) => void events.push([key, value]))
    dict.set('gone', 'value').flushSync()
    dict.delete('gone')
    dict.setMany({ a: 1, b: 2 }, { tags: ['t'] }).flushSync()
    await dict.flush()
    await new Promise((resolve) => setImmediate(resolve))
    expect(events).toEqual([['gone', 'value']])
    dict.invalidateTag('t')
    expect([dict.get('a'), dict.size]).toEqual([undefined, 0])
    expect(await dict.getOrSet('computed', async () => ({ deep: [1] }))).toEqual({ deep: [1] })
    dict.set('kept', 1)
    expect(dict.increment('kept')).toBe(2)
    expect((await dict.verify()).findings).toBe(0)
    const view = dict.object as Record<string, { list: number[] }>
    view.live = { list: [] }
    view.live.list.push(5)
    expect(dict.get('live')).toEqual({ list: [5] })
    expect([...dict.keys()]).toEqual(['computed', 'kept', 'live'])
  },
)
