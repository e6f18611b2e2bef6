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
  /** The number of the file's last page. Asked for only where it matters. */
  readonly lastPage: () => number
}

/** Throws StoreFullError unless the file system of `path` has room for it. */
export function assertRoom(path: string, { rows, bytes, lastPage }: CommitSize): void {
  const { bavail, bsize } = statfsSync(path)
  const spareBytes = bavail * bsize - LEAST_FREE_BYTES - bytes
  const mostBytes = rows * MOST_PAGE_BYTES_PER_ROW
  if (spareBytes >= mostBytes) return
  // No more pages can be written anew than there are.
  if (spareBytes >= Math.min(mostBytes, lastPage() * PAGE_BYTES)) return
  throw new StoreFullError(
    `No space left for "${path}" (${bavail * bsize} bytes are free). What was not written stays pending; free some space and flush() again.`,
  )
}
