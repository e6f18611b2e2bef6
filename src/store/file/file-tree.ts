/**
 * The files of one store, and the index of them in memory, for all stores of this thread over one
 * directory.
 *
 *     gate.mdb, gate.mdb-lock    the mutex of all writers
 *     log.7                      what was committed: which row is in which file
 *     rows/3f/9a….k7             one file an entry
 *     running                    what the running transaction does to files: see intent.ts
 *
 * READING. The index is that of the log up to where it was read. Each read first takes in what was
 * appended since, which is one look at the end of a file. A file that the index names may be gone by
 * then, because a later commit replaced it: then the log says so.
 *
 * COMMITTING. Inside the gate: write the files of the new rows, under names of their own; append one
 * record to the log, which is the commit; remove the files that it replaced. A process that dies
 * before the append leaves files that nobody names, and after it files that nobody needs: the next
 * transaction removes them.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { StoreGoneError, TransactionError } from '../../errors/store-errors.js'
import { CommitWatch } from '../commit-watch.js'
import type { Gate } from '../lmdb/gate.js'
import { openGate } from '../lmdb/open-gate.js'
import { fileIdentity } from '../local-directory.js'
import { directoriesOf, entryPath, readEntry, syncEntry, writeEntry } from './entry-file.js'
import { FileChanges } from './file-changes.js'
import { onDisk } from './file-errors.js'
import { FileIndex, type FileRow } from './file-index.js'
import { Intents } from './intent.js'
import { Log, logNumber } from './log.js'
import type { LogChange, LogKind } from './log-record.js'
import { syncDirectory } from './sync-directory.js'

/** A log is written anew when it is longer than this, and several times as long as it began. */
const LEAST_REWRITTEN_BYTES = 2 ** 20
const REWRITTEN_AT_TIMES = 4

export class FileTree {
  readonly directory: string
  /** Device and inode of the directory: the same however its path is spelled. */
  readonly identity: string | undefined
  readonly commits: CommitWatch
  readonly #gate: Gate
  readonly #intents: Intents
  #index = new FileIndex()
  #log: Log
  /** The length of the log when it was begun, or first read. */
  #firstBytes = 0
  /** The log goes on in the next one. */
  #isSealed = false
  #changes: FileChanges | undefined

  /** `directory` is a real path, which exists. */
  constructor(directory: string, busyTimeoutMs?: number) {
    this.directory = directory
    this.identity = fileIdentity(directory)
    this.#gate = openGate(join(directory, 'gate.mdb'), { path: directory, busyTimeoutMs })
    try {
      this.#intents = new Intents(directory)
      this.#log = this.#inGate(() => {
        const newest = newestLog(directory)
        if (newest === undefined) Log.create(directory, 1, this.#index.asLog())
        return new Log(directory, newest ?? 1)
      })
      this.#inGate(() => this.#catchUp())
      this.#firstBytes = this.#log.sizeBytes
      this.commits = new CommitWatch({
        file: directory,
        published: () => this.changeId(),
        written: () => this.#index.commit,
      })
    } catch (error) {
      this.#gate.close()
      throw error
    }
  }

  /** How many transactions were committed, by anyone. */
  changeId(): number {
    return this.index().commit
  }

  /** What there is now; in a transaction, with its changes. */
  index(): FileIndex {
    if (this.#changes === undefined) onDisk(this.directory, () => this.#read())
    return this.#index
  }

  get logBytes(): number {
    return this.#log.sizeBytes
  }

  /**
   * The record of a row; undefined if the row has gone meanwhile. Where others have damaged or removed
   * its file, the bytes that are left: the reader's checksum finds that.
   */
  record(bucket: string, found: FileRow): Uint8Array | undefined {
    let row = found
    for (;;) {
      if (row.record !== undefined) return Uint8Array.prototype.slice.call(row.record)
      const file = join(this.directory, entryPath(bucket, row.key, row.commit))
      const { key, length } = row
      const bytes = onDisk(this.directory, () => readEntry(file, length))
      if (bytes !== undefined) return bytes
      const now = this.index().rows.find(bucket, key)
      if (now === undefined) return undefined
      if (now === row) {
        this.#assertPresent()
        return new Uint8Array(0)
      }
      row = now
    }
  }

  /** Runs `fn` in a write transaction. What it throws comes out unchanged, and nothing has happened. */
  transaction<T>(isSynced: boolean, fn: (changes: FileChanges) => T): T {
    if (this.#changes !== undefined) {
      throw new TransactionError('Transactions of a store do not nest.')
    }
    const value = this.#gate.within(() => {
      onDisk(this.directory, () => this.#catchUp())
      const changes = new FileChanges(this.#index)
      this.#changes = changes
      try {
        const result = fn(changes)
        onDisk(this.directory, () => this.#commit(changes, isSynced))
        return result
      } catch (error) {
        changes.undo()
        throw error
      } finally {
        this.#changes = undefined
      }
    })
    this.commits.look()
    return value
  }

  /** Puts everything that anybody has committed on disk. */
  sync(): void {
    this.#inGate(() => {
      this.#catchUp()
      this.#syncEntries()
      this.#append('synced', true)
    })
  }

  close(): void {
    this.commits.close()
    this.#log.close()
    this.#intents.close()
    this.#gate.close()
  }

  #assertPresent(): void {
    if (fileIdentity(this.directory) !== this.identity) throw new StoreGoneError(this.directory)
  }

  #inGate<T>(fn: () => T): T {
    return this.#gate.within(() => onDisk(this.directory, fn))
  }

  /** Takes in what was committed since the last look. */
  #read(): void {
    this.#readLog()
    // Where there is no next log yet, nothing can have been committed since.
    if (this.#isSealed) this.#goOn()
  }

  #readLog(): void {
    this.#log.read((record) => {
      if (record.kind === 'seal') this.#isSealed = true
      else this.#index.apply(record)
    })
  }

  /** Goes on in the newest log, if there is one after this. */
  #goOn(): boolean {
    let log: Log | undefined
    while (log === undefined) {
      const newest = newestLog(this.directory)
      if (newest === undefined || newest <= this.#log.number) return false
      log = openIfThere(this.directory, newest)
    }
    this.#log.close()
    this.#log = log
    this.#isSealed = false
    this.#index = new FileIndex()
    this.#readLog()
    this.#firstBytes = log.sizeBytes
    return true
  }

  /** Inside the gate: the log to its end, and nothing left of a transaction whose process died. */
  #catchUp(): void {
    this.#assertPresent()
    this.#readLog()
    this.#log.trim()
    if (this.#isSealed) {
      // Without a next one, whoever sealed it died before.
      if (!this.#goOn()) this.#beginLog()
      this.#log.trim()
    }
    const intent = this.#intents.found()
    if (intent !== undefined) this.#intents.settle(intent, this.#index.commit)
  }

  #commit(running: FileChanges, isSynced: boolean): void {
    const commit = this.#index.commit + 1
    const { changes, made, replaced } = running.summary(commit)
    if (changes.length === 0) return
    this.#assertPresent()
    const touchesFiles = made.size > 0 || replaced.length > 0
    const intent = { commit, made: [...made.keys()], replaced }
    try {
      if (touchesFiles) this.#intents.declare(intent)
      if (isSynced) this.#syncEntries()
      for (const [path, record] of made) {
        writeEntry(join(this.directory, path), record, isSynced)
      }
      if (isSynced) this.#syncDirectories(made.keys())
      this.#append('commit', isSynced, commit, running.version, changes)
    } catch (error) {
      if (touchesFiles) this.#intents.settle(intent, this.#index.commit)
      throw error
    }
    running.undo()
    this.#index.apply({ kind: 'commit', commit, version: running.version, isSynced, changes })
    this.#tidyUp(() => {
      if (touchesFiles) this.#intents.settle(intent, commit)
      const limit = Math.max(LEAST_REWRITTEN_BYTES, this.#firstBytes * REWRITTEN_AT_TIMES)
      if (this.#log.sizeBytes <= limit) return
      this.#syncEntries()
      this.#append('seal', true)
      this.#isSealed = true
      this.#beginLog()
    })
  }

  /** The commit stands, whatever comes after it: the next transaction does what could not be done. */
  #tidyUp(work: () => void): void {
    try {
      work()
    } catch {
      // It is found again in the directory, and thrown there if it fails again.
    }
  }

  /** Inside the gate, where the log is sealed: the next one, with the rows that there are. */
  #beginLog(): void {
    const { number } = this.#log
    this.#syncEntries()
    Log.create(this.directory, number + 1, this.#index.asLog())
    Log.remove(this.directory, number)
    this.#goOn()
  }

  #append(
    kind: LogKind,
    isSynced: boolean,
    commit = this.#index.commit,
    version = this.#index.version,
    changes: readonly LogChange[] = [],
  ): void {
    this.#log.append({ kind, commit, version, isSynced, changes })
  }

  /** Whoever syncs, syncs what others have left: after a loss of power there is nothing but a past. */
  #syncEntries(): void {
    const { unsynced } = this.#index
    if (unsynced.size === 0) return
    for (const path of unsynced) syncEntry(join(this.directory, path))
    this.#syncDirectories(unsynced)
    unsynced.clear()
  }

  #syncDirectories(paths: Iterable<string>): void {
    for (const each of directoriesOf(this.directory, paths)) syncDirectory(each)
  }
}

/** The number of the newest log of a directory. */
function newestLog(directory: string): number | undefined {
  const numbers = readdirSync(directory).flatMap((name) => logNumber(name) ?? [])
  return numbers.length === 0 ? undefined : Math.max(...numbers)
}

/** Undefined if it was followed by another one, and removed, in between. */
function openIfThere(directory: string, number: number): Log | undefined {
  try {
    return new Log(directory, number)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
