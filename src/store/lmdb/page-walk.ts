/**
 * Follows the pages of an LMDB file, without LMDB: whether all that is referred to is there.
 *
 *     page     0 number · 8 transaction · 18 u16 flags · 20 u16 end of the pointers · 24 pointers, u16
 *     node     0 u16, u16, u16 child page (in a branch) · 4 u16 flags (in a leaf) · 6 u16 key length
 *              8 key, then data: a value, or, by the flags, the place of one or a database
 *     place    0 u64 first page · 16 u64 number of pages
 *     database 40 u64 root page, all ones if it is empty
 *
 * Pointers count from the end of the page header. The free list is a database, too.
 */
import { readSync } from 'node:fs'

const HEADER_BYTES = 24
const FLAGS_AT = 18
const POINTERS_END_AT = 20
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
 * Whether the trees below these roots lie within the first `pages` pages of the file. False for a page
 * that makes no sense, too.
 */
export function areTreesWithin(
  descriptor: number,
  roots: readonly bigint[],
  pageSize: number,
  pages: number,
): boolean {
  const open = roots.filter((root) => root !== NO_PAGE)
  const page = Buffer.alloc(pageSize)
  // Each page has one parent: more visits than pages are a circle.
  for (let visits = 0; open.length > 0; visits++) {
    const next = open.pop() as bigint
    if (next >= pages || visits > pages) return false
    if (readSync(descriptor, page, 0, pageSize, Number(next) * pageSize) < pageSize) return false
    if (!follow(page, pages, open)) return false
  }
  return true
}

/** Puts what the page refers to on the list. */
function follow(page: Buffer, pages: number, open: bigint[]): boolean {
  const flags = page.readUInt16LE(FLAGS_AT)
  if ((flags & (BRANCH | LEAF)) === 0) return false
  const count = page.readUInt16LE(POINTERS_END_AT) >> 1
  for (let at = 0; at < count; at++) {
    const pointerAt = HEADER_BYTES + 2 * at
    if (pointerAt + 2 > page.length) return false
    const node = page.readUInt16LE(pointerAt) + HEADER_BYTES
    if (node + NODE_BYTES > page.length) return false
    if ((flags & BRANCH) !== 0) open.push(BigInt(page.readUIntLE(node, 6)))
    else if (!followLeaf(page, node, pages, open)) return false
  }
  return true
}

function followLeaf(page: Buffer, node: number, pages: number, open: bigint[]): boolean {
  const flags = page.readUInt16LE(node + NODE_FLAGS_AT)
  const data = node + NODE_BYTES + page.readUInt16LE(node + KEY_LENGTH_AT)
  if ((flags & VALUE_ELSEWHERE) !== 0) {
    if (data + PLACE_BYTES > page.length) return false
    return page.readBigUInt64LE(data) + page.readBigUInt64LE(data + 16) <= pages
  }
  if ((flags & IS_DATABASE) !== 0) {
    if (data + DATABASE_BYTES > page.length) return false
    const root = page.readBigUInt64LE(data + ROOT_AT)
    if (root !== NO_PAGE) open.push(root)
  }
  return true
}
