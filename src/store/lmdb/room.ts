/**
 * Whether a commit fits on the disk, asked before it is made: a write that finds the disk full makes
 * lmdb 3.5.6 overrun a buffer of its own, which ends the process sooner or later.
 */
import { statfsSync } from 'node:fs'
import { StoreFullError } from '../../errors/store-errors.js'
import { LEAST_FREE_BYTES } from './directory.js'

const PAGE_BYTES = 4_096
/** The pages from a leaf to its root, with one more where each is split. */
const MOST_PAGE_BYTES_PER_ROW = 8 * PAGE_BYTES

export interface CommitSize {
  readonly rows: number
  readonly bytes: number
}

/** What a commit may take at the most. */
export function mostBytes({ rows, bytes }: CommitSize): number {
  return rows * MOST_PAGE_BYTES_PER_ROW + bytes
}

/**
 * What a commit leaves of the file system of `path`, at the least; it may be less than nothing, and
 * fit. `lastPage` tells the number of the file's last page, and is asked only where it matters.
 * Throws StoreFullError if it may not fit.
 */
export function spareBytes(path: string, size: CommitSize, lastPage: () => number): number {
  const { bavail, bsize } = statfsSync(path)
  const spare = bavail * bsize - LEAST_FREE_BYTES - mostBytes(size)
  if (spare >= 0) return spare
  // No more pages can be written anew than there are.
  const lessBytes = size.bytes + lastPage() * PAGE_BYTES
  if (bavail * bsize - LEAST_FREE_BYTES >= lessBytes) return spare
  throw new StoreFullError(
    `No space left for "${path}" (${bavail * bsize} bytes are free). What was not written stays pending; free some space and flush() again.`,
  )
}
