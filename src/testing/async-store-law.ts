/** What the contract suite of asynchronous stores is made of: laws that need no test runner. */
import assert from 'node:assert/strict'
import { MessageChannel } from 'node:worker_threads'
import { systemClock } from '../clock.js'
import type { AsyncStore, Batch, RowCheck, RowOperation } from '../store/async-store.js'
import { shown } from './store-law.js'

/** One law of AsyncStore. Its title is a sentence, ready to name a test. */
export interface AsyncStoreLaw {
  /** A sentence that says what holds: a name for a test. */
  readonly title: string
  /**
   * Rejects with an AssertionError where the law is broken. `makeStore` makes a store that is empty
   * and apart from all others; the law closes each store that it made.
   */
  check(makeStore: MakeAsyncStore): Promise<void>
}

/** Makes a store that is empty and apart from all others. */
export type MakeAsyncStore = () => AsyncStore | Promise<AsyncStore>

/** A law about one store. */
export function asyncLaw(
  title: string,
  check: (store: AsyncStore) => Promise<void>,
): AsyncStoreLaw {
  return {
    title,
    async check(makeStore) {
      const store = await makeStore()
      try {
        await check(store)
      } finally {
        await store.close()
      }
    },
  }
}

/** A time far ahead: no row of the laws is dropped while they run. */
export const LATER = systemClock.now() + 86_400_000

/** The operation that puts a row; `deadline` is 0 for none. */
export function putting(
  bucket: string,
  key: Uint8Array,
  record: Uint8Array,
  deadline = 0,
): RowOperation {
  return { kind: 'put', bucket, key, record, deadline }
}

export function deleting(bucket: string, key: Uint8Array): RowOperation {
  return { kind: 'delete', bucket, key }
}

/** The check that a record begins with these bytes, or that there is none. */
export function checking(
  bucket: string,
  key: Uint8Array,
  starts: Uint8Array | undefined,
): RowCheck {
  return { bucket, key, starts }
}

/** Commits operations that rely on nothing. */
export async function apply(store: AsyncStore, ...operations: RowOperation[]): Promise<void> {
  assert.equal(await store.commit(batch([], operations)), true)
}

export function batch(checks: RowCheck[], operations: RowOperation[]): Batch {
  return { promise: 'committed', checks, operations }
}

/** The keys of a bucket, all in one scan of up to 10,000. */
export async function keysOf(store: AsyncStore, bucket: string): Promise<string[]> {
  return (await store.scan(bucket, {}, 10_000)).map((row) => shown(row.key))
}

/** How long anything that comes soon may take on a busy machine. */
const SOON_MS = 10_000

/** Resolves when `condition` holds; fails if that takes too long. */
export async function soon(condition: () => boolean, what: string): Promise<void> {
  const start = systemClock.monotonic()
  while (!condition()) {
    assert.ok(systemClock.monotonic() - start < SOON_MS, `${what} did not come soon`)
    await new Promise<void>((resolve) => keptAlive(resolve))
  }
}

/** The library's own timers keep no process alive; a test that waits must. */
function keptAlive(resolve: () => void): void {
  const { port1, port2 } = new MessageChannel()
  port1.once('message', () => {
    port1.close()
    resolve()
  })
  systemClock.after(1, () => port2.postMessage(undefined))
}
