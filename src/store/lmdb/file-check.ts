/**
 * Looks at an LMDB file before LMDB maps it. Inside the mapping, a truncated file kills the process
 * (SIGBUS) and a foreign one may (SIGSEGV); out here they are errors.
 *
 *     offset  in each of the two meta pages, at 0 and at one page size
 *     18      u16  page flags, 0x08 for a meta page
 *     24      u32  magic 0xBEEFC0DE
 *     28      u32  version of the data format
 *     48      u32  page size
 *     88      u64  root page of the free list
 *     136     u64  root page of the main database
 *     144     u64  last page in use
 *     152     u64  transaction id
 *
 * Only data files are ever opened here. Opening and closing lock.mdb through `fs` would drop all of
 * the process's locks on it.
 */
import { closeSync, fstatSync, openSync, readSync, truncateSync } from 'node:fs'
import { DamagedStoreError } from '../../errors/open-errors.js'
import { areTreesWithin, numberAt } from './page-walk.js'

const META_BYTES = 160
const META_FLAG = 0x08
const MAGIC = 0xbeefc0de
const DATA_VERSION = 2
const SMALLEST_PAGE = 256
const LARGEST_PAGE = 65_536

/**
 * Pages looked at when a store is opened: all of one of 4 MB, in 2 to 10 ms. Of a larger one, those
 * that lead to others come first.
 */
const CHECKED_PAGES = 1_000

interface Meta {
  readonly pageSize: number
  readonly lastPage: number
  readonly transactionId: number
  /** Of the free list and of the main database, in which the others are. */
  readonly roots: readonly number[]
}

/** Throws DamagedStoreError unless LMDB can map the file safely. A missing or empty file is fine. */
export function checkDataFile(file: string): void {
  let descriptor: number
  try {
    descriptor = openSync(file, 'r')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  try {
    const { size } = fstatSync(descriptor)
    if (size > 0) checkContent(file, descriptor, size)
  } finally {
    closeSync(descriptor)
  }
}

function checkContent(file: string, descriptor: number, size: number): void {
  const first = readMeta(descriptor, 0)
  if (typeof first === 'string') throw new DamagedStoreError(file, first)
  const second = readMeta(descriptor, first.pageSize)
  if (typeof second === 'string') throw new DamagedStoreError(file, second)
  const newest = first.transactionId > second.transactionId ? first : second
  const fullSize = (newest.lastPage + 1) * newest.pageSize
  const { pageSize, roots } = newest
  if (size >= fullSize) {
    if (areTreesWithin(descriptor, roots, pageSize, newest.lastPage + 1, CHECKED_PAGES)) return
    throw new DamagedStoreError(file, 'its inner pages are damaged')
  }
  // LMDB may leave pages at the end unwritten that it took and gave back in one transaction. So a
  // short file is not damaged yet: it is if anything refers to what is missing.
  if (!areTreesWithin(descriptor, roots, pageSize, Math.floor(size / pageSize))) {
    throw new DamagedStoreError(
      file,
      `it is ${size} bytes long and should be ${fullSize}: it was cut off`,
    )
  }
  // Nothing refers to the missing pages. With them the next open need not look again.
  truncateSync(file, fullSize)
}

/** The meta page at `offset`, or what is wrong with it. */
function readMeta(descriptor: number, offset: number): Meta | string {
  const page = new DataView(new ArrayBuffer(META_BYTES))
  if (readSync(descriptor, page, 0, META_BYTES, offset) < META_BYTES) return 'it is cut off'
  if (page.getUint32(24, true) !== MAGIC) return 'it is not an LMDB file'
  const version = page.getUint32(28, true)
  if (version !== DATA_VERSION) {
    return `it has LMDB data format ${version}, and this version reads ${DATA_VERSION}`
  }
  const pageSize = page.getUint32(48, true)
  const isPowerOfTwo = (pageSize & (pageSize - 1)) === 0
  if ((page.getUint16(18, true) & META_FLAG) === 0 || !isPowerOfTwo)
    return 'its first pages are damaged'
  if (pageSize < SMALLEST_PAGE || pageSize > LARGEST_PAGE) return 'its first pages are damaged'
  return {
    pageSize,
    lastPage: numberAt(page, 144),
    transactionId: numberAt(page, 152),
    roots: [numberAt(page, 88), numberAt(page, 136)],
  }
}
