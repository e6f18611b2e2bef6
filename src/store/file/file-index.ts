/** What a log says: the rows that there are, and in which file each of them is. */
import { type IndexedRow, RowIndex } from '../row-index.js'
import { entryPath } from './entry-file.js'
import type { LogChange, LogRecord } from './log-record.js'

export interface FileRow extends IndexedRow {
  /** Bytes of the record. */
  readonly length: number
  /** The commit that wrote the file: part of its name. 0 if there is none. */
  readonly commit: number
  /** The record itself if no file has it: it is in the log, or the transaction that put it runs. */
  readonly record: Uint8Array | undefined
}

/** Rows in one record of a new log: few enough to be read at once. */
const ROWS_PER_RECORD = 1_000

export class FileIndex {
  readonly rows = new RowIndex<FileRow>()
  /** How many transactions were committed. */
  commit = 0
  /** The last version given out. */
  version = 0
  /** Bytes in all records. */
  bytes = 0
  /** Paths of files that may not be on disk yet. */
  readonly unsynced = new Set<string>()

  /** Takes in a record of the log. */
  apply(record: LogRecord): void {
    this.commit = record.commit
    this.version = record.version
    for (const change of record.changes) this.#apply(change, record.isSynced)
    // Whoever syncs a commit, syncs all before it.
    if (record.isSynced) this.unsynced.clear()
  }

  /** The records of a log that has nothing but these rows. */
  *asLog(): Generator<LogRecord, undefined> {
    const record = (changes: readonly LogChange[]): LogRecord => {
      const { commit, version } = this
      return { kind: 'commit', commit, version, isSynced: true, changes }
    }
    let changes: LogChange[] = []
    for (const [bucket, { key, commit, length, deadline, record: kept }] of this.rows.all()) {
      changes.push(
        kept === undefined
          ? { kind: 'put', bucket, key, commit, length, deadline }
          : { kind: 'keep', bucket, key, record: kept, deadline },
      )
      if (changes.length < ROWS_PER_RECORD) continue
      yield record(changes)
      changes = []
    }
    // Without rows, too: the numbers go on.
    yield record(changes)
    return undefined
  }

  #apply(change: LogChange, isSynced: boolean): void {
    const { bucket, key } = change
    if (change.kind === 'forget') {
      const row = this.rows.find(bucket, key)
      if (row !== undefined) this.rows.replace(bucket, key, { ...row, deadline: 0 })
      return
    }
    const isPut = change.kind === 'put' || change.kind === 'keep'
    const after = isPut ? rowOf(change) : undefined
    const before = this.rows.replace(bucket, key, after)
    this.bytes += (after?.length ?? 0) - (before?.length ?? 0)
    if (isSynced) return
    if (hasFile(before)) this.unsynced.delete(entryPath(bucket, key, before.commit))
    if (hasFile(after)) this.unsynced.add(entryPath(bucket, key, after.commit))
  }
}

/** Whether a row that was committed has a file. */
export function hasFile(row: FileRow | undefined): row is FileRow {
  return row !== undefined && row.commit !== 0
}

function rowOf(change: Extract<LogChange, { kind: 'put' | 'keep' }>): FileRow {
  const { key, deadline } = change
  if (change.kind === 'keep') {
    const { record } = change
    return { key, deadline, length: record.length, commit: 0, record }
  }
  return { key, deadline, length: change.length, commit: change.commit, record: undefined }
}
