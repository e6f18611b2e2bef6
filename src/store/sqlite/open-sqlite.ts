/** Shares databases out: one connection per file and thread, whatever its path is spelled like. */
import { accessSync, constants, realpathSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { PathError } from '../../errors/open-errors.js'
import { OptionError } from '../../errors/option-error.js'
import { refuseUnknown } from '../../errors/unknown-option.js'
import { checkBusyTimeout } from '../busy-timeout.js'
import { explain, fileIdentity, localDirectory } from '../local-directory.js'
import type { SyncStore } from '../sync-store.js'
import { SqliteDatabase } from './database.js'
import { connector, type SqliteDriver } from './driver.js'
import { SqliteStore } from './sqlite-store.js'

/** Settings of the SQLite store. The first store of a file in a thread decides. */
export interface SqliteOptions {
  /**
   * Which SQLite: the one in Node, or the package better-sqlite3. One process must use the same for
   * all stores of a file.
   * @default 'node' where Node has it (from 22.13), else 'better-sqlite3'
   */
  readonly driver?: SqliteDriver | undefined
  /**
   * How long to wait while another program keeps the database locked, in milliseconds.
   * @default 60,000
   */
  readonly busyTimeoutMs?: number | undefined
  /**
   * Open a file on a network file system, where SQLite is safe only for a single process.
   * @default false
   */
  readonly allowNetworkFileSystem?: boolean | undefined
}

const NAMES = ['driver', 'busyTimeoutMs', 'allowNetworkFileSystem'] as const
const DRIVERS: readonly unknown[] = ['node', 'better-sqlite3', undefined]

const DEFAULT_BUSY_TIMEOUT_MS = 60_000

/** A new database and its log take some pages. */
const LEAST_FREE_BYTES = 1 << 20

interface Shared {
  readonly database: SqliteDatabase
  users: number
}

/** By the identity of the file. */
const open = new Map<string | undefined, Shared>()

/**
 * The SQLite store in the file `path`, which is made if need be.
 * Throws OptionError, PathError, DamagedStoreError, FormatMismatchError, StoreFullError,
 * StoreBusyError or MissingPackageError; no data was changed then.
 */
export function sqliteStore(path: string, options: SqliteOptions = {}): SyncStore {
  checkOptions(path, options)
  const file = databaseFile(path, options.allowNetworkFileSystem ?? false)
  const shared = open.get(fileIdentity(file)) ?? {
    database: new SqliteDatabase(
      file,
      connector(options.driver),
      options.busyTimeoutMs ?? DEFAULT_BUSY_TIMEOUT_MS,
    ),
    users: 0,
  }
  shared.users++
  const { identity } = shared.database
  open.set(identity, shared)
  return new SqliteStore(shared.database, () => {
    if (--shared.users > 0) return
    open.delete(identity)
    shared.database.close()
  })
}

function checkOptions(path: unknown, options: SqliteOptions): void {
  refuseUnknown(options, NAMES, 'sqliteStore()')
  const { driver, busyTimeoutMs } = options
  if (typeof path !== 'string' || path === '') {
    throw new OptionError('path', 'sqliteStore() takes the path of a file.')
  }
  if (path === ':memory:') {
    throw new OptionError('path', 'Use memoryStore() of persistdict/memory for a store in memory.')
  }
  if (!DRIVERS.includes(driver)) {
    throw new OptionError('driver', `driver must be 'node' or 'better-sqlite3'.`)
  }
  checkBusyTimeout(busyTimeoutMs)
}

/** The real path of a file that exists or can be made. Throws PathError or StoreFullError. */
function databaseFile(path: string, allowNetworkFileSystem: boolean): string {
  const directory = localDirectory(dirname(path), allowNetworkFileSystem, LEAST_FREE_BYTES)
  const file = join(directory, basename(path))
  if (file.includes('\0')) throw new PathError(file, 'no name of a file holds a zero byte.')
  const found = statSync(file, { throwIfNoEntry: false })
  if (found === undefined) return file
  if (!found.isFile()) throw new PathError(file, 'it must be a file and is something else.')
  try {
    // SQLite would open a file that cannot be written, and fail with the first write.
    accessSync(file, constants.R_OK | constants.W_OK)
    return realpathSync(file)
  } catch (cause) {
    throw new PathError(file, explain((cause as NodeJS.ErrnoException).code, cause), { cause })
  }
}
