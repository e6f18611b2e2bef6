/**
 * Times of use over a synchronous store, in a bucket of their own beside the rows:
 *
 *     used "bucket"    key → u48 milliseconds since 1970-01-01 UTC
 *
 * The deadlines of these rows are the very same times, so the store's deadline index is one of times.
 */
import { ByteReader, writeUint48 } from '../bytes.js'
import type { RowUse, RowUses } from './row-uses.js'
import type { StoreReader, StoreTransaction, SyncStore } from './sync-store.js'

const TIME_BYTES = 6

export class UsesOver implements RowUses {
  readonly #rows: SyncStore
  /** Commits, telling nobody. */
  readonly #commit: (work: (tx: StoreTransaction) => void) => void

  constructor(rows: SyncStore, commit: (work: (tx: StoreTransaction) => void) => void) {
    this.#rows = rows
    this.#commit = commit
  }

  async note(bucket: string, uses: readonly RowUse[], replaces = false): Promise<void> {
    this.#commit((tx) => {
      for (const { key, at } of uses) {
        const before = timeOf(tx, bucket, key)
        if (before !== undefined && (replaces ? before === at : before >= at)) continue
        const bytes = Buffer.alloc(TIME_BYTES)
        writeUint48(bytes, 0, at)
        tx.put(timesOf(bucket), key, bytes, at)
      }
    })
  }

  async unused(bucket: string, until: number, limit: number): Promise<RowUse[]> {
    const hints = this.#rows.due(timesOf(bucket), until, limit)
    return hints.map(({ key, deadline }) => ({ key, at: deadline }))
  }

  async times(bucket: string, keys: readonly Uint8Array[]): Promise<(number | undefined)[]> {
    // Asked for at least once, so that a closed store says so.
    this.#rows.changeId()
    return keys.map((key) => timeOf(this.#rows, bucket, key))
  }

  async forgetGone(bucket: string, keys: readonly Uint8Array[]): Promise<void> {
    const gone = keys.filter((key) => this.#rows.get(timesOf(bucket), key) !== undefined)
    if (gone.length === 0) return
    this.#commit((tx) => {
      const those = gone.filter((key) => tx.peek(bucket, key) === undefined)
      forgetTimes(tx, bucket, those)
    })
  }
}

/** Forgets the times of rows, in the transaction in which they go. */
export function forgetTimes(
  tx: StoreTransaction,
  bucket: string,
  keys: readonly Uint8Array[],
): void {
  for (const key of keys) tx.delete(timesOf(bucket), key)
}

function timeOf(reader: StoreReader, bucket: string, key: Uint8Array): number | undefined {
  const bytes = reader.get(timesOf(bucket), key)
  return bytes === undefined || bytes.length < TIME_BYTES
    ? undefined
    : new ByteReader(bytes, 0).uint48()
}

function timesOf(bucket: string): string {
  return `used ${JSON.stringify(bucket)}`
}
