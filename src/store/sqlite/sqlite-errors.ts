/** What SQLite reports, in our words. */
import { statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import { DamagedStoreError } from '../../errors/open-errors.js'
import { PersistDictError } from '../../errors/persist-dict-error.js'
import { StoreError, StoreFullError } from '../../errors/store-errors.js'

/** SQLite's primary result codes that we tell apart (sqlite.org/rescode.html). */
const CODES: ReadonlyMap<number, string> = new Map([
  [5, 'BUSY'],
  [8, 'READONLY'],
  [10, 'IOERR'],
  [11, 'CORRUPT'],
  [13, 'FULL'],
  [14, 'CANTOPEN'],
  [15, 'PROTOCOL'],
  [26, 'NOTADB'],
])

/** Less free space than this explains an input/output error: the log's index could not grow. */
const FULL_BELOW_BYTES = 1 << 20

/** The primary result code of an error of either driver, such as 'BUSY'; undefined for other errors. */
export function sqliteCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const { code, errcode } = error as { code?: unknown; errcode?: unknown }
  if (code === 'ERR_SQLITE_ERROR') {
    // The low byte is the primary code; the rest says more.
    return typeof errcode === 'number' ? (CODES.get(errcode & 0xff) ?? 'ERROR') : 'ERROR'
  }
  if (typeof code !== 'string' || error.name !== 'SqliteError') return undefined
  return /^SQLITE_([A-Z]+)/.exec(code)?.[1]
}

/** The error as one of ours. Errors that are not SQLite's pass unchanged. */
export function asStoreError(error: unknown, file: string): unknown {
  if (error instanceof PersistDictError) return error
  const code = sqliteCode(error)
  if (code === undefined) return error
  const { message } = error as Error
  const options = { cause: error }
  switch (code) {
    case 'NOTADB':
      return new DamagedStoreError(file, 'it is not an SQLite database', options)
    case 'CORRUPT':
      return new DamagedStoreError(file, `SQLite says: ${message}`, options)
    case 'FULL':
      return full(file, message, options)
    case 'READONLY':
      return new StoreError(`"${file}" cannot be written: ${message}.`, options)
    default:
      if (code === 'IOERR' && freeBytes(file) < FULL_BELOW_BYTES)
        return full(file, message, options)
      return new StoreError(`SQLite failed on "${file}": ${message}`, options)
  }
}

function full(file: string, message: string, options: ErrorOptions): StoreFullError {
  return new StoreFullError(
    `No space left for "${file}" (${message}). What was not written stays pending; free some space and flush() again.`,
    options,
  )
}

function freeBytes(file: string): number {
  const { bavail, bsize } = statfsSync(dirname(file))
  return bavail * bsize
}
