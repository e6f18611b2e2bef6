import { MAX_UINT48 } from '../bytes.js'
import { type DecodedRecord, isExpired } from '../codec/record.js'
import { encodeRow } from './row.js'
import type { SetWrite } from './write.js'

/** What a write becomes a part of. */
export interface RecordPlace {
  readonly storageKey: Uint8Array
  /** The record that is there now, expired ones included. */
  readonly before: DecodedRecord | undefined
  readonly now: number
  readonly version: number
}

/**
 * The record that a write puts at a place. An entry that is there keeps its time of creation and its
 * place in the order of insertion. The bytes are lent, as by encodeRecord().
 */
export function newRecord(write: SetWrite, place: RecordPlace): Uint8Array {
  const { space, payload, expiresAt, grace } = write
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
    createdAt: isKept ? before.createdAt : now,
    updatedAt: now,
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
  const createdAt = keeps(write, before, now) ? before.createdAt : now
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
