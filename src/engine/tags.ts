/**
 * Invalidating entries by tag, at a cost that does not depend on how many there are.
 *
 *     tags   the tag, as a key of its namespace → version (u48) at which it was last invalidated
 *
 * An entry with a tag that was invalidated after the entry was written is gone for every reader. Its
 * row stays until a sweep. A cached entry needs no look at its tags: the commit of an invalidation
 * makes all cached entries be checked again.
 */
import { ByteReader, writeUint48 } from '../bytes.js'
import type { KeySpace } from '../keys/key-space.js'
import type { StoreReader, StoreTransaction } from '../store/sync-store.js'

export const TAGS = 'tags'
export const VERSION_BYTES = 6

/** What decides whether an entry is gone: its own version, and its tags. */
export interface Tagged {
  readonly tags: readonly string[]
  readonly version: number
}

/** Whether one of the entry's tags was invalidated since it was written. */
export function isInvalidated(
  reader: Pick<StoreReader, 'get'>,
  space: KeySpace,
  { tags, version }: Tagged,
): boolean {
  for (const tag of tags) {
    const row = reader.get(TAGS, space.encode(tag))
    if (row !== undefined && version < invalidatedAt(row)) return true
  }
  return false
}

/** Invalidates all entries of the namespace that have one of the tags now. */
export function invalidate(tx: StoreTransaction, space: KeySpace, tags: readonly string[]): void {
  for (const tag of tags) invalidateKey(tx, space.encode(tag))
}

/** The same of a tag that is known by its key in the bucket. */
export function invalidateKey(tx: StoreTransaction, key: Uint8Array): void {
  const row = Buffer.alloc(VERSION_BYTES)
  writeUint48(row, 0, tx.nextVersion())
  tx.put(TAGS, key, row, 0)
}

/** Whether anything of the namespace was invalidated and not swept since. */
export function hasInvalidated(reader: Pick<StoreReader, 'scan'>, space: KeySpace): boolean {
  return reader.scan(TAGS, space.bounds(), 1).length > 0
}

/** The version in a row. A row that cannot be read invalidates everything: better than too little. */
export function invalidatedAt(row: Uint8Array): number {
  return row.length === VERSION_BYTES ? new ByteReader(row, 0).uint48() : Number.POSITIVE_INFINITY
}
