/** The stores that several processes share, by the name under which a worker is told of them. */
import { OURS } from '../harness/case.js'
import type { BenchRecord } from '../harness/data.js'
import type { Kind } from '../sides/kind.js'
import { lmdb, NO_SYNC } from '../sides/lmdb.js'
import { persistdict } from '../sides/persistdict.js'
import { sqlite } from '../sides/sqlite.js'

/** A kind whose type of store is nobody's business, and a way to write. */
export interface SharedKind {
  fill(folder: string, records: ReadonlyMap<string, BenchRecord>): Promise<void>
  open(folder: string): SharedStore
}

export interface SharedStore {
  get(key: string): BenchRecord | undefined
  set(key: string, value: BenchRecord): void
  /** Resolves when every process sees all that was set. */
  done(): unknown
  close(): unknown
}

export const KINDS: Readonly<Record<string, SharedKind>> = {
  [OURS]: shared(
    persistdict(),
    (dict, key, value) => dict.set(key, value),
    (dict) => dict.flush(),
  ),
  'better-sqlite3': shared(sqlite('NORMAL'), (store, key, value) => store.set(key, value)),
  lmdb: shared(lmdb(), (db, key, value) => db.put(key, value)),
  'lmdb, noSync': shared(lmdb(NO_SYNC), (db, key, value) => db.put(key, value)),
}

/** Without `done`, waiting for what the last `set` returned is enough. */
function shared<T>(
  kind: Kind<T>,
  set: (store: T, key: string, value: BenchRecord) => unknown,
  done?: (store: T) => unknown,
): SharedKind {
  return {
    async fill(folder, records) {
      const store = kind.open(folder)
      await kind.fill(store, records)
      await kind.settle(store)
      await kind.close(store)
    },
    open(folder) {
      const store = kind.open(folder)
      let last: unknown
      return {
        get: (key) => kind.read(store, key) as BenchRecord | undefined,
        set(key, value) {
          last = set(store, key, value)
        },
        done: () => (done === undefined ? last : done(store)),
        close: () => kind.close(store),
      }
    },
  }
}
