/**
 * A record: the bytes under which a store keeps one entry.
 *
 *     0    u32   CRC-32 of the storage key and of everything after this field
 *     4    u8    format version, 1
 *     5    u16   flags, see FLAG
 *     7    u8    serializer: 1 msgpack, 2 json, 3 structured, 255 the one in the format identity
 *     8    u48   seq: the version at which the entry was inserted; orders entries by insertion
 *     14   u48   createdAt, milliseconds since 1970-01-01 UTC
 *     20   var   version - seq
 *          var   updatedAt - createdAt, milliseconds
 *          u48   expiresAt                        only with FLAG.deadline
 *          u48   graceUntil, var computeMs        only with FLAG.grace
 *          u8    compressor, u8 cipher suite      only with FLAG.coded; 0 for none
 *          var   length of the key, and the key   only with FLAG.key
 *          var   number of tags, and for each its length and bytes   only with FLAG.tags
 *          …     payload, to the end
 *
 * A record with a cipher suite is sealed: it ends with an envelope, in which is the whole record in
 * plain. Its header outside tells no more than upkeep needs; see sealed-record.ts.
 *
 * Integers are little-endian; `var` is LEB128. The header comes first, so that an expired record
 * costs no decoding. The checksum takes in the storage key: a record under another key is damage.
 */
import {
  ByteReader,
  readUint32,
  varintLength,
  writeUint32,
  writeUint48,
  writeVarint,
} from '../bytes.js'
import { decodeWtf8, encodeWtf8 } from '../keys/wtf8.js'
import { crc32 } from './crc32.js'

export const FORMAT_VERSION = 1

export const FLAG = {
  deadline: 1,
  key: 2,
  tags: 4,
  graph: 8,
  /** No entry: keeps a chain of colliding keys together after one in its middle was deleted. */
  hole: 16,
  /** The value can be frozen, and so be shared between readers: nothing but objects and arrays. */
  plain: 32,
  /** The payload went through a compressor, a cipher or both. */
  coded: 64,
  /** The entry is kept for a while after its deadline, for those who compute it anew. */
  grace: 128,
  /** It is kept now: expired for everybody else, and not counted. */
  retired: 256,
} as const

const KNOWN_FLAGS = 511

/** What is known of an entry that was computed. */
export interface Grace {
  /** The deadline; for a retired entry, which counts as expired long ago, the one that it had. */
  readonly freshUntil: number
  /** How long the entry is kept for those who compute it anew. */
  readonly until: number
  /** How long it took to compute. */
  readonly computeMs: number
  readonly isRetired: boolean
}

/** The deadline of whatever counts as expired, whatever the clock says. */
const LONG_AGO = 1

/** What a record says of its entry, and the entry's payload. */
export interface RecordFields {
  readonly serializer: number
  /** What compressed the payload; 0 for nothing. */
  readonly compressor: number
  /** The cipher suite that sealed the record; 0 for none. */
  readonly suite: number
  /** The payload is of the value's graph (graph.ts). */
  readonly isGraph: boolean
  /** The value is made of plain objects, arrays and primitives only. */
  readonly isPlain: boolean
  readonly isHole: boolean
  /** Insertion order within a namespace. */
  readonly seq: number
  /** Grows with each write of any entry; no two writes share one. */
  readonly version: number
  readonly createdAt: number
  readonly updatedAt: number
  /** Milliseconds since 1970-01-01 UTC; 0 for never. */
  readonly expiresAt: number
  /** Undefined unless the entry was computed. */
  readonly grace?: Grace | undefined
  /** The full key, for a hashed storage key. */
  readonly key: Uint8Array | undefined
  readonly tags: readonly string[]
  readonly payload: Uint8Array
}

/** The checksum is of everything from here on. */
export const CHECKED_FROM = 4
const FIXED_BYTES = 20
const CODED_BYTES = 2
const UINT48_BYTES = 6
/** Of a number that is no greater than a version. */
const MAX_VARINT_BYTES = 7
const NO_TAGS: readonly string[] = Object.freeze([])

/** Records up to this length are built in one buffer, used again and again: stores copy what they put. */
const SCRATCH_BYTES = 64 * 2 ** 10
const scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES)

/** The scratch cut to the length of a record, by that length: making one takes longer than a record. */
const scratchViews: (Uint8Array | undefined)[] = []
const MOST_SCRATCH_VIEWS = 1_024

/** The record of an entry. The bytes are lent until the next call; copy what you keep. */
export function encodeRecord(storageKey: Uint8Array, fields: RecordFields): Uint8Array {
  const { key, payload, grace } = fields
  const expiresAt = grace === undefined ? fields.expiresAt : grace.freshUntil
  const tags = fields.tags.length === 0 ? NO_BLOCKS : fields.tags.map(encodeWtf8)
  const sinceSeq = fields.version - fields.seq
  // A clock that was set back must not make an entry older than itself.
  const sinceCreated = Math.max(0, fields.updatedAt - fields.createdAt)
  const flags = flagsOf(fields)
  const length =
    FIXED_BYTES +
    varintLength(sinceSeq) +
    varintLength(sinceCreated) +
    (expiresAt === 0 ? 0 : UINT48_BYTES) +
    (grace === undefined ? 0 : UINT48_BYTES + varintLength(grace.computeMs)) +
    ((flags & FLAG.coded) === 0 ? 0 : CODED_BYTES) +
    (key === undefined ? 0 : varintLength(key.length) + key.length) +
    (tags.length === 0 ? 0 : tagsLength(tags)) +
    payload.length
  const bytes = length <= SCRATCH_BYTES ? scratch : Buffer.allocUnsafe(length)
  bytes[4] = FORMAT_VERSION
  bytes[5] = flags
  bytes[6] = flags >>> 8
  bytes[7] = fields.serializer
  writeUint48(bytes, 8, fields.seq)
  writeUint48(bytes, 14, fields.createdAt)
  let at = writeVarint(bytes, FIXED_BYTES, sinceSeq)
  at = writeVarint(bytes, at, sinceCreated)
  if (expiresAt !== 0) at = writeUint48(bytes, at, expiresAt)
  if (grace !== undefined) {
    at = writeUint48(bytes, at, grace.until)
    at = writeVarint(bytes, at, grace.computeMs)
  }
  if ((flags & FLAG.coded) !== 0) {
    bytes[at++] = fields.compressor
    bytes[at++] = fields.suite
  }
  if (key !== undefined) at = writeBlock(bytes, at, key)
  if (tags.length > 0) {
    at = writeVarint(bytes, at, tags.length)
    for (const tag of tags) at = writeBlock(bytes, at, tag)
  }
  bytes.set(payload, at)
  writeUint32(bytes, 0, checksum(storageKey, bytes, length))
  return bytes === scratch ? scratchView(length) : bytes
}

function scratchView(length: number): Uint8Array {
  const view = scratchViews[length] ?? scratch.subarray(0, length)
  if (length < MOST_SCRATCH_VIEWS) scratchViews[length] = view
  return view
}

/**
 * The fields of a record; `key` and `payload` are views of it.
 * Throws RangeError, saying what is wrong, unless these are the bytes that were stored under the key.
 */
export function decodeRecord(storageKey: Uint8Array, record: Uint8Array): DecodedRecord {
  assertIntact(storageKey, record)
  return new DecodedRecord(record)
}

/** Flags that tell of the value, and not of whether the entry is there. */
const VALUE_FLAGS = FLAG.graph | FLAG.plain

/**
 * Whether the record is that of an entry that is there as long as its row is, under a key that the
 * storage key tells: decodeRecord() would tell nothing more of that. If so, throws as it does.
 */
export function isLasting(storageKey: Uint8Array, record: Uint8Array): boolean {
  const flags = (record[5] as number) | ((record[6] as number) << 8)
  if ((flags & ~VALUE_FLAGS) !== 0) return false
  assertIntact(storageKey, record)
  return true
}

/** Flags of what makes a header as long as its keys, tags and numbers are, or of no entry. */
const LONG_FLAGS = FLAG.key | FLAG.tags | FLAG.grace | FLAG.hole | FLAG.retired

/** No header without these flags is longer. */
export const BRIEF_HEADER_BYTES = FIXED_BYTES + 2 * MAX_VARINT_BYTES + UINT48_BYTES + CODED_BYTES

/** Whether the header of a record is no longer than that; as it was stored, sealed or not. */
export function hasBriefHeader(record: Uint8Array): boolean {
  return (((record[5] as number) | ((record[6] as number) << 8)) & LONG_FLAGS) === 0
}

function assertIntact(storageKey: Uint8Array, record: Uint8Array): void {
  const { length } = record
  if (length < FIXED_BYTES) throw new RangeError('it is too short')
  // The format comes before the checksum: a later version may compute another.
  if (record[4] !== FORMAT_VERSION) {
    throw new RangeError(
      `it has record format ${record[4]}, and this version reads ${FORMAT_VERSION}`,
    )
  }
  if (readUint32(record, 0) !== checksum(storageKey, record, length)) {
    throw new RangeError('its checksum is wrong: the bytes on disk have changed')
  }
}

/** A record whose checksum was right. Only its length and indices are used: it may be lent. */
export class DecodedRecord implements RecordFields {
  readonly bytes: Uint8Array
  readonly payloadStart: number
  readonly seq: number
  readonly version: number
  readonly createdAt: number
  readonly updatedAt: number
  readonly expiresAt: number
  readonly grace: Grace | undefined
  readonly compressor: number
  readonly suite: number
  readonly key: Uint8Array | undefined
  readonly tags: readonly string[]
  readonly #flags: number

  /** What the record takes in the store, sealed if it was. */
  readonly storedBytes: number

  /** Throws RangeError for what no version of the format makes. */
  constructor(bytes: Uint8Array, storedBytes = bytes.length) {
    this.bytes = bytes
    this.storedBytes = storedBytes
    const flags = (bytes[5] as number) | ((bytes[6] as number) << 8)
    if ((flags & ~KNOWN_FLAGS) !== 0) throw new RangeError(`it has unknown flags ${flags}`)
    this.#flags = flags
    const reader = new ByteReader(bytes, 8)
    this.seq = reader.uint48()
    this.createdAt = reader.uint48()
    this.version = this.seq + reader.varint()
    this.updatedAt = this.createdAt + reader.varint()
    const expiresAt = (flags & FLAG.deadline) === 0 ? 0 : reader.uint48()
    this.grace = (flags & FLAG.grace) === 0 ? undefined : readGrace(reader, expiresAt, flags)
    this.expiresAt = (flags & FLAG.retired) === 0 ? expiresAt : LONG_AGO
    const isCoded = (flags & FLAG.coded) !== 0
    this.compressor = isCoded ? reader.uint8() : 0
    this.suite = isCoded ? reader.uint8() : 0
    // Of a sealed record these flags are 0, and the payload is the envelope.
    this.key = (flags & FLAG.key) === 0 ? undefined : reader.take(reader.varint())
    this.tags = (flags & FLAG.tags) === 0 ? NO_TAGS : readTags(reader)
    this.payloadStart = reader.offset
  }

  get serializer(): number {
    return this.bytes[7] as number
  }

  get isGraph(): boolean {
    return (this.#flags & FLAG.graph) !== 0
  }

  get isPlain(): boolean {
    return (this.#flags & FLAG.plain) !== 0
  }

  get isHole(): boolean {
    return (this.#flags & FLAG.hole) !== 0
  }

  get isRetired(): boolean {
    return (this.#flags & FLAG.retired) !== 0
  }

  /** Whether the row counts as an entry of its namespace, expired or not. */
  get isCounted(): boolean {
    return (this.#flags & (FLAG.hole | FLAG.retired)) === 0
  }

  /** When something is to be done about the row: the deadline that the store knows; 0 for never. */
  get dueAt(): number {
    return this.isRetired ? (this.grace?.until ?? 0) : this.expiresAt
  }

  get payload(): Uint8Array {
    return this.bytes.subarray(this.payloadStart, this.bytes.length)
  }

  get payloadLength(): number {
    return this.bytes.length - this.payloadStart
  }
}

/** The same record as one that is retired. */
export function retired(storageKey: Uint8Array, record: Uint8Array): Uint8Array {
  const bytes = Uint8Array.prototype.slice.call(record, 0, record.length)
  bytes[6] = (bytes[6] as number) | (FLAG.retired >>> 8)
  writeUint32(bytes, 0, checksum(storageKey, bytes, bytes.length))
  return bytes
}

/** Whether an entry with this deadline is gone at `now`. */
export function isExpired(expiresAt: number, now: number): boolean {
  return expiresAt !== 0 && expiresAt <= now
}

function flagsOf(fields: RecordFields): number {
  const { grace } = fields
  return (
    ((grace === undefined ? fields.expiresAt : grace.freshUntil) === 0 ? 0 : FLAG.deadline) |
    (grace === undefined ? 0 : FLAG.grace) |
    (grace?.isRetired ? FLAG.retired : 0) |
    (fields.key === undefined ? 0 : FLAG.key) |
    (fields.tags.length === 0 ? 0 : FLAG.tags) |
    (fields.isGraph ? FLAG.graph : 0) |
    (fields.isHole ? FLAG.hole : 0) |
    (fields.isPlain ? FLAG.plain : 0) |
    (fields.compressor === 0 && fields.suite === 0 ? 0 : FLAG.coded)
  )
}

function checksum(storageKey: Uint8Array, record: Uint8Array, length: number): number {
  return crc32(record, CHECKED_FROM, length, crc32(storageKey, 0, storageKey.length, 0))
}

const NO_BLOCKS: readonly Uint8Array[] = []

function tagsLength(tags: readonly Uint8Array[]): number {
  const lengths = tags.map((tag) => varintLength(tag.length) + tag.length)
  return lengths.reduce((sum, length) => sum + length, varintLength(tags.length))
}

function writeBlock(target: Uint8Array, offset: number, block: Uint8Array): number {
  const at = writeVarint(target, offset, block.length)
  target.set(block, at)
  return at + block.length
}

function readGrace(reader: ByteReader, freshUntil: number, flags: number): Grace {
  const until = reader.uint48()
  return { freshUntil, until, computeMs: reader.varint(), isRetired: (flags & FLAG.retired) !== 0 }
}

function readTags(reader: ByteReader): readonly string[] {
  const tags: string[] = []
  // Each tag takes a byte at least, so a wrong count ends at the end of the record.
  for (let left = reader.varint(); left > 0; left--) {
    tags.push(decodeWtf8(reader.take(reader.varint())))
  }
  return tags
}
