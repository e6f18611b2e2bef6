/**
 * Sealed records: an envelope behind a header in plain.
 *
 *     header     as of any record, without key, tags, serializer and compressor
 *     envelope   what the cipher made of the whole record in plain
 *
 * The header is bound to the envelope, with the storage key, the bucket and the store. So an expired
 * record costs no decryption, and a changed deadline is noticed by whoever reads the record.
 * The checksum tells damage from tampering: disks do not mend checksums.
 */
import type { Secrets } from '../keys/secrets.js'
import { UnsealError } from './cipher/cipher.js'
import { CHECKED_FROM, DecodedRecord, encodeRecord, type RecordFields } from './record.js'

const NO_BYTES = new Uint8Array(0)

/** What the header of a sealed record does not tell. */
const UNTOLD = {
  serializer: 0,
  compressor: 0,
  isGraph: false,
  isPlain: false,
  key: undefined,
  tags: [],
  suite: 0,
  payload: NO_BYTES,
} satisfies Partial<RecordFields>

/** The sealed record of an entry. The bytes are lent, as by encodeRecord(). */
export function sealRecord(
  secrets: Secrets,
  bucket: string,
  storageKey: Uint8Array,
  fields: RecordFields,
): Uint8Array {
  const plaintext = Uint8Array.from(encodeRecord(storageKey, fields))
  return sealBytes(secrets, bucket, storageKey, fields, plaintext)
}

/** The same for a record that is there in plain. */
export function resealRecord(
  secrets: Secrets,
  bucket: string,
  storageKey: Uint8Array,
  record: DecodedRecord,
): Uint8Array {
  const { seq, version, createdAt, updatedAt, expiresAt, grace, isHole } = record
  const header = { seq, version, createdAt, updatedAt, expiresAt, grace, isHole }
  return sealBytes(secrets, bucket, storageKey, header, record.bytes)
}

function sealBytes(
  secrets: Secrets,
  bucket: string,
  storageKey: Uint8Array,
  fields: Omit<RecordFields, keyof typeof UNTOLD>,
  plaintext: Uint8Array,
): Uint8Array {
  const told = { ...fields, ...UNTOLD, suite: secrets.suite }
  const header = Uint8Array.from(encodeRecord(storageKey, told)).subarray(CHECKED_FROM)
  const payload = secrets.seal(bucket, storageKey, header, plaintext)
  return encodeRecord(storageKey, { ...told, payload })
}

/** The record in an envelope. Throws UnsealError, or RangeError for what no version makes. */
export function openRecord(
  secrets: Secrets,
  bucket: string,
  storageKey: Uint8Array,
  sealed: DecodedRecord,
): DecodedRecord {
  if (sealed.suite === 0) {
    throw new UnsealError('form', 'it is not sealed, and everything in this store is')
  }
  const header = sealed.bytes.subarray(CHECKED_FROM, sealed.payloadStart)
  const { suite, payload, bytes } = sealed
  const plaintext = secrets.open(suite, bucket, storageKey, header, payload)
  return new DecodedRecord(plaintext, bytes.length)
}
