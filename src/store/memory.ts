/** A store in the memory of this process: for tests, and for dicts that need not survive. */
import { ClosedError } from '../errors/open-errors.js'
import { TransactionError } from '../errors/store-errors.js'
import { CommitListeners } from './commit-listeners.js'
import { type IndexedRow, RowIndex } from './row-index.js'
import {
  type CommitPromise,
  type DeadlineHint,
  type RowVisitor,
  SCAN_STEP_BYTES,
  type ScanRange,
  type StoreRow,
  type StoreStats,
  type StoreTransaction,
  type SyncStore,
} from './sync-store.js'

interface MemoryRow extends StoreRow, IndexedRow {}

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
  readonly #index = new RowIndex<MemoryRow>()
  readonly #listeners = new CommitListeners()
  #changeId = 0
  #version = 0
  #sizeBytes = 0
  #undo: Undo[] | undefined
  #closed = false

  get(bucket: string, key: Uint8Array): Uint8Array | undefined {
    this.#assertOpen()
    const row = this.#index.find(bucket, key)
    return row && copy(row.record)
  }

  peek(bucket: string, key: Uint8Array): Uint8Array | undefined {
    this.#assertOpen()
    return this.#index.find(bucket, key)?.record
  }

  scan(bucket: string, range: ScanRange, limit: number): StoreRow[] {
    const found: StoreRow[] = []
    this.walk(bucket, range, limit, (key, record) => found.push({ key, record: copy(record) }))
    return found
  }

  walk(bucket: string, range: ScanRange, limit: number, visit: RowVisitor): Uint8Array | undefined {
    this.#assertOpen()
    let last: Uint8Array | undefined
    let rows = 0
    let bytes = 0
    for (const { key, record } of this.#index.rows(bucket, range)) {
      if (rows >= limit || bytes >= SCAN_STEP_BYTES) break
      last = copy(key)
      visit(last, record)
      rows++
      bytes += record.length
    }
    return last
  }

  due(bucket: string, now: number, limit: number, from?: DeadlineHint): DeadlineHint[] {
    this.#assertOpen()
    return this.#index.due(bucket, now, limit, from)
  }

  changeId(): number {
    this.#assertOpen()
    return this.#changeId
  }

  onCommit(listener: () => void): () => void {
    this.#assertOpen()
    return this.#listeners.add(listener)
  }

  transaction<T>(_promise: CommitPromise, fn: (tx: StoreTransaction) => T): T {
    this.#assertOpen()
    if (this.#undo !== undefined) throw new TransactionError('Transactions of a store do not nest.')
    const undo: Undo[] = []
    this.#undo = undo
    try {
      const result = fn(this.#transactionFace())
      if (undo.length > 0) {
        this.#changeId++
        this.#listeners.announce()
      }
      return result
    } catch (error) {
      for (const { bucket, key, before } of undo.reverse()) this.#replace(bucket, key, before)
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
    return { sizeBytes: this.#sizeBytes, engine: { buckets: this.#index.buckets } }
  }

  close(): void {
    this.#closed = true
    this.#listeners.clear()
    this.#index.clear()
  }

  #transactionFace(): StoreTransaction {
    return {
      get: (bucket, key) => this.get(bucket, key),
      peek: (bucket, key) => this.peek(bucket, key),
      scan: (bucket, range, limit) => this.scan(bucket, range, limit),
      walk: (bucket, range, limit, visit) => this.walk(bucket, range, limit, visit),
      due: (bucket, now, limit, from) => this.due(bucket, now, limit, from),
      put: (bucket, key, record, deadline) => {
        const ownKey = copy(key)
        this.#change(bucket, ownKey, { key: ownKey, record: copy(record), deadline })
      },
      delete: (bucket, key) => this.#change(bucket, copy(key), undefined) !== undefined,
      forget: (bucket, { key, deadline }) => {
        const row = this.#index.find(bucket, key)
        // The rows themselves are the index: a hint that is not true is not there, either.
        if (row?.deadline === deadline) this.#change(bucket, row.key, { ...row, deadline: 0 })
      },
      nextVersion: () => ++this.#version,
      usedBytes: () => this.#sizeBytes,
    }
  }

  /** Puts or removes a row, notes how to take it back, and returns the row as it was. */
  #change(bucket: string, key: Uint8Array, after: MemoryRow | undefined): MemoryRow | undefined {
    const before = this.#replace(bucket, key, after)
    if (before !== undefined || after !== undefined) this.#undo?.push({ bucket, key, before })
    return before
  }

  #replace(bucket: string, key: Uint8Array, after: MemoryRow | undefined): MemoryRow | undefined {
    const before = this.#index.replace(bucket, key, after)
    this.#sizeBytes += sizeOf(after) - sizeOf(before)
    return before
  }

  #assertOpen(): void {
    if (this.#closed) throw new ClosedError('This memory store')
  }
}

function sizeOf(row: MemoryRow | undefined): number {
  return row === undefined ? 0 : row.key.length + row.record.length
}

/** A Buffer's own slice() shares memory; this one never does. */
function copy(bytes: Uint8Array): Uint8Array {
  return Uint8Array.prototype.slice.call(bytes)
}
