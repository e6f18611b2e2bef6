/** What LMDB and the file system report, in our words. */
import { statfsSync } from 'node:fs'
import { PersistDictError } from '../../errors/persist-dict-error.js'
import { StoreError, StoreFullError } from '../../errors/store-errors.js'
import { explain } from '../local-directory.js'

const ENOSPC = 28
const EIO = 5
const EDQUOT = 122
const MAP_FULL = -30792
const READERS_FULL = -30790

/** Less free space than this explains an input/output error: LMDB reports a full disk as one. */
const FULL_BELOW_BYTES = 1 << 20

/** The error as one of ours. Errors that are ours already, and those of callbacks, pass unchanged. */
export function asStoreError(error: unknown, path: string): unknown {
  if (error instanceof PersistDictError || !isNativeError(error)) return error
  const { code, message } = error
  const isFull = code === ENOSPC || code === EDQUOT || code === MAP_FULL
  if (isFull || (code === EIO && freeBytes(path) < FULL_BELOW_BYTES)) {
    return new StoreFullError(
      `No space left for "${path}" (${message}). What was not written stays pending; free some space and flush() again.`,
      { cause: error },
    )
  }
  if (code === READERS_FULL) {
    return new StoreError(
      `"${path}" is read by as many threads as maxReaders allows. Open it everywhere with a larger maxReaders.`,
      { cause: error },
    )
  }
  return new StoreError(`LMDB failed on "${path}": ${message}`, { cause: error })
}

/** What the file system refuses while a store is open. Errors that are ours already pass unchanged. */
export function asFileError(error: unknown, path: string): unknown {
  const { code } = error as NodeJS.ErrnoException
  if (error instanceof PersistDictError || typeof code !== 'string') return error
  return new StoreError(
    `The files of "${path}" could not be used: ${explain(code, error)} Nothing of this was written.`,
    { cause: error },
  )
}

/** Looks at files of the store, or writes some. Throws as asFileError() has it. */
export function withFiles<T>(path: string, call: () => T): T {
  try {
    return call()
  } catch (error) {
    throw asFileError(error, path)
  }
}

/** Whether LMDB has no slot left for another reader. */
export function isReadersFull(error: unknown): boolean {
  return isNativeError(error) && error.code === READERS_FULL
}

interface NativeError extends Error {
  readonly code: number
}

/** lmdb's errors carry LMDB's numeric code, or errno. */
function isNativeError(error: unknown): error is NativeError {
  return error instanceof Error && typeof (error as { code?: unknown }).code === 'number'
}

function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(path)
  return bavail * bsize
}
