/**
 * The running transaction: it changes the index itself, and keeps what was there before. Records that
 * it puts stay in memory until it is committed.
 */
import { MAX_UINT48 } from '../../bytes.js'
import { StoreFullError } from '../../errors/store-errors.js'
import type { DeadlineHint } from '../sync-store.js'
import { entryPath } from './entry-file.js'
import { type FileIndex, type FileRow, hasFile } from './file-index.js'
import type { LogChange } from './log-record.js'

/**
 * The bucket of entries, each of which has a file of its own. Other rows keep the books of them, and
 * change with almost each entry: as files they would double the cost of a commit. Up to this length they
 * are in the log, which is written anyway.
 */
const ENTRIES = 'rows'
const LONGEST_KEPT_BYTES = 1_024

interface Before {
  readonly bucket: string
  readonly key: Uint8Array
  readonly row: FileRow | undefined
}

/** What a commit has to do. */
export interface Summary {
  readonly changes: readonly LogChange[]
  /** New files, by their paths. */
  readonly made: ReadonlyMap<string, Uint8Array>
  /** Paths of files that nobody needs afterwards. */
  readonly replaced: readonly string[]
}

export class FileChanges {
  readonly #index: FileIndex
  /** The rows as they were before their first change. */
  readonly #before = new Map<string, Before>()
  /** The last version given out. */
  version: number

  constructor(index: FileIndex) {
    this.#index = index
    this.version = index.version
  }

  put(bucket: string, key: Uint8Array, record: Uint8Array, deadline: number): void {
    const row = {
      key: copy(key),
      deadline: Math.min(Math.max(0, Math.ceil(deadline)), MAX_UINT48),
      length: record.length,
      commit: 0,
      record: copy(record),
    }
    this.#replace(bucket, row.key, row)
  }

  delete(bucket: string, key: Uint8Array): boolean {
    if (this.#index.rows.find(bucket, key) === undefined) return false
    this.#replace(bucket, copy(key), undefined)
    return true
  }

  forget(bucket: string, { key, deadline }: DeadlineHint): void {
    const row = this.#index.rows.find(bucket, key)
    if (row?.deadline === deadline) this.#replace(bucket, row.key, { ...row, deadline: 0 })
  }

  nextVersion(): number {
    if (this.version >= MAX_UINT48) {
      throw new StoreFullError(
        'The store has used up its version numbers. Copy it into a new dict.',
      )
    }
    return ++this.version
  }

  summary(commit: number): Summary {
    const changes: LogChange[] = []
    const made = new Map<string, Uint8Array>()
    const replaced: string[] = []
    for (const { bucket, key, row: before } of this.#before.values()) {
      const after = this.#index.rows.find(bucket, key)
      if (after === before) continue
      if (after !== undefined && after.record === undefined) {
        changes.push({ kind: 'forget', bucket, key })
        continue
      }
      if (hasFile(before)) replaced.push(entryPath(bucket, key, before.commit))
      if (after?.record === undefined) {
        changes.push({ kind: 'delete', bucket, key })
        continue
      }
      const { length, deadline, record } = after
      if (bucket !== ENTRIES && length <= LONGEST_KEPT_BYTES) {
        changes.push({ kind: 'keep', bucket, key, record, deadline })
        continue
      }
      made.set(entryPath(bucket, key, commit), record)
      changes.push({ kind: 'put', bucket, key, commit, length, deadline })
    }
    return { changes, made, replaced }
  }

  /** Puts the index back to what it was. */
  undo(): void {
    for (const { bucket, key, row } of this.#before.values()) {
      this.#index.rows.replace(bucket, key, row)
    }
  }

  #replace(bucket: string, key: Uint8Array, after: FileRow | undefined): void {
    const row = this.#index.rows.replace(bucket, key, after)
    const id = `${JSON.stringify(bucket)}\n${Buffer.from(key).toString('latin1')}`
    if (!this.#before.has(id)) this.#before.set(id, { bucket, key, row })
  }
}

/** A Buffer's own slice() shares memory; this one never does. */
function copy(bytes: Uint8Array): Uint8Array {
  return Uint8Array.prototype.slice.call(bytes)
}
