/** The settings of synchronous stores, and what each changes. */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect } from 'vitest'
import type { StoreConfig } from '../../src/config/store-config.js'
import { MissingPackageError, PathError } from '../../src/errors/open-errors.js'
import { StoreBusyError, StoreFullError } from '../../src/errors/store-errors.js'
import { lockedBy } from '../store/gate-by-hand.js'
import { SQLITE_DRIVERS } from '../store/sqlite-drivers.js'
import {
  filesReadBy,
  inside,
  onNetworkFileSystem,
  type Proof,
  thrownBy,
  withDict,
} from './proofs.js'

type Placed = 'lmdb' | 'file' | 'sqlite'

const kindOf = (store: StoreConfig | string) => withDict({ store }, (dict) => dict.stats().store)

/** What the stores that have a path have in common. */
function placed(kind: Placed): Record<string, Proof> {
  return {
    [`${kind}.kind`]: () => expect(kindOf({ kind, path: inside('store') })).toBe(kind),
    [`${kind}.path`]: () => {
      const path = inside('here')
      withDict({ store: { kind, path } }, () => expect(existsSync(path)).toBe(true))
    },
    [`${kind}.allowNetworkFileSystem`]: () => {
      const opening = (allowNetworkFileSystem: boolean) => () =>
        kindOf({ kind, path: inside('store'), allowNetworkFileSystem })
      onNetworkFileSystem(() => {
        expect(opening(false)).toThrow(PathError)
        expect(opening(true)()).toBe(kind)
      })
    },
  }
}

/** What stores that have a gate wait for. The usual half a minute would be beyond the time of a test. */
function busyTimeout(kind: 'lmdb' | 'file'): Record<string, Proof> {
  return {
    [`${kind}.busyTimeoutMs`]: () => {
      const path = inside('store')
      const store = { kind, path, busyTimeoutMs: 1 } as const
      withDict({ store, durability: 'commit' }, (dict) => {
        lockedBy(process.ppid, path, () => expect(() => dict.set('a', 1)).toThrow(StoreBusyError))
      })
    },
  }
}

export const STORE_PROOFS: Readonly<Record<string, Proof>> = {
  ...placed('lmdb'),
  ...placed('file'),
  ...placed('sqlite'),
  store: () => {
    expect(kindOf('memory:')).toBe('memory')
    expect(kindOf(`sqlite:${inside('store')}`)).toBe('sqlite')
  },
  'memory.kind': () => expect(kindOf({ kind: 'memory' })).toBe('memory'),
  'lmdb.mapSizeBytes': () => {
    const store = { kind: 'lmdb', path: inside('store'), mapSizeBytes: 2 ** 30 } as const
    withDict({ store }, (dict) => expect(dict.stats().engine.mapSizeBytes).toBe(2 ** 30))
  },
  'lmdb.maxSizeBytes': () => {
    const filling = (maxSizeBytes?: number) =>
      withDict(
        { store: { kind: 'lmdb', path: inside('store'), maxSizeBytes }, durability: 'commit' },
        (dict) => thrownBy(() => dict.set('a', 'x'.repeat(2 ** 18))),
      )
    expect(filling(2 ** 16)).toBeInstanceOf(StoreFullError)
    expect(filling()).toBeUndefined()
  },
  'lmdb.maxReaders': () => {
    // Each reader has a slot of 64 bytes in the lock file.
    const lockBytes = (maxReaders: number) => {
      const path = inside('store')
      return withDict({ store: { kind: 'lmdb', path, maxReaders } }, () =>
        readdirSync(path, { encoding: 'utf8', recursive: true })
          .filter((name) => name.endsWith('lock.mdb'))
          .map((name) => statSync(join(path, name)).size)
          .reduce((most, size) => Math.max(most, size), 0),
      )
    }
    expect(lockBytes(5_000)).toBeGreaterThan(lockBytes(10) + 200_000)
  },
  'lmdb.changeClock': () => {
    const reads = (changeClock: 'mapped' | 'asked') =>
      filesReadBy(() => kindOf({ kind: 'lmdb', path: inside('store'), changeClock }))
    // The gate looks for its own words there, whatever the clock.
    const looks = (clock: 'mapped' | 'asked') =>
      reads(clock).filter((file) => file === '/proc/self/maps').length
    if (process.platform === 'linux') expect(looks('mapped')).toBe(looks('asked') + 1)
  },
  ...busyTimeout('lmdb'),
  ...busyTimeout('file'),
  'sqlite.driver': () => {
    const path = inside('store')
    const opening = () => kindOf({ kind: 'sqlite', path, driver: 'node' })
    if (!SQLITE_DRIVERS.includes('node')) expect(opening).toThrow(MissingPackageError)
    else expect(opening()).toBe('sqlite')
    kindOf({ kind: 'sqlite', path: inside('other'), driver: 'better-sqlite3' })
    const loaded = Object.keys(createRequire(import.meta.url).cache)
    expect(loaded.some((file) => file.includes('better-sqlite3'))).toBe(true)
  },
  'sqlite.busyTimeoutMs': () => {
    const path = inside('store')
    const store = { kind: 'sqlite', path, driver: 'better-sqlite3', busyTimeoutMs: 1 } as const
    // The usual minute would be beyond the time of a test.
    withDict({ store, durability: 'commit' }, (dict) => {
      const other = new Database(path)
      other.exec('BEGIN IMMEDIATE')
      expect(() => dict.set('a', 1)).toThrow(StoreBusyError)
      other.exec('ROLLBACK')
      other.close()
    })
  },
}
