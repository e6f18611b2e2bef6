/**
 * Follows the pages of an LMDB file, without LMDB: whether what is referred to is there, and is what
 * it should be. LMDB itself trusts its pages: a wrong number in one ends the process.
 *
 *     page     0 u64 number · 8 u64 transaction · 18 u16 flags · 20 u16 end of the pointers
 *              22 u16 start of the nodes · 24 pointers, u16
 *     node     0 u16, u16, u16 child page (in a branch)
 *              0 u16, u16 length of the data, low half first · 4 u16 flags (in a leaf)
 *              6 u16 key length · 8 key, then data: a value, or, by the flags, the place of one or a database
 *     place    0 u64 first page · 16 u64 number of pages
 *     database 40 u64 root page, all ones if it is empty
 *
 * Pointers count from the end of the page header. The free list is a database, too.
 */
import { readSync } from 'node:fs'

const HEADER_BYTES = 24
const FLAGS_AT = 18
const POINTERS_END_AT = 20
const NODES_START_AT = 22
const BRANCH = 0x01
const LEAF = 0x02

const NODE_BYTES = 8
const KEY_LENGTH_AT = 6
const NODE_FLAGS_AT = 4
const VALUE_ELSEWHERE = 0x01
const IS_DATABASE = 0x02

const PLACE_BYTES = 24
const DATABASE_BYTES = 48
const ROOT_AT = 40
/** Pages read at once, where the next visits are to pages in a row: a call takes longer than a page. */
const RUN = 32
/** All ones, as a number that is no exact integer: no file has as many pages. */
const NO_PAGE = 2 ** 64

/**
 * Whether the trees below these roots lie within the first `pages` pages of the file, and their pages
 * make sense. Looks at `limit` pages at most, those near the roots first: so in a large file the pages
 * that lead to others are looked at, and not all that hold rows.
 *
 * Nearly all of the time of an open is spent here, mostly in code that is not compiled yet: no BigInts,
 * and nothing is made for a key that no other page is compared with.
 */
export function areTreesWithin(
  descriptor: number,
  [freeList, ...trees]: readonly number[],
  pageSize: number,
  pages: number,
  limit = pages + 1,
): boolean {
  const open: Visit[] = [
    ...(freeList === undefined ? [] : [{ root: freeList, isOrdered: false }]),
    ...trees.map((root) => ({ root, isOrdered: true })),
  ]
    .filter(({ root }) => root !== NO_PAGE)
    .map(({ root, isOrdered }) => ({ page: root, isOrdered, low: undefined, high: undefined }))
  const room = new ArrayBuffer(RUN * pageSize)
  const bytes = new Uint8Array(room)
  const views = Array.from({ length: RUN }, (_, at) => new DataView(room, at * pageSize, pageSize))
  let first = 0
  let read = 0
  for (let visits = 0; visits < open.length; visits++) {
    if (visits >= limit) return true
    const visit = open[visits] as Visit
    // Each page has one parent: more visits than pages are a circle.
    if (visit.page >= pages || visits > pages) return false
    if (visit.page < first || visit.page >= first + read) {
      first = visit.page
      const wanted = runAt(open, visits) * pageSize
      read = Math.floor(readSync(descriptor, bytes, 0, wanted, first * pageSize) / pageSize)
      if (read === 0) return false
    }
    const page = views[visit.page - first] as DataView
    if (numberAt(page, 0) !== visit.page || !follow(page, visit, pages, open)) return false
  }
  return true
}

/** How many of the next visits are to pages that follow each other in the file: RUN at most. */
function runAt(open: readonly Visit[], from: number): number {
  const { page } = open[from] as Visit
  let length = 1
  while (length < RUN && open[from + length]?.page === page + length) length++
  return length
}

/** A number of eight bytes. Beyond 2 ** 53 it is about that, which is more than any file has. */
export function numberAt(bytes: DataView, at: number): number {
  return bytes.getUint32(at, true) + bytes.getUint32(at + 4, true) * 2 ** 32
}

/**
 * A page to be looked at, and the keys that it may hold: from `low` to below `high`. A key elsewhere
 * would not be found by those who look for it. Keys of the free list are numbers in another order.
 */
interface Visit {
  readonly page: number
  readonly isOrdered: boolean
  readonly low: Uint8Array | undefined
  readonly high: Uint8Array | undefined
}

/** Puts what the page refers to on the list. */
function follow(page: DataView, visit: Visit, pages: number, open: Visit[]): boolean {
  const { isOrdered, high } = visit
  const flags = page.getUint16(FLAGS_AT, true)
  if ((flags & (BRANCH | LEAF)) === 0) return false
  const pointersEnd = page.getUint16(POINTERS_END_AT, true)
  const nodesStart = page.getUint16(NODES_START_AT, true)
  if (pointersEnd > nodesStart || nodesStart + HEADER_BYTES > page.byteLength) return false
  const isBranch = (flags & BRANCH) !== 0
  let { low } = visit
  let child: number | undefined
  // Where the key before lies in the page; at 0 if there was none.
  let lastKey = 0
  let lastEnd = 0
  for (let at = 0; at < pointersEnd >> 1; at++) {
    const node = page.getUint16(HEADER_BYTES + 2 * at, true) + HEADER_BYTES
    const key = node + NODE_BYTES
    if (key > page.byteLength) return false
    const end = key + page.getUint16(node + KEY_LENGTH_AT, true)
    if (end > page.byteLength) return false
    // The first key of a branch is empty: it stands for whatever the branch begins with.
    const isImplied = isBranch && at === 0
    if (isOrdered && !isImplied) {
      const order =
        lastKey === 0
          ? compareTo(low, page, key, end)
          : compareWithin(page, lastKey, lastEnd, key, end)
      if (order > 0 || (order === 0 && at > 0)) return false
      lastKey = key
      lastEnd = end
    }
    if (isBranch) {
      const own = isImplied ? low : bytesOf(page, key, end).slice()
      if (child !== undefined) open.push({ page: child, isOrdered, low, high: own })
      child = page.getUint32(node, true) + page.getUint16(node + 4, true) * 2 ** 32
      low = own
    } else if (!followLeaf(page, node, end, pages, open)) return false
  }
  // The last key is the highest of them.
  if (lastKey !== 0 && high !== undefined && compareTo(high, page, lastKey, lastEnd) <= 0)
    return false
  if (child !== undefined) open.push({ page: child, isOrdered, low, high })
  return true
}

/** The order of a key and one in the page, by their bytes; without a key, -1. */
function compareTo(
  key: Uint8Array | undefined,
  page: DataView,
  start: number,
  end: number,
): number {
  if (key === undefined) return -1
  return Buffer.compare(key, bytesOf(page, start, end))
}

function bytesOf(page: DataView, start: number, end: number): Uint8Array {
  return new Uint8Array(page.buffer, page.byteOffset + start, end - start)
}

/** The order of two keys in the page. A loop: a native call for keys so short takes longer. */
function compareWithin(
  page: DataView,
  start: number,
  end: number,
  otherStart: number,
  otherEnd: number,
): number {
  const length = Math.min(end - start, otherEnd - otherStart)
  for (let at = 0; at < length; at++) {
    const difference = page.getUint8(start + at) - page.getUint8(otherStart + at)
    if (difference !== 0) return difference
  }
  return end - start - (otherEnd - otherStart)
}

function followLeaf(
  page: DataView,
  node: number,
  data: number,
  pages: number,
  open: Visit[],
): boolean {
  const flags = page.getUint16(node + NODE_FLAGS_AT, true)
  if ((flags & ~(VALUE_ELSEWHERE | IS_DATABASE)) !== 0) return false
  if ((flags & VALUE_ELSEWHERE) !== 0) {
    if (data + PLACE_BYTES > page.byteLength) return false
    return numberAt(page, data) + numberAt(page, data + 16) <= pages
  }
  const length = page.getUint16(node, true) + page.getUint16(node + 2, true) * 2 ** 16
  if (data + length > page.byteLength) return false
  if ((flags & IS_DATABASE) !== 0) {
    if (length !== DATABASE_BYTES) return false
    const root = numberAt(page, data + ROOT_AT)
    if (root !== NO_PAGE) {
      open.push({ page: root, isOrdered: true, low: undefined, high: undefined })
    }
  }
  return true
}
