/** No key and no value of an encrypted dict is in any error or warning, unless debugKeys asks. */
import { inspect } from 'node:util'
import { afterEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { crc32 } from '../../src/codec/crc32.js'
import { ROWS } from '../../src/engine/row.js'
import {
  aesGcm,
  type OpenOptions,
  open,
  openTyped,
  type PersistDict,
  type Serializer,
} from '../../src/index.js'
import { memoryStore } from '../../src/store/memory.js'

const cipher = () => aesGcm({ keys: [Buffer.alloc(32, 1)] })

const KEY = 'SecretKey'
const CANARIES = /SecretKey|SecretValue|SecretPart/

const dicts: PersistDict[] = []
afterEach(() => {
  for (const dict of dicts.splice(0)) dict.close()
})

type Options = OpenOptions<Record<string, unknown>, string>

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
  TransactionError: (options) =>
    opened(options).transaction(() => Promise.resolve('SecretValue') as never),
  RangeError: (options) => opened(options).set(KEY, 'SecretValue', { ttl: -1 }),
  ClosedError: (options) => {
    const dict = opened(options)
    dict.close()
    dict.get(KEY)
  },
}

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
  for (const name of ['UnpersistableValueError', 'NotANumberError', 'LockTimeoutError']) {
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
