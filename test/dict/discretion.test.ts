/** No key and no value of an encrypted dict is in any error or warning, unless debugKeys asks. */
import { inspect } from 'node:util'
import { afterEach, describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { crc32 } from '../../src/codec/crc32.js'
import { ROWS } from '../../src/engine/row.js'
import {
  type AsyncOpenOptions,
  type AsyncPersistDict,
  aesGcm,
  copy,
  type OpenOptions,
  open,
  openAsync,
  openTyped,
  type PersistDict,
  type Serializer,
} from '../../src/index.js'
import { asyncMemoryStore } from '../../src/store/async-memory.js'
import type { AsyncStore } from '../../src/store/async-store.js'
import { memoryStore } from '../../src/store/memory.js'
import { changed } from './async-places.js'

const cipher = () => aesGcm({ keys: [Buffer.alloc(32, 1)] })

const KEY = 'SecretKey'
const CANARIES = /SecretKey|SecretValue|SecretPart|SecretSpace/

const dicts: PersistDict[] = []
afterEach(() => {
  for (const dict of dicts.splice(0)) dict.close()
})

type Options = OpenOptions<Record<string, unknown>, string>
type AsyncOptions = AsyncOpenOptions<Record<string, unknown>, string>

function opened(options: Options, store = memoryStore()): PersistDict {
  const dict = open(store, options)
  dicts.push(dict)
  return dict
}

/** All that a log could show of an error: message, fields, causes, stack. */
function printed(error: unknown): string {
  return inspect(error, { depth: 10, showHidden: true }) + JSON.stringify(error) + String(error)
}

async function thrownBy(call: () => unknown): Promise<unknown> {
  try {
    await call()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

const failing: Serializer = {
  id: 'failing',
  serialize() {
    throw new Error('cannot take SecretValue')
  },
  deserialize: () => 1,
}

/** Each makes an error of a dict that was opened with these options. */
const PROVOCATIONS: Readonly<Record<string, (options: Options) => unknown>> = {
  UnpersistableValueError: (options) =>
    opened(options).set(KEY, { SecretPart: () => 'SecretValue' }),
  'UnpersistableValueError of undefined': (options) => opened(options).set(KEY, undefined),
  'UnpersistableValueError of a serializer': (options) =>
    opened({ ...options, serializer: failing }).set(KEY, 'SecretValue'),
  'UnpersistableValueError of a live value': (options) => {
    const dict = opened(options)
    dict.set(KEY, { SecretPart: {} })
    const view = dict.object as Record<string, { SecretPart: Record<string, unknown> }>
    const part = view[KEY]?.SecretPart as Record<string, unknown>
    part.SecretPart = () => 'SecretValue'
  },
  ValueTooLongError: (options) =>
    opened({ ...options, maxValueBytes: 10 }).set(KEY, 'SecretValue SecretValue'),
  InvalidValueError: (options) => {
    const schema = z.object({ SecretPart: z.enum(['SecretValue']) })
    opened({ ...options, schema }).set(KEY, { SecretPart: 'x' })
  },
  NotANumberError: (options) => {
    const dict = opened(options)
    dict.set(KEY, 'SecretValue')
    dict.increment(KEY)
  },
  'KeyError of a key that is no string': (options) =>
    opened(options).get({ SecretPart: 'SecretKey' } as never),
  'KeyError of a key serializer': (options) => {
    const keySerializer = { id: 'k', serialize: () => 5 as never, deserialize: String }
    opened({ ...options, keySerializer }).get(KEY)
  },
  'KeyError of openTyped()': (options) => {
    const { cipher, debugKeys } = options
    const dict = openTyped(memoryStore(), { SecretPart: z.number() }, { cipher, debugKeys })
    try {
      dict.set(KEY as never, 1 as never)
    } finally {
      dict.close()
    }
  },
  ConflictError: (options) => {
    const store = memoryStore()
    const dict = opened({ ...options, onConflict: 'throw' }, store)
    dict.set(KEY, { list: ['SecretValue'] }).flushSync()
    const [before] = store.scan(ROWS, {}, 1)
    dict.set(KEY, { list: [] }).flushSync()
    const view = dict.object as Record<string, { list: string[] }>
    const value = view[KEY] as { list: string[] }
    // As another process would, that sets the key meanwhile.
    store.transaction('committed', (tx) => {
      if (before !== undefined) tx.put(ROWS, before.key, before.record, 0)
    })
    value.list.push('a')
  },
  'UnreadableRecordError of a payload': (options) => {
    const store = memoryStore()
    const mine: Serializer = {
      id: 'mine',
      serialize: (value) => Buffer.from(String(value)),
      deserialize(bytes) {
        throw new Error(`cannot read ${Buffer.from(bytes)}`)
      },
    }
    const dict = opened({ ...options, serializer: mine }, store)
    dict.set(KEY, 'SecretValue').flushSync()
    dict.get(KEY)
  },
  'UnreadableRecordError of a damaged record': (options) => {
    const dict = tamperedDict(options, false)
    dict.get(KEY)
  },
  'DecryptError, or a wrong checksum, of a scan': (options) => {
    for (const _ of tamperedDict(options, true).entries());
  },
  'DecryptError, or a wrong payload': (options) => tamperedDict(options, true).get(KEY),
  TypeError: (options) =>
    Object.defineProperty(opened(options).object, KEY, { get: () => 'SecretValue' }),
  'TypeError of a live value': (options) => {
    const dict = opened(options)
    dict.set(KEY, { a: 1 })
    const view = dict.object as Record<string, object>
    Object.defineProperty(view[KEY] as object, 'SecretPart', { get: () => 'SecretValue' })
  },
  LockTimeoutError: async (options) => {
    const dict = opened(options)
    await dict.lock(KEY)
    await dict.lock(KEY, { timeout: 10 })
  },
  ComputeTimeoutError: async (options) => {
    const dict = opened(options)
    const forever = new Promise(() => {})
    await dict.getOrSet(KEY, () => forever as Promise<string>, { timeout: 10 } as never)
  },
  CapacityError: (options) => {
    const limits = { SecretSpace: { maxEntries: 1, eviction: 'none' as const } }
    const dict = opened({ ...options, namespaces: limits })
    const inner = dict.namespace('SecretSpace')
    inner.setMany({ one: 1, two: 2 }).flushSync()
  },
  'CopyError of what was copied from it': async (options) => {
    const from = opened(options)
    from.namespace('SecretSpace').set(KEY, 'SecretValue').flushSync()
    await copy(from, opened({ maxAge: '1h' }))
  },
  'CopyError of what was copied to it': async (options) => {
    const from = opened({})
    from.namespace('SecretSpace').set(KEY, 'SecretValue').flushSync()
    await copy(from, opened({ ...options, maxAge: '1h' }))
  },
  'KeyError of a namespace': (options) =>
    opened(options).namespace({ SecretPart: 'SecretKey' } as never),
  TransactionError: (options) =>
    opened(options).transaction(() => Promise.resolve('SecretValue') as never),
  RangeError: (options) => opened(options).set(KEY, 'SecretValue', { ttl: -1 }),
  ClosedError: (options) => {
    const dict = opened(options)
    dict.close()
    dict.get(KEY)
  },
}

/** The same of an asynchronous dict, over a store that is none of ours. */
const ASYNC_PROVOCATIONS: Readonly<
  Record<string, (options: AsyncOptions, store: AsyncStore) => Promise<unknown>>
> = {
  UnpersistableValueError: async (options, store) =>
    (await openedOver(store, options)).set(KEY, { SecretPart: () => 'SecretValue' }),
  NotANumberError: async (options, store) => {
    const dict = await openedOver(store, options)
    await dict.set(KEY, 'SecretValue')
    return dict.increment(KEY)
  },
  'DecryptError, or a wrong payload': async (options, store) => {
    const dict = await openedOver(store, options)
    await dict.set(KEY, { SecretPart: 'SecretValue' })
    await tamper(store)
    dict.clearCache()
    return dict.get(KEY)
  },
  'the same, of a scan': async (options, store) => {
    const dict = await openedOver(store, options)
    await dict.set(KEY, { SecretPart: 'SecretValue' })
    await tamper(store)
    for await (const _ of dict.entries());
  },
  LockTimeoutError: async (options, store) => {
    const dict = await openedOver(store, options)
    await dict.lock(KEY)
    return dict.lock(KEY, { timeout: 10 })
  },
  ComputeTimeoutError: async (options, store) => {
    const dict = await openedOver(store, options)
    const forever = new Promise<string>(() => {})
    return dict.getOrSet(KEY, () => forever, { timeout: 10 })
  },
  ContentionError: async (options, store) => {
    // Somebody else is faster each time.
    const busy = changed(store, {
      commit: async (batch) =>
        batch.operations.some(({ bucket }) => bucket === ROWS) ? false : store.commit(batch),
    })
    return (await openedOver(busy, options)).set(KEY, 'SecretValue')
  },
  'StoreError of a damaged list of namespaces': async (options, store) => {
    const dict = await openedOver(store, options)
    await dict.namespace('SecretSpace').set(KEY, 'SecretValue')
    const [row] = await store.scan('namespaces', {}, 1)
    const operations = [
      { kind: 'put', bucket: 'namespaces', deadline: 0, ...row, record: Buffer.from('?') },
    ] as never
    await store.commit({ promise: 'committed', checks: [], operations })
    for await (const _ of dict.namespaces());
  },
  'KeyError of keys with one digest': async (options, store) => {
    const apart = changed(store, { atomicity: 'key' })
    const dict = await openedOver(apart, { ...options, digestBytes: 1, keySizeLimit: 6 })
    for (let at = 0; at < 300; at++) await dict.set(`${KEY} ${at}`, 'SecretValue')
  },
  CopyError: async (options, store) => {
    const from = await openedOver(store, options)
    await from.namespace('SecretSpace').set(KEY, 'SecretValue')
    return copy(from, opened({ maxAge: '1h' }))
  },
  'KeyError of a namespace': async (options, store) =>
    (await openedOver(store, options)).namespace({ SecretPart: 'SecretKey' } as never),
}

async function openedOver(store: AsyncStore, options: AsyncOptions): Promise<AsyncPersistDict> {
  const dict = await openAsync(store, options)
  onTestFinished(() => dict.close())
  return dict
}

/** Changes the last byte but 20 of every record. */
async function tamper(store: AsyncStore): Promise<void> {
  for (const { key, record } of await store.scan(ROWS, {}, 10)) {
    const bytes = Buffer.from(record)
    bytes[bytes.length - 20] = (bytes[bytes.length - 20] as number) ^ 0xff
    bytes.writeUInt32LE(crc32(bytes, 4, bytes.length, crc32(key, 0, key.length, 0)))
    const operations = [{ kind: 'put', bucket: ROWS, key, record: bytes, deadline: 0 }] as const
    await store.commit({ promise: 'committed', checks: [], operations })
  }
}

describe.each(Object.keys(ASYNC_PROVOCATIONS))('%s of an asynchronous dict', (name) => {
  const provoke = ASYNC_PROVOCATIONS[name] as (typeof ASYNC_PROVOCATIONS)[string]

  test('tells no key and no value of an encrypted dict', async () => {
    const error = await thrownBy(() => provoke({ cipher: cipher() }, asyncMemoryStore()))
    expect(printed(error).replaceAll(/^ +at .*$/gm, '')).not.toMatch(CANARIES)
  })
})

test('debugKeys: true brings keys back to errors of asynchronous dicts', async () => {
  for (const name of ['ContentionError', 'CopyError', 'LockTimeoutError', 'NotANumberError']) {
    const options = { cipher: cipher(), debugKeys: true }
    const error = await thrownBy(() => ASYNC_PROVOCATIONS[name]?.(options, asyncMemoryStore()))
    expect(String(error), name).toContain(KEY)
  }
})

function tamperedDict(options: Options, mend: boolean): PersistDict {
  const store = memoryStore()
  const dict = opened(options, store)
  dict.set(KEY, { SecretPart: 'SecretValue' }).flushSync()
  const [row] = store.scan(ROWS, {}, 1)
  if (row === undefined) throw new Error('there is no row')
  const bytes = Buffer.from(row.record)
  bytes[bytes.length - 20] = (bytes[bytes.length - 20] as number) ^ 0xff
  const sum = crc32(bytes, 4, bytes.length, crc32(row.key, 0, row.key.length, 0))
  if (mend) bytes.writeUInt32LE(sum)
  store.transaction('committed', (tx) => tx.put(ROWS, row.key, bytes, 0))
  dict.clearCache()
  return dict
}

describe.each(Object.keys(PROVOCATIONS))('%s', (name) => {
  const provoke = PROVOCATIONS[name] as (options: Options) => unknown

  test('tells no key and no value of an encrypted dict', async () => {
    const error = await thrownBy(() => provoke({ cipher: cipher() }))
    // Where the test itself stands is in the stack, and no secret.
    expect(printed(error).replaceAll(/^ +at .*$/gm, '')).not.toMatch(CANARIES)
  })
})

test('debugKeys: true brings keys and paths back', async () => {
  const options = { cipher: cipher(), debugKeys: true }
  for (const name of [
    'UnpersistableValueError',
    'NotANumberError',
    'LockTimeoutError',
    'CopyError of what was copied to it',
  ]) {
    const error = await thrownBy(() => PROVOCATIONS[name]?.(options))
    expect(String(error)).toContain(KEY)
  }
})

test('a plain dict names keys, which shows that these provocations would tell', async () => {
  let told = 0
  for (const name of Object.keys(PROVOCATIONS)) {
    const error = await thrownBy(() => PROVOCATIONS[name]?.({})).catch(() => undefined)
    if (CANARIES.test(printed(error).replaceAll(/^ +at .*$/gm, ''))) told++
  }
  expect(told).toBeGreaterThan(12)
})

test('one key has one name in all messages, and another key another', async () => {
  const names = new Set<string>()
  for (const key of ['a', 'a', 'b']) {
    const dict = opened({ cipher: cipher() }, memoryStore())
    dict.set(key, 'text')
    const error = await thrownBy(() => dict.increment(key))
    names.add(/hidden:[0-9a-f]{8}/.exec(String(error))?.[0] ?? 'none')
  }
  // Each store has a key of names of its own.
  expect(names.size).toBe(3)
  const dict = opened({ cipher: cipher() })
  dict.setMany({ a: 'text', b: 'text' })
  const message = async (key: string) => String(await thrownBy(() => dict.increment(key)))
  expect(await message('a')).toBe(await message('a'))
  expect(await message('a')).not.toBe(await message('b'))
})
