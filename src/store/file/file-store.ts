/** The file store: a face of SyncStore over a tree of files that other stores may share. */
import { ClosedError } from '../../errors/open-errors.js'
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
} from '../sync-store.js'
import type { FileChanges } from './file-changes.js'
import type { FileRow } from './file-index.js'
import type { FileTree } from './file-tree.js'

export class FileStore implements SyncStore {
  readonly kind = 'file'
  readonly #tree: FileTree
  readonly #release: () => void
  /** How to stop each listener of this store. */
  readonly #stops = new Set<() => void>()
  #closed = false

  /** `release` gives the tree back to whoever shares it out. */
  constructor(tree: FileTree, release: () => void) {
    this.#tree = tree
    this.#release = release
  }

  get location(): string {
    return this.#tree.directory
  }

  get identity(): string {
    return `file ${this.#tree.identity}`
  }

  get(bucket: string, key: Uint8Array): Uint8Array | undefined {
    this.#assertOpen()
    const row = this.#tree.index().rows.find(bucket, key)
    return row && this.#tree.record(bucket, row)
  }

  /** What a file holds cannot be lent: this is a copy, too. */
  peek(bucket: string, key: Uint8Array): Uint8Array | undefined {
    return this.get(bucket, key)
  }

  scan(bucket: string, range: ScanRange, limit: number): StoreRow[] {
    let rest = range
    for (;;) {
      const rows: StoreRow[] = []
      const last = this.walk(bucket, rest, limit, (key, record) => rows.push({ key, record }))
      // All rows of the step may have gone while it was read. That is not the end.
      if (last === undefined || rows.length > 0) return rows
      rest = { ...range, after: last }
    }
  }

  walk(bucket: string, range: ScanRange, limit: number, visit: RowVisitor): Uint8Array | undefined {
    this.#assertOpen()
    // Chosen before any is read: reading may take in commits, which change the index.
    const rows = this.#step(bucket, range, limit)
    for (const row of rows) {
      const record = this.#tree.record(bucket, row)
      if (record !== undefined) visit(copy(row.key), record)
    }
    const last = rows.at(-1)
    return last && copy(last.key)
  }

  due(bucket: string, now: number, limit: number, from?: DeadlineHint): DeadlineHint[] {
    this.#assertOpen()
    return this.#tree.index().rows.due(bucket, now, limit, from)
  }

  changeId(): number {
    this.#assertOpen()
    return this.#tree.changeId()
  }

  onCommit(listener: () => void): () => void {
    this.#assertOpen()
    const stop = this.#tree.commits.add(listener)
    this.#stops.add(stop)
    return () => {
      this.#stops.delete(stop)
      stop()
    }
  }

  transaction<T>(promise: CommitPromise, fn: (tx: StoreTransaction) => T): T {
    this.#assertOpen()
    return this.#tree.transaction(promise === 'synced', (changes) => fn(this.#face(changes)))
  }

  sync(): void {
    this.#assertOpen()
    this.#tree.sync()
  }

  stats(): StoreStats {
    this.#assertOpen()
    const { bytes, commit, unsynced } = this.#tree.index()
    const { logBytes } = this.#tree
    const engine = { commits: commit, logBytes, unsyncedFiles: unsynced.size }
    return { sizeBytes: bytes + logBytes, engine }
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const stop of this.#stops) stop()
    this.#stops.clear()
    this.#release()
  }

  #step(bucket: string, range: ScanRange, limit: number): FileRow[] {
    const rows: FileRow[] = []
    let bytes = 0
    for (const row of this.#tree.index().rows.rows(bucket, range)) {
      if (rows.length >= limit || bytes >= SCAN_STEP_BYTES) break
      rows.push(row)
      bytes += row.length
    }
    return rows
  }

  #face(changes: FileChanges): StoreTransaction {
    return {
      get: (bucket, key) => this.get(bucket, key),
      peek: (bucket, key) => this.get(bucket, key),
      scan: (bucket, range, limit) => this.scan(bucket, range, limit),
      walk: (bucket, range, limit, visit) => this.walk(bucket, range, limit, visit),
      due: (bucket, now, limit, from) => this.due(bucket, now, limit, from),
      put: (bucket, key, record, deadline) => changes.put(bucket, key, record, deadline),
      delete: (bucket, key) => changes.delete(bucket, key),
      forget: (bucket, hint) => changes.forget(bucket, hint),
      nextVersion: () => changes.nextVersion(),
    }
  }

  #assertOpen(): void {
    if (this.#closed) throw new ClosedError('This file store')
  }
}

/** A Buffer's own slice() shares memory; this one never does. */
function copy(bytes: Uint8Array): Uint8Array {
  return Uint8Array.prototype.slice.call(bytes)
}
