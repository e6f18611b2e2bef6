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
const NO_PAGE = 2n ** 64n - 1n

/**
 * Whether the trees below these roots lie within the first `pages` pages of the file, and their pages
 * make sense. Looks at `limit` pages at most, those near the roots first: so in a large file the pages
 * that lead to others are looked at, and not all that hold rows.
 */
export function areTreesWithin(
  descriptor: number,
  [freeList, ...trees]: readonly bigint[],
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
  const page = Buffer.alloc(pageSize)
  for (let visits = 0; visits < open.length; visits++) {
    if (visits >= limit) return true
    const visit = open[visits] as Visit
    // Each page has one parent: more visits than pages are a circle.
    if (visit.page >= pages || visits > pages) return false
    if (readSync(descriptor, page, 0, pageSize, Number(visit.page) * pageSize) < pageSize)
      return false
    if (page.readBigUInt64LE(0) !== visit.page || !follow(page, visit, pages, open)) return false
  }
  return true
}

/**
 * A page to be looked at, and the keys that it may hold: from `low` to below `high`. A key elsewhere
 * would not be found by those who look for it. Keys of the free list are numbers in another order.
 */
interface Visit {
  readonly page: bigint
  readonly isOrdered: boolean
  readonly low: Buffer | undefined
  readonly high: Buffer | undefined
}

/** Puts what the page refers to on the list. */
function follow(page: Buffer, visit: Visit, pages: number, open: Visit[]): boolean {
  const flags = page.readUInt16LE(FLAGS_AT)
  if ((flags & (BRANCH | LEAF)) === 0) return false
  const pointersEnd = page.readUInt16LE(POINTERS_END_AT)
  const nodesStart = page.readUInt16LE(NODES_START_AT)
  if (pointersEnd > nodesStart || nodesStart + HEADER_BYTES > page.length) return false
  const isBranch = (flags & BRANCH) !== 0
  let { low } = visit
  let child: bigint | undefined
  for (let at = 0; at < pointersEnd >> 1; at++) {
    const node = page.readUInt16LE(HEADER_BYTES + 2 * at) + HEADER_BYTES
    if (node + NODE_BYTES > page.length) return false
    const data = node + NODE_BYTES + page.readUInt16LE(node + KEY_LENGTH_AT)
    if (data > page.length) return false
    // The first key of a branch is empty: it stands for whatever the branch begins with.
    const isImplied = isBranch && at === 0
    const key = isImplied ? low : Buffer.from(page.subarray(node + NODE_BYTES, data))
    if (visit.isOrdered && !isImplied && !isBetween(key as Buffer, low, visit.high, at))
      return false
    if (isBranch) {
      if (child !== undefined) open.push({ ...visit, page: child, low, high: key })
      child = BigInt(page.readUIntLE(node, 6))
    } else if (!followLeaf(page, node, data, pages, open)) return false
    low = key
  }
  if (child !== undefined) open.push({ ...visit, page: child, low })
  return true
}

/** Whether a key comes after the one before it in its page, or not before the first that it may be. */
function isBetween(
  key: Buffer,
  low: Buffer | undefined,
  high: Buffer | undefined,
  at: number,
): boolean {
  if (high !== undefined && Buffer.compare(key, high) >= 0) return false
  if (low === undefined) return true
  const order = Buffer.compare(key, low)
  return at === 0 ? order >= 0 : order > 0
}

function followLeaf(
  page: Buffer,
  node: number,
  data: number,
  pages: number,
  open: Visit[],
): boolean {
  const flags = page.readUInt16LE(node + NODE_FLAGS_AT)
  if ((flags & ~(VALUE_ELSEWHERE | IS_DATABASE)) !== 0) return false
  if ((flags & VALUE_ELSEWHERE) !== 0) {
    if (data + PLACE_BYTES > page.length) return false
    return page.readBigUInt64LE(data) + page.readBigUInt64LE(data + 16) <= pages
  }
  const length = page.readUInt16LE(node) + page.readUInt16LE(node + 2) * 2 ** 16
  if (data + length > page.length) return false
  if ((flags & IS_DATABASE) !== 0) {
    if (length !== DATABASE_BYTES) return false
    const root = page.readBigUInt64LE(data + ROOT_AT)
    if (root !== NO_PAGE) {
      open.push({ page: root, isOrdered: true, low: undefined, high: undefined })
    }
  }
  return true
}
