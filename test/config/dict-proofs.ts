/** The settings of the dict itself, and what each changes. */
import { randomBytes } from 'node:crypto'
import { expect } from 'vitest'
import type { ConfigInput } from '../../src/config/check-config.js'
import { ROWS } from '../../src/engine/row.js'
import { CapacityError } from '../../src/errors/capacity-error.js'
import { ConflictError } from '../../src/errors/conflict-error.js'
import { IntegrityError } from '../../src/errors/integrity-error.js'
import { TooManyKeysError } from '../../src/errors/key-errors.js'
import { FormatMismatchError } from '../../src/errors/open-errors.js'
import { ValueTooLongError } from '../../src/errors/value-errors.js'
import { open } from '../../src/open/open.js'
import { lmdbStore } from '../../src/store/lmdb/open-lmdb.js'
import { FakeClock } from '../fake-clock.js'
import { asOtherProcess } from '../other-process.js'
import { type AnyDict, inside, type Proof, statsWith, thrownBy, withDict } from './proofs.js'

/** Compresses, and more so the harder one tries. */
const TEXT = Array.from({ length: 2_000 }, (_, at) => `${at ** 2 % 1_009} is a number`).join(' ')

const sizeOfText = (config: ConfigInput) =>
  statsWith(config, (dict) => dict.set('a', TEXT)).sizeBytes

const fill = (dict: AnyDict, value: unknown = 1) => {
  for (let at = 0; at < 20; at++) dict.set(`key ${at}`, value)
}

/** How many of 20 entries stay. */
const staying = (config: ConfigInput, value?: unknown) =>
  withDict(config, (dict) => {
    const within = config.namespaces === undefined ? dict : dict.namespace('n')
    fill(within as AnyDict, value)
    dict.flushSync()
    return within.size
  })

/** A store that was made with a setting of its format says so when it is opened without. */
const isFormat = (setting: 'keySizeLimit' | 'digestBytes', value: number) => () => {
  const store = `sqlite:${inside('store')}`
  withDict({ store, [setting]: value }, (dict) => dict.set('a', 1))
  const error = thrownBy(() => withDict({ store }, () => {}))
  expect(error).toBeInstanceOf(FormatMismatchError)
  expect(error).toMatchObject({ setting, stored: value })
}

/** Bytes of a store in which an entry has expired and another one was set since. */
const sizeAfterExpiry = (background: boolean | 'disabled') => {
  const clock = new FakeClock()
  const use = (dict: AnyDict) => {
    dict.set('a', TEXT, { ttl: 1_000 })
    dict.flushSync()
    clock.advance(2_000)
    dict.set('b', 1)
    dict.flushSync()
    return dict.stats().sizeBytes
  }
  return withDict({ background }, use, { clock })
}

/** What is thrown by changing a live value that another process has changed. */
const conflictWith = (onConflict: 'throw' | 'overwrite') => {
  const path = inside('store')
  return withDict({ store: path, onConflict }, (dict) => {
    dict.set('a', { n: 1 })
    dict.flushSync()
    const live = dict.object.a as { n: number }
    const store = lmdbStore(path)
    const other = open<Record<string, unknown>>(asOtherProcess(store))
    other.set('a', { n: 2 })
    other.close()
    store.close()
    return thrownBy(() => {
      live.n = 3
    })
  })
}

/** What opening a store with a row that is no record throws. */
const checking = (check: 'blocking' | 'off') => {
  const path = inside('store')
  withDict({ store: path }, (dict) => dict.set('a', 1))
  const store = lmdbStore(path)
  const junk = Buffer.from('junk')
  store.transaction('committed', (tx) => tx.put(ROWS, junk, junk, 0))
  store.close()
  return thrownBy(() => withDict({ store: path, check }, () => {}))
}

const cachedWith = (cache: ConfigInput['cache']) =>
  statsWith({ cache }, (dict) => {
    dict.set('a', 1)
    dict.flushSync()
    dict.get('a')
  }).cache.entries

export const DICT_PROOFS: Readonly<Record<string, Proof>> = {
  preset: () => withDict({ preset: 'bucketed' }, (dict) => expect(dict.path).toEqual(['main'])),
  namespace: () => withDict({ namespace: 'a' }, (dict) => expect(dict.path).toEqual(['a'])),
  'namespace[]': () =>
    withDict({ namespace: ['a', 'b'] }, (dict) => expect(dict.path).toEqual(['a', 'b'])),
  serializer: () => {
    const bytes = (serializer: 'json' | 'msgpack') =>
      withDict({ serializer }, (dict) => {
        dict.set('a', 1_000_000)
        return dict.getEntry('a')?.sizeBytes
      })
    expect(bytes('json')).not.toBe(bytes('msgpack'))
  },
  compress: () =>
    expect(sizeOfText({ compress: 'gzip' })).toBeLessThan(sizeOfText({ compress: 'none' })),
  'compress.use': () =>
    expect(sizeOfText({ compress: { use: 'gzip' } })).toBeLessThan(
      sizeOfText({ compress: { use: 'none' } }),
    ),
  'compress.thresholdBytes': () =>
    expect(sizeOfText({ compress: { use: 'gzip', thresholdBytes: 2 ** 20 } })).toBe(sizeOfText({})),
  'compress.level': () =>
    expect(sizeOfText({ compress: { use: 'gzip', level: 9 } })).toBeLessThan(
      sizeOfText({ compress: { use: 'gzip', level: 1 } }),
    ),
  maxValueBytes: () =>
    withDict({ maxValueBytes: 10 }, (dict) =>
      expect(() => dict.set('a', TEXT)).toThrow(ValueTooLongError),
    ),
  durability: () => {
    const pending = (durability: ConfigInput['durability']) =>
      withDict({ durability }, (dict) => {
        dict.set('a', 1)
        return dict.stats().pendingWrites
      })
    expect(pending('batched')).toBe(1)
    expect(pending('sync')).toBe(0)
  },
  values: () => {
    const isFrozen = (values: 'copy' | 'frozen') =>
      withDict({ values, initial: { a: { n: 1 } } }, (dict) => Object.isFrozen(dict.get('a')))
    expect([isFrozen('frozen'), isFrozen('copy')]).toEqual([true, false])
  },
  onConflict: () => {
    expect(conflictWith('throw')).toBeInstanceOf(ConflictError)
    expect(conflictWith('overwrite')).toBeUndefined()
  },
  ttl: () =>
    withDict({ ttl: '1h', initial: { a: 1 } }, (dict) =>
      expect(dict.ttl('a')).toBeLessThanOrEqual(3_600_000),
    ),
  maxIdle: () =>
    withDict({ maxIdle: '1h', initial: { a: 1 } }, (dict) =>
      expect(dict.getEntry('a')?.accessedAt).toBeGreaterThan(0),
    ),
  maxAge: () =>
    withDict({ maxAge: '1h' }, (dict) => {
      dict.set('a', 1, { ttl: '1d' })
      expect(dict.ttl('a')).toBeLessThanOrEqual(3_600_000)
    }),
  initial: () => withDict({ initial: { a: 1 } }, (dict) => expect(dict.get('a')).toBe(1)),
  'cache.maxEntries': () => {
    expect(cachedWith({ maxEntries: 0 })).toBe(0)
    expect(cachedWith({})).toBe(1)
  },
  'cache.maxBytes': () => expect(cachedWith({ maxBytes: 0 })).toBe(0),
  keySizeLimit: isFormat('keySizeLimit', 100),
  digestBytes: isFormat('digestBytes', 16),
  background: () =>
    expect(sizeAfterExpiry(false)).toBeLessThan(sizeAfterExpiry('disabled') - TEXT.length / 2),
  flushOnSignals: () => {
    const before = process.listenerCount('SIGTERM')
    withDict({ flushOnSignals: true }, () =>
      expect(process.listenerCount('SIGTERM')).toBe(before + 1),
    )
  },
  maxKeys: () =>
    withDict({ maxKeys: 1, initial: { a: 1, b: 2 } }, (dict) =>
      expect(() => Object.keys(dict.object)).toThrow(TooManyKeysError),
    ),
  maxEntries: () => {
    expect(staying({})).toBe(20)
    expect(staying({ maxEntries: 5 })).toBeLessThan(20)
  },
  maxBytes: () => expect(staying({ maxBytes: 2 ** 16 }, randomBytes(10_000))).toBeLessThan(20),
  eviction: () =>
    expect(() => staying({ maxEntries: 5, eviction: 'none', durability: 'sync' })).toThrow(
      CapacityError,
    ),
  'namespaces.*.maxEntries': () =>
    expect(staying({ namespaces: { n: { maxEntries: 5 } } })).toBeLessThan(20),
  'namespaces.*.maxBytes': () =>
    expect(staying({ namespaces: { n: { maxBytes: 2 ** 16 } } }, randomBytes(10_000))).toBeLessThan(
      20,
    ),
  'namespaces.*.eviction': () =>
    expect(() =>
      staying({ namespaces: { n: { maxEntries: 5, eviction: 'none' } }, durability: 'sync' }),
    ).toThrow(CapacityError),
  check: () => {
    expect(checking('blocking')).toBeInstanceOf(IntegrityError)
    expect(checking('off')).toBeUndefined()
  },
}
