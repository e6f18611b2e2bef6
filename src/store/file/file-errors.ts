/** What the file system reports, in our words. */
import { PersistDictError } from '../../errors/persist-dict-error.js'
import { StoreError, StoreFullError } from '../../errors/store-errors.js'

const FULL: readonly unknown[] = ['ENOSPC', 'EDQUOT']

/** Runs file operations; their errors come out as ours. */
export function onDisk<T>(directory: string, operation: () => T): T {
  try {
    return operation()
  } catch (error) {
    throw asStoreError(error, directory)
  }
}

function asStoreError(error: unknown, directory: string): unknown {
  if (error instanceof PersistDictError || !(error instanceof Error)) return error
  const { code, message } = error as NodeJS.ErrnoException
  if (code === undefined) return error
  if (FULL.includes(code)) {
    return new StoreFullError(
      `No space left for "${directory}" (${message}). What was not written stays pending; free some space and flush() again.`,
      { cause: error },
    )
  }
  return new StoreError(`A file operation in "${directory}" failed: ${message}`, { cause: error })
}
