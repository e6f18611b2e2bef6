/** Dicts for tests, on every store that needs no server. */
import { onTestFinished } from 'vitest'
import type { KeyOf } from '../../src/dict/face.js'
import type { PersistDict } from '../../src/dict/persist-dict.js'
import { fileStore } from '../../src/file.js'
import { open } from '../../src/open/open.js'
import type { OpenOptions } from '../../src/open/open-options.js'
import { sqliteStore } from '../../src/sqlite.js'
import { lmdbStore } from '../../src/store/lmdb/open-lmdb.js'
import { memoryStore } from '../../src/store/memory.js'
import type { SyncStore } from '../../src/store/sync-store.js'
import { tempDirectory } from '../processes/temp-directory.js'

export const STORE_KINDS = ['memory', 'lmdb', 'sqlite', 'file'] as const

export type StoreKind = (typeof STORE_KINDS)[number]

const MAKERS: { readonly [K in StoreKind]: () => SyncStore } = {
  memory: memoryStore,
  lmdb: () => lmdbStore(`${tempDirectory()}/dict`),
  sqlite: () => sqliteStore(`${tempDirectory()}/dict.db`),
  file: () => fileStore(`${tempDirectory()}/dict`),
}

/** A new store. Whoever opens a dict over it closes it with the dict. */
export function newStore(kind: StoreKind): SyncStore {
  return MAKERS[kind]()
}

/** The store that was closed, opened again. One in memory holds nothing then. */
export function storeAgain(kind: StoreKind, { location }: SyncStore): SyncStore {
  const makers = { memory: memoryStore, lmdb: lmdbStore, sqlite: sqliteStore, file: fileStore }
  return makers[kind](location)
}

/** A new dict, closed when the running test ends. */
export function opened<S extends object = Record<string, unknown>>(
  kind: StoreKind,
  options: OpenOptions<S, KeyOf<S>> = {},
): PersistDict<S> {
  const dict = open<S>(newStore(kind), options)
  onTestFinished(() => dict.close())
  return dict
}
