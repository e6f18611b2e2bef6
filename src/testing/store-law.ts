/** What the contract suites are made of: laws that need no test runner. */
import type { CommitPromise, SyncStore } from '../store/sync-store.js'

/** One law of SyncStore. Its title is a sentence, ready to name a test. */
export interface StoreLaw {
  /** A sentence that says what holds: a name for a test. */
  readonly title: string
  /**
   * Rejects with an AssertionError where the law is broken. `makeStore` makes a store that is empty and
   * apart from all others; the law closes each store that it made.
   */
  check(makeStore: () => SyncStore): Promise<void>
}

/** One law of stores that survive. */
export interface DurableStoreLaw {
  /** A sentence that says what holds: a name for a test. */
  readonly title: string
  /**
   * As StoreLaw. `reopen` opens once more what a store keeps, whether that store was closed or not.
   */
  check(makeStore: () => SyncStore, reopen: (store: SyncStore) => SyncStore): Promise<void>
}

/** A law about one store. What `check` returns is awaited. */
export function law(title: string, check: (store: SyncStore) => unknown): StoreLaw {
  return {
    title,
    async check(makeStore) {
      const store = makeStore()
      try {
        await check(store)
      } finally {
        store.close()
      }
    },
  }
}

/** A law about one store whose data is opened again. */
export function durableLaw(
  title: string,
  check: (store: SyncStore, reopened: () => SyncStore) => unknown,
): DurableStoreLaw {
  return {
    title,
    async check(makeStore, reopen) {
      const stores = [makeStore()]
      const [store] = stores as [SyncStore]
      try {
        await check(store, () => {
          const again = reopen(store)
          stores.push(again)
          return again
        })
      } finally {
        for (const each of stores) each.close()
      }
    },
  }
}

/** How the laws commit, unless a law is about that: they need no disk sync. */
export const COMMITTED: CommitPromise = 'committed'

/** Commits one row. */
export function putRow(
  store: SyncStore,
  bucket: string,
  key: Uint8Array,
  record: Uint8Array,
  deadline = 0,
): void {
  store.transaction(COMMITTED, (tx) => tx.put(bucket, key, record, deadline))
}

/** Commits the removal of one row; false if there was none. */
export function deleteRow(store: SyncStore, bucket: string, key: Uint8Array): boolean {
  return store.transaction(COMMITTED, (tx) => tx.delete(bucket, key))
}

/** The UTF-8 of a text. */
export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** Bytes as text that fits into a message, and in which equal bytes are equal. */
export function shown(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? 'nothing' : `0x${Buffer.from(bytes).toString('hex')}`
}
