/**
 * Invalidating entries by tag, at a cost that does not depend on how many there are.
 *
 *     tags   the tag, as a key of its namespace → its mark:
 *            version at which it was last invalidated (u48) │ CRC-32 of the storage key and of that (u32)
 *
 * An entry with a tag that was invalidated after the entry was written is gone for every reader. Its
 * row stays until a sweep. A cached entry needs no look at its tags: the commit of an invalidation
 * makes all cached entries be checked again.
 *
 * A mark that cannot be read might concern an entry or not. Readers of that entry are told so, and
 * nothing is removed because of it. See decision 0034.
 */
import { ByteReader, readUint32, writeUint32, writeUint48 } from '../bytes.js'
import { crc32 } from '../codec/crc32.js'
import { UnreadableTagError } from '../errors/value-errors.js'
import type { KeySpace } from '../keys/key-space.js'
import type { StoreReader, StoreRow, StoreTransaction } from '../store/sync-store.js'

export const TAGS = 'tags'
const VERSION_BYTES = 6
const MARK_BYTES = 10

/** Marks read at a time. */
const STEP_MARKS = 64

/** What decides whether an entry is gone: its own version, and its tags. */
export interface Tagged {
  readonly tags: readonly string[]
  readonly version: number
}

/** What is to be done about a mark that cannot be read: upkeep takes the entry for one that is there. */
export type Unreadable = 'throw' | 'ignore'

/** Whether one of the entry's tags was invalidated since it was written. Throws UnreadableTagError. */
export function isInvalidated(
  reader: Pick<StoreReader, 'get'>,
  space: KeySpace,
  { tags, version }: Tagged,
  unreadable: Unreadable = 'throw',
): boolean {
  let doubt: string | undefined
  for (const tag of tags) {
    const key = space.encode(tag)
    const row = reader.get(TAGS, key)
    if (row === undefined) continue
    const at = invalidatedAt(key, row)
    if (at === undefined) doubt = tag
    else if (version < at) return true
  }
  if (doubt !== undefined && unreadable === 'throw') throw unreadableTag(space, doubt)
  return false
}

/** Invalidates all entries of the namespace that have one of the tags now. */
export function invalidate(tx: StoreTransaction, space: KeySpace, tags: readonly string[]): void {
  for (const tag of tags) {
    const key = space.encode(tag)
    tx.put(TAGS, key, markOf(key, tx.nextVersion()), 0)
  }
}

/** Whether anything of the namespace was invalidated and not swept since. */
export function hasInvalidated(reader: Pick<StoreReader, 'scan'>, space: KeySpace): boolean {
  return readableMarks(reader, space.bounds(), 1).length > 0
}

/** The first marks of a range; those that cannot be read are passed over. */
export function readableMarks(
  reader: Pick<StoreReader, 'scan'>,
  range: { readonly from?: Uint8Array; readonly to?: Uint8Array },
  limit: number,
): StoreRow[] {
  const found: StoreRow[] = []
  let after: Uint8Array | undefined
  do {
    const rows = reader.scan(TAGS, after === undefined ? range : { ...range, after }, STEP_MARKS)
    found.push(...rows.filter(isReadable))
    after = rows.at(-1)?.key
  } while (after !== undefined && found.length < limit)
  return found.slice(0, limit)
}

export function isReadable({ key, record }: StoreRow): boolean {
  return invalidatedAt(key, record) !== undefined
}

/** The mark of a tag, by the key of its row. */
export function markOf(key: Uint8Array, version: number): Uint8Array {
  const mark = Buffer.alloc(MARK_BYTES)
  writeUint48(mark, 0, version)
  writeUint32(mark, VERSION_BYTES, checksum(key, mark))
  return mark
}

/** The version in a mark; undefined if it cannot be read. */
export function invalidatedAt(key: Uint8Array, mark: Uint8Array): number | undefined {
  if (mark.length !== MARK_BYTES) return undefined
  return readUint32(mark, VERSION_BYTES) === checksum(key, mark)
    ? new ByteReader(mark, 0).uint48()
    : undefined
}

export function unreadableTag(space: KeySpace, tag: string): UnreadableTagError {
  return new UnreadableTagError(space.shown(tag))
}

function checksum(key: Uint8Array, mark: Uint8Array): number {
  return crc32(mark, 0, VERSION_BYTES, crc32(key, 0, key.length, 0)) >>> 0
}
