import { MAX_UINT48 } from '../bytes.js'
import { DecodedRecord, isExpired, type RecordFields, retired } from '../codec/record.js'
import { resealRecord } from '../codec/sealed-record.js'
import type { KeySpace } from '../keys/key-space.js'
import { encodeRow, openedRow, ROWS } from './row.js'
import type { SetWrite } from './write.js'

/** A record that is no entry: what keeps a chain together. */
export const HOLE: RecordFields = {
  serializer: 0,
  compressor: 0,
  suite: 0,
  isGraph: false,
  isPlain: false,
  isHole: true,
  seq: 0,
  version: 0,
  createdAt: 0,
  updatedAt: 0,
  expiresAt: 0,
  key: undefined,
  tags: [],
  payload: new Uint8Array(0),
}

/** What a write becomes a part of. */
export interface RecordPlace {
  readonly storageKey: Uint8Array
  /** The record that is there now, expired ones included. */
  readonly before: DecodedRecord | undefined
  readonly now: number
  readonly version: number
}

/**
 * The record that a write puts at a place. An entry that is there keeps its place in the order of
 * insertion, and its time of creation unless the write brings one. The bytes are lent, as by
 * encodeRecord().
 */
export function newRecord(write: SetWrite, place: RecordPlace): Uint8Array {
  const { space, payload, expiresAt, grace, times } = write
  const { storageKey, before, now, version } = place
  const isKept = keeps(write, before, now)
  return encodeRow(space, storageKey, {
    serializer: payload.serializer,
    compressor: payload.compressor,
    suite: 0,
    isGraph: payload.isGraph,
    isPlain: payload.isPlain,
    isHole: false,
    seq: isKept ? before.seq : version,
    version,
    createdAt: times?.createdAt ?? (isKept ? before.createdAt : now),
    updatedAt: times?.updatedAt ?? now,
    expiresAt,
    grace: grace && { ...grace, freshUntil: expiresAt, isRetired: false },
    key: space.isHashed(storageKey) ? space.fullKey(write.key) : undefined,
    tags: write.tags,
    payload: payload.bytes,
  })
}

/** The write with a deadline no later than the entry's greatest age allows. */
export function limited(
  write: SetWrite,
  before: DecodedRecord | undefined,
  now: number,
  maxAgeMs: number,
): SetWrite {
  const keptAt = keeps(write, before, now) ? before.createdAt : now
  const createdAt = write.times?.createdAt ?? keptAt
  const limit = Math.min(Math.ceil(createdAt + maxAgeMs), MAX_UINT48)
  return { ...write, expiresAt: Math.min(write.expiresAt || limit, limit) }
}

/** Whether a write changes an entry that is there, and does not make a new one. */
function keeps(
  write: SetWrite,
  before: DecodedRecord | undefined,
  now: number,
): before is DecodedRecord {
  return before !== undefined && !write.isNew && !isExpired(before.expiresAt, now)
}

/** The row of a retired entry; undefined if it is sealed and does not open. */
export function retiredRow(
  space: KeySpace,
  storageKey: Uint8Array,
  fields: DecodedRecord,
): Uint8Array | undefined {
  if (space.secrets === undefined) return retired(storageKey, fields.bytes)
  try {
    const { bytes } = openedRow(space, storageKey, fields)
    const kept = new DecodedRecord(retired(storageKey, bytes))
    return resealRecord(space.secrets, ROWS, storageKey, kept)
  } catch {
    return undefined
  }
}
