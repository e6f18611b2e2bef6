/** Finding the row of a key among those that share its digest. */
import { equalBytes } from '../bytes.js'
import { UnsealError } from '../codec/cipher/cipher.js'
import {
  type DecodedRecord,
  decodeRecord,
  encodeRecord,
  isExpired,
  isLasting,
  type RecordFields,
} from '../codec/record.js'
import { openRecord, sealRecord } from '../codec/sealed-record.js'
import { DecryptError } from '../errors/cipher-errors.js'
import { KeyError } from '../errors/key-errors.js'
import { UnreadableRecordError } from '../errors/value-errors.js'
import type { KeySpace } from '../keys/key-space.js'
import { decodeWtf8, encodeWtf8 } from '../keys/wtf8.js'
import type { StoreReader } from '../store/sync-store.js'

/** The bucket that holds the entries of all namespaces. */
export const ROWS = 'rows'

/** Slots behind one digest that are looked at: a hash worse than that is no hash. */
export const MAX_SLOTS = 1_000_000

/** Where a key is stored, or would be. */
export interface Place {
  readonly storageKey: Uint8Array
  /** The record there, if it is this key's; expired ones included. */
  readonly fields: DecodedRecord | undefined
  /** The record there cannot be read. Setting the key replaces it. */
  readonly damage?: UnreadableRecordError
  /** Another record of the chain cannot be read, and might be the one that was looked for. */
  readonly doubt?: UnreadableRecordError | undefined
}

/**
 * Whether a place may hold bytes that are only lent: its storage key until the next look-up, and its
 * record until the next call to the store. The numbers in `fields` stay.
 */
export type Hold = 'lent' | 'owned'

/** Tells the instant that decides what has expired. */
export interface Instant {
  now(): number
}

/**
 * The record of a key, or undefined. Throws UnreadableRecordError if it is damaged. It may have
 * expired; but with `instant`, sealed records that have expired by then are not opened, and not found.
 */
export function findRow(
  reader: StoreReader,
  space: KeySpace,
  key: string,
  hold: Hold,
  instant?: Instant,
): Place | undefined {
  return found(placeOf(reader, space, key, hold, instant))
}

/**
 * The record of a key for whoever wants its header only; 'lasting' if there is nothing more to know than
 * that its entry is there. Otherwise as findRow(). The record is lent.
 */
export function glimpse(
  reader: StoreReader,
  space: KeySpace,
  key: string,
  instant: Instant,
): DecodedRecord | 'lasting' | undefined {
  const storageKey = space.lend(key)
  if (space.secrets !== undefined || space.isHashed(storageKey)) {
    return findRow(reader, space, key, 'lent', instant)?.fields
  }
  const record = reader.peek(ROWS, storageKey)
  if (record === undefined) return undefined
  try {
    return isLasting(storageKey, record) ? 'lasting' : decodeRecord(storageKey, record)
  } catch (cause) {
    throw unreadable(space.shown(key), cause)
  }
}

/** A place that holds the record of its key, or undefined. Throws UnreadableRecordError. */
export function found(place: Place): Place | undefined {
  if (place.damage !== undefined) throw place.damage
  if (place.fields !== undefined) return place
  if (place.doubt !== undefined) throw place.doubt
  return undefined
}

/**
 * The place of a key, whether or not anything is there yet. With `instant`, sealed records that have
 * expired by then are passed over.
 */
export function placeOf(
  reader: StoreReader,
  space: KeySpace,
  key: string,
  hold: Hold,
  instant?: Instant,
): Place {
  const isLent = hold === 'lent'
  const storageKey = isLent ? space.lend(key) : space.encode(key)
  if (space.isHashed(storageKey)) return placeInChain(reader, space, key, storageKey, instant)
  const record = isLent ? reader.peek(ROWS, storageKey) : reader.get(ROWS, storageKey)
  if (record === undefined) return { storageKey, fields: undefined }
  return placeAt(space, key, storageKey, record, instant)
}

/** The bytes of a record, as the store of the space keeps it. Lent, as by encodeRecord(). */
export function encodeRow(
  space: KeySpace,
  storageKey: Uint8Array,
  fields: RecordFields,
): Uint8Array {
  return space.secrets === undefined
    ? encodeRecord(storageKey, fields)
    : sealRecord(space.secrets, ROWS, storageKey, fields)
}

/** A record as it is in plain. Throws UnsealError, or RangeError for a sealed one in a plain store. */
export function openedRow(
  space: KeySpace,
  storageKey: Uint8Array,
  record: DecodedRecord,
): DecodedRecord {
  if (space.secrets !== undefined) return openRecord(space.secrets, ROWS, storageKey, record)
  if (record.suite === 0) return record
  throw new RangeError('it is sealed, and the dict was opened without a cipher')
}

/** The key of a row that a scan came upon. Throws UnreadableRecordError. */
export function keyOfRow(space: KeySpace, storageKey: Uint8Array, fields: DecodedRecord): string {
  try {
    const { key } = fields.suite === 0 ? fields : openedRow(space, storageKey, fields)
    return key === undefined ? space.decode(storageKey) : decodeWtf8(key)
  } catch (cause) {
    throw unreadable(space.shownRow(storageKey), cause)
  }
}

/** The same of a row that is no hashed one. */
export function keyOfPlainRow(space: KeySpace, storageKey: Uint8Array): string {
  try {
    return space.decode(storageKey)
  } catch (cause) {
    throw unreadable(space.shownRow(storageKey), cause)
  }
}

/** Whether the entry of a row is there as long as the row is. Throws UnreadableRecordError. */
export function isLastingRow(space: KeySpace, storageKey: Uint8Array, record: Uint8Array): boolean {
  try {
    return isLasting(storageKey, record)
  } catch (cause) {
    throw unreadable(space.shownRow(storageKey), cause)
  }
}

/** The record of a row that a scan came upon. Throws UnreadableRecordError. */
export function fieldsOfRow(
  space: KeySpace,
  storageKey: Uint8Array,
  record: Uint8Array,
): DecodedRecord {
  try {
    return openedRow(space, storageKey, decodeRecord(storageKey, record))
  } catch (cause) {
    throw unreadable(space.shownRow(storageKey), cause)
  }
}

/**
 * The record of a row for upkeep, which needs no more than its header: a sealed one is not opened.
 * Undefined for one that cannot be read, which is left in place.
 */
export function readableFields(
  storageKey: Uint8Array,
  record: Uint8Array,
): DecodedRecord | undefined {
  try {
    return decodeRecord(storageKey, record)
  } catch {
    return undefined
  }
}

/** The same with what is sealed, too: tags, key, payload. */
export function openedFields(
  space: KeySpace,
  storageKey: Uint8Array,
  record: Uint8Array,
): DecodedRecord | undefined {
  try {
    return openedRow(space, storageKey, decodeRecord(storageKey, record))
  } catch {
    return undefined
  }
}

function placeInChain(
  reader: StoreReader,
  space: KeySpace,
  key: string,
  first: Uint8Array,
  instant: Instant | undefined,
): Place {
  const wanted = encodeWtf8(key)
  let hole: Uint8Array | undefined
  let doubt: UnreadableRecordError | undefined
  for (let slot = 0; slot < MAX_SLOTS; slot++) {
    const storageKey = space.withSlot(first, slot)
    // A sealed record is copied when it is opened.
    const record =
      space.secrets === undefined ? reader.get(ROWS, storageKey) : reader.peek(ROWS, storageKey)
    if (record === undefined) return { storageKey: hole ?? storageKey, fields: undefined, doubt }
    const place = placeAt(space, key, storageKey, record, instant)
    if (place.damage !== undefined) {
      if (space.hasUniqueDigests) return place
      doubt ??= place.damage
    } else if (place.fields?.isHole) hole ??= storageKey
    else if (place.fields?.key !== undefined && equalBytes(place.fields.key, wanted)) return place
  }
  throw new KeyError(
    space.shown(key),
    `More than ${MAX_SLOTS} keys have one digest: raise digestBytes, in a new dict.`,
  )
}

/** The place of a key where this record is. */
export function placeAt(
  space: KeySpace,
  key: string,
  storageKey: Uint8Array,
  record: Uint8Array,
  instant?: Instant,
): Place {
  try {
    const fields = decodeRecord(storageKey, record)
    if (space.secrets !== undefined && instant !== undefined && isPast(fields, instant)) {
      return { storageKey, fields: undefined }
    }
    return { storageKey, fields: openedRow(space, storageKey, fields) }
  } catch (cause) {
    return { storageKey, fields: undefined, damage: unreadable(space.shown(key), cause) }
  }
}

function isPast({ expiresAt }: DecodedRecord, instant: Instant): boolean {
  return expiresAt !== 0 && isExpired(expiresAt, instant.now())
}

function unreadable(shownKey: string, cause: unknown): UnreadableRecordError {
  const { message } = cause as Error
  return cause instanceof UnsealError
    ? new DecryptError(shownKey, cause.reason, message, { cause })
    : new UnreadableRecordError(shownKey, message, { cause })
}
