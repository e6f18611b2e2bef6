/** Finding the row of a key among those that share its digest. */
import { equalBytes } from '../bytes.js'
import { type DecodedRecord, decodeRecord } from '../codec/record.js'
import { KeyError } from '../errors/key-errors.js'
import { UnreadableRecordError } from '../errors/value-errors.js'
import type { KeySpace } from '../keys/key-space.js'
import { decodeWtf8, encodeWtf8 } from '../keys/wtf8.js'
import type { StoreReader } from '../store/sync-store.js'

/** The bucket that holds the entries of all namespaces. */
export const ROWS = 'rows'

/** Slots behind one digest that are looked at: a hash worse than that is no hash. */
const MAX_SLOTS = 1_000_000

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

/** The record of a key, or undefined. Throws UnreadableRecordError if it is damaged. */
export function findRow(
  reader: StoreReader,
  space: KeySpace,
  key: string,
  hold: Hold,
): Place | undefined {
  const place = placeOf(reader, space, key, hold)
  if (place.damage !== undefined) throw place.damage
  if (place.fields !== undefined) return place
  if (place.doubt !== undefined) throw place.doubt
  return undefined
}

/** The place of a key, whether or not anything is there yet. */
export function placeOf(reader: StoreReader, space: KeySpace, key: string, hold: Hold): Place {
  const isLent = hold === 'lent'
  const storageKey = isLent ? space.lend(key) : space.encode(key)
  if (space.isHashed(storageKey)) return placeInChain(reader, space, key, storageKey)
  const record = isLent ? reader.peek(ROWS, storageKey) : reader.get(ROWS, storageKey)
  if (record === undefined) return { storageKey, fields: undefined }
  return read(key, storageKey, record)
}

/** The key of a row that a scan came upon. Throws UnreadableRecordError. */
export function keyOfRow(space: KeySpace, storageKey: Uint8Array, fields: DecodedRecord): string {
  try {
    return fields.key === undefined ? space.decode(storageKey) : decodeWtf8(fields.key)
  } catch (cause) {
    throw unreadable(shownKey(space, storageKey), cause)
  }
}

/** The record of a row that a scan came upon. Throws UnreadableRecordError. */
export function fieldsOfRow(
  space: KeySpace,
  storageKey: Uint8Array,
  record: Uint8Array,
): DecodedRecord {
  try {
    return decodeRecord(storageKey, record)
  } catch (cause) {
    throw unreadable(shownKey(space, storageKey), cause)
  }
}

/** The same, but undefined for a record that cannot be read: for upkeep, which leaves it in place. */
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

function placeInChain(reader: StoreReader, space: KeySpace, key: string, first: Uint8Array): Place {
  const wanted = encodeWtf8(key)
  let hole: Uint8Array | undefined
  let doubt: UnreadableRecordError | undefined
  for (let slot = 0; slot < MAX_SLOTS; slot++) {
    const storageKey = space.withSlot(first, slot)
    const record = reader.get(ROWS, storageKey)
    if (record === undefined) return { storageKey: hole ?? storageKey, fields: undefined, doubt }
    const place = read(key, storageKey, record)
    if (place.damage !== undefined) doubt ??= place.damage
    else if (place.fields?.isHole) hole ??= storageKey
    else if (place.fields?.key !== undefined && equalBytes(place.fields.key, wanted)) return place
  }
  throw new KeyError(
    key,
    `More than ${MAX_SLOTS} keys have one digest: raise digestBytes, in a new dict.`,
  )
}

function read(key: string, storageKey: Uint8Array, record: Uint8Array): Place {
  try {
    return { storageKey, fields: decodeRecord(storageKey, record) }
  } catch (cause) {
    return { storageKey, fields: undefined, damage: unreadable(key, cause) }
  }
}

function unreadable(key: string, cause: unknown): UnreadableRecordError {
  return new UnreadableRecordError(key, (cause as Error).message, { cause })
}

/** A key for messages: that of a hashed row is in the record, which may be what cannot be read. */
export function shownKey(space: KeySpace, storageKey: Uint8Array): string {
  const hex = `0x${Buffer.from(storageKey).toString('hex')}`
  if (space.isHashed(storageKey)) return hex
  try {
    return space.decode(storageKey)
  } catch {
    return hex
  }
}
