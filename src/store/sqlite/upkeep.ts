/**
 * Backup and compaction of an SQLite store, by SQLite's own means. Both take the time that reading or
 * writing the whole file takes, and block this thread for it. Other processes go on: during a backup
 * all of them, during a compaction those who read.
 */
import {
  closeSync,
  fsyncSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { PathError } from '../../errors/open-errors.js'
import { checkAccess, makeDirectory } from '../local-directory.js'
import type { BackupReport, CompactReport, StoreUpkeep } from '../sync-store.js'
import type { SqliteDatabase } from './database.js'

export class SqliteUpkeep implements StoreUpkeep {
  readonly #database: SqliteDatabase

  constructor(database: SqliteDatabase) {
    this.#database = database
  }

  async backup(directory: string): Promise<BackupReport> {
    const path = emptyDirectory(directory)
    const file = join(path, basename(this.#database.file))
    const draft = `${file}.draft`
    try {
      this.#database.run('VACUUM INTO ?', draft)
      // Nobody has it open: closing the descriptor drops no lock.
      sync(draft)
      renameSync(draft, file)
    } catch (error) {
      rmSync(draft, { force: true })
      throw error
    }
    return { path, sizeBytes: statSync(file).size }
  }

  async compact(): Promise<CompactReport> {
    const { sizeBytes: beforeBytes } = this.#database.stats()
    this.#database.run('VACUUM')
    // The file shrinks when its new pages go over from the log.
    this.#database.checkpoint()
    return { beforeBytes, afterBytes: this.#database.stats().sizeBytes }
  }
}

/** Throws PathError unless the directory is new or empty. */
function emptyDirectory(directory: string): string {
  const asked = resolve(directory)
  makeDirectory(asked)
  const path = realpathSync(asked)
  checkAccess(path)
  if (readdirSync(path).length === 0) return path
  throw new PathError(path, 'a backup needs a new or empty directory, and there are files in it.')
}

function sync(file: string): void {
  const descriptor = openSync(file, 'r+')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
