/**
 * A store in the memory of this process: for tests, and for dicts that need not survive.
 *
 * Buckets are sorted arrays with binary search. Inserting in the middle moves the tail, which the
 * engine does in one memmove: a million rows cost about 0.1 ms an insert at random places.
 */
import { compareBytes } from '../bytes.js'
import { ClosedError } from '../errors/open-errors.js'
import { TransactionError } from '../errors/store-errors.js'
import {
  type CommitPromise,
  type DeadlineHint,
  SCAN_STEP_BYTES,
  type ScanRange,
  type StoreRow,
  type StoreStats,
  type StoreTransaction,
  type SyncStore,
} from './sync-store.js'

interface MemoryRow {
  readonly key: Uint8Array
  readonly record: Uint8Array
  readonly deadline: number
}

/** A change that can be taken back: the row as it was, or undefined if there was none. */
interface Undo {
  readonly bucket: string
  readonly key: Uint8Array
  readonly before: MemoryRow | undefined
}

/** A new, empty store in memory. Each call makes one of its own. */
export function memoryStore(): SyncStore {
  return new MemoryStore()
}

let made = 0

class MemoryStore implements SyncStore {
  readonly kind = 'memory'
  readonly location = 'memory'
  readonly identity = `memory ${++made}`
  readonly #buckets = new Map<string, MemoryRow[]>()
  #changeId = 0
  #version = 0
  #sizeBytes = 0
  #undo: Undo[] | undefined
  #closed = false

  get(bucket: string, key: Uint8Array): Uint8Array | undefined {
    const rows = this.#rows(bucket)
    const at = search(rows, key)
    return at < 0 ? undefined : copy((rows[at] as MemoryRow).record)
  }

  scan(bucket: string, range: ScanRange, limit: number): StoreRow[] {
    const rows = this.#rows(bucket)
    const found: StoreRow[] = []
    const step = range.reverse ? -1 : 1
    let bytes = 0
    for (let at = start(rows, range); found.length < limit && bytes < SCAN_STEP_BYTES; at += step) {
      const row = rows[at]
      if (row === undefined || isBeyond(row.key, range)) break
      found.push({ key: copy(row.key), record: copy(row.record) })
      bytes += row.record.length
    }
    return found
  }

  due(bucket: string, now: number, limit: number): DeadlineHint[] {
    return this.#rows(bucket)
      .filter((row) => row.deadline !== 0 && row.deadline <= now)
      .sort((a, b) => a.deadline - b.deadline)
      .slice(0, limit)
      .map((row) => ({ key: copy(row.key), deadline: row.deadline }))
  }

  changeId(): number {
    this.#assertOpen()
    return this.#changeId
  }

  transaction<T>(_promise: CommitPromise, fn: (tx: StoreTransaction) => T): T {
    this.#assertOpen()
    if (this.#undo !== undefined) throw new TransactionError('Transactions of a store do not nest.')
    const undo: Undo[] = []
    this.#undo = undo
    try {
      const result = fn(this.#transactionFace())
      if (undo.length > 0) this.#changeId++
      return result
    } catch (error) {
      for (const change of undo.reverse()) this.#restore(change)
      throw error
    } finally {
      this.#undo = undefined
    }
  }

  sync(): void {
    this.#assertOpen()
  }

  stats(): StoreStats {
    this.#assertOpen()
    return { sizeBytes: this.#sizeBytes, engine: { buckets: this.#buckets.size } }
  }

  close(): void {
    this.#closed = true
    this.#buckets.clear()
  }

  #transactionFace(): StoreTransaction {
    return {
      get: (bucket, key) => this.get(bucket, key),
      scan: (bucket, range, limit) => this.scan(bucket, range, limit),
      due: (bucket, now, limit) => this.due(bucket, now, limit),
      put: (bucket, key, record, deadline) => {
        const ownKey = copy(key)
        this.#change(bucket, ownKey, { key: ownKey, record: copy(record), deadline })
      },
      delete: (bucket, key) => this.#change(bucket, copy(key), undefined) !== undefined,
      // The rows themselves are the index: a hint is never stale.
      forget: () => {},
      nextVersion: () => ++this.#version,
    }
  }

  /** Puts or removes a row, notes how to take it back, and returns the row as it was. */
  #change(bucket: string, key: Uint8Array, after: MemoryRow | undefined): MemoryRow | undefined {
    const before = this.#replace(bucket, key, after)
    if (before !== undefined || after !== undefined) this.#undo?.push({ bucket, key, before })
    return before
  }

  #restore(change: Undo): void {
    this.#replace(change.bucket, change.key, change.before)
  }

  #replace(bucket: string, key: Uint8Array, after: MemoryRow | undefined): MemoryRow | undefined {
    const rows = this.#rows(bucket)
    const at = search(rows, key)
    const before = at < 0 ? undefined : rows[at]
    if (after === undefined) {
      if (before !== undefined) rows.splice(at, 1)
    } else if (before !== undefined) {
      rows[at] = after
    } else {
      rows.splice(~at, 0, after)
    }
    this.#sizeBytes += sizeOf(after) - sizeOf(before)
    return before
  }

  #rows(bucket: string): MemoryRow[] {
    this.#assertOpen()
    let rows = this.#buckets.get(bucket)
    if (rows === undefined) {
      rows = []
      this.#buckets.set(bucket, rows)
    }
    return rows
  }

  #assertOpen(): void {
    if (this.#closed) throw new ClosedError('This memory store')
  }
}

/** The index of the row with this key, or the complement (~) of the index where it belongs. */
function search(rows: readonly MemoryRow[], key: Uint8Array): number {
  let low = 0
  let high = rows.length - 1
  while (low <= high) {
    const middle = (low + high) >>> 1
    const order = compareBytes((rows[middle] as MemoryRow).key, key)
    if (order === 0) return middle
    if (order < 0) low = middle + 1
    else high = middle - 1
  }
  return ~low
}

function firstAtOrAfter(rows: readonly MemoryRow[], key: Uint8Array): number {
  const at = search(rows, key)
  return at < 0 ? ~at : at
}

/** The index of the first row of the scan. */
function start(rows: readonly MemoryRow[], range: ScanRange): number {
  const { from, to, after, reverse } = range
  if (reverse) {
    const bound =
      after !== undefined && (to === undefined || compareBytes(after, to) < 0) ? after : to
    return bound === undefined ? rows.length - 1 : firstAtOrAfter(rows, bound) - 1
  }
  const first = from === undefined ? 0 : firstAtOrAfter(rows, from)
  if (after === undefined) return first
  const at = search(rows, after)
  return Math.max(first, at < 0 ? ~at : at + 1)
}

function isBeyond(key: Uint8Array, range: ScanRange): boolean {
  return range.reverse
    ? range.from !== undefined && compareBytes(key, range.from) < 0
    : range.to !== undefined && compareBytes(key, range.to) >= 0
}

function sizeOf(row: MemoryRow | undefined): number {
  return row === undefined ? 0 : row.key.length + row.record.length
}

/** A Buffer's own slice() shares memory; this one never does. */
function copy(bytes: Uint8Array): Uint8Array {
  return Uint8Array.prototype.slice.call(bytes)
}
