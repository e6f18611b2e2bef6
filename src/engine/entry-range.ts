/** Ranges of entries, as ranges of rows and as entries made of rows. Knows no store. */
import { compareBytes } from '../bytes.js'
import type { ValueCodec } from '../codec/value-codec.js'
import type { KeySpace } from '../keys/key-space.js'
import { encodeWtf8 } from '../keys/wtf8.js'
import type { ScanRange } from '../store/sync-store.js'
import { Entry, type ValueMode } from './entry.js'
import { fieldsOfRow, isLastingRow, keyOfPlainRow, keyOfRow } from './row.js'

/** Which entries, in which order. All bounds together. */
export interface EntryRange {
  readonly gt?: string | undefined
  readonly gte?: string | undefined
  readonly lt?: string | undefined
  readonly lte?: string | undefined
  readonly prefix?: string | undefined
  readonly limit?: number | undefined
  readonly reverse?: boolean | undefined
  readonly order?: 'key' | 'insertion' | undefined
}

/** The first step is small, since many scans look at a few entries only. */
export const FIRST_STEP_ROWS = 16
export const STEP_ROWS = 256

/** What the entries of a scan are for: their keys only, or values of a kind. */
export type Wanted = 'keys' | ValueMode

export function modeOf(wanted: Wanted): ValueMode {
  return wanted === 'keys' ? 'frozen' : wanted
}

/** The keys that bound a range. */
export function boundKeys({ gt, gte, lt, lte }: EntryRange): string[] {
  return [gt, gte, lt, lte].filter((key) => key !== undefined)
}

/**
 * The rows of a range. `placeOf` tells where a key is stored, or undefined if it is not: hashed keys
 * are ordered as they are stored, by their first bytes, then by digest.
 */
export function boundsOf(
  space: KeySpace,
  range: EntryRange,
  placeOf: (key: string) => Uint8Array | undefined,
): ScanRange {
  const { gt, gte, lt, lte, prefix } = range
  let { from, to } = prefix === undefined ? space.bounds() : space.prefixBounds(prefix)
  const raise = (bound: Uint8Array) => {
    if (Buffer.compare(bound, from) > 0) from = bound
  }
  const lower = (bound: Uint8Array) => {
    if (Buffer.compare(bound, to) < 0) to = bound
  }
  if (gte !== undefined) raise(placeOf(gte) ?? space.encode(gte))
  if (gt !== undefined) raise(beyond(space, gt, placeOf(gt)))
  if (lt !== undefined) lower(placeOf(lt) ?? space.encode(lt))
  if (lte !== undefined) lower(beyond(space, lte, placeOf(lte)))
  return { from, to, reverse: range.reverse ?? false }
}

/** The first position after a key. A long key that is not there comes before all with its digest. */
function beyond(space: KeySpace, key: string, found: Uint8Array | undefined): Uint8Array {
  const storageKey = found ?? space.encode(key)
  return found === undefined && space.isHashed(storageKey)
    ? storageKey
    : Buffer.concat([storageKey, Uint8Array.of(0)])
}

/** What a scan wants of the rows that it comes upon. */
export interface RowFilter {
  readonly space: KeySpace
  readonly prefix: string | undefined
  readonly wanted: Wanted
  readonly codec: ValueCodec
}

/**
 * The entry of a row, whose record may be lent; undefined for a row that is none, or not of the range.
 * Throws UnreadableRecordError.
 */
export function entryOfRow(
  filter: RowFilter,
  storageKey: Uint8Array,
  bytes: Uint8Array,
): Entry | undefined {
  const { space, prefix, wanted, codec } = filter
  const record = fieldsOfRow(space, storageKey, bytes)
  if (record.isHole) return undefined
  const key = keyOfRow(space, storageKey, record)
  // A prefix longer than the head of hashed keys: its bounds take in other keys, too.
  if (prefix !== undefined && !key.startsWith(prefix)) return undefined
  if (wanted === 'keys') return Entry.bare(key, record, codec)
  if (wanted === 'frozen' && record.isPlain) return Entry.frozen(key, record, codec)
  return Entry.copied(key, record, codec)
}

/** As entryOfRow(), but of an entry that is there as long as its row is, no more than its key. */
export function keyOfRowOrEntry(
  filter: RowFilter,
  storageKey: Uint8Array,
  bytes: Uint8Array,
): Entry | string | undefined {
  const { space, prefix } = filter
  if (space.secrets !== undefined || !isLastingRow(space, storageKey, bytes)) {
    return entryOfRow(filter, storageKey, bytes)
  }
  const key = keyOfPlainRow(space, storageKey)
  return prefix === undefined || key.startsWith(prefix) ? key : undefined
}

/**
 * The range of rows, in any order, in which all entries of a range are, where they must be collected:
 * for the order of insertion, or because hidden rows are in none.
 */
export function collectedRange(space: KeySpace, range: EntryRange): EntryRange {
  return space.isHidden ? { prefix: range.prefix } : { ...range, reverse: false }
}

/** Those of the collected entries that are in a range, in its order. */
export function inOrder(space: KeySpace, range: EntryRange, found: readonly Entry[]): Entry[] {
  const entries = found.filter(({ key }) => !space.isHidden || isWithin(key, range))
  if (range.order === 'insertion') sortByInsertion(entries, range.reverse)
  else sortByKey(entries, range.reverse)
  return entries
}

/** Puts entries in the order in which they were inserted, or the reverse. */
function sortByInsertion(entries: Entry[], reverse: boolean | undefined): void {
  entries.sort(reverse ? (a, b) => b.seq - a.seq : (a, b) => a.seq - b.seq)
}

/** Puts entries in the order of their keys, or the reverse. For where rows are not in it. */
function sortByKey(entries: Entry[], reverse: boolean | undefined): void {
  const bytes = new Map(entries.map(({ key }) => [key, encodeWtf8(key)]))
  const compare = (a: Entry, b: Entry) =>
    compareBytes(bytes.get(a.key) as Uint8Array, bytes.get(b.key) as Uint8Array)
  entries.sort(reverse ? (a, b) => compare(b, a) : compare)
}

/** Whether a key is within the bounds of a range. For where rows are not in the order of keys. */
function isWithin(key: string, { gt, gte, lt, lte }: EntryRange): boolean {
  const to = (bound: string) => compareBytes(encodeWtf8(key), encodeWtf8(bound))
  return (
    (gt === undefined || to(gt) > 0) &&
    (gte === undefined || to(gte) >= 0) &&
    (lt === undefined || to(lt) < 0) &&
    (lte === undefined || to(lte) <= 0)
  )
}
