/**
 * The records of the log of a file store.
 *
 *     0    u32   length of the body
 *     4    u32   CRC-32 of these four bytes
 *     8    u32   CRC-32 of the body
 *     12   …     body
 *
 *     body    u8 kind │ var commit │ var version │ u8 1 if synced │ changes, to the end
 *     change  u8 'put' │ bucket │ key │ var commit that wrote the file │ var length │ var deadline
 *             u8 'delete' │ bucket │ key
 *             u8 'forget' │ bucket │ key
 *             u8 'keep' │ bucket │ key │ record │ var deadline
 *     bucket  var length │ its name as JSON, in UTF-8        key, record  var length │ bytes
 *
 * Integers are little-endian; `var` is LEB128. The length has a checksum of its own, so that an append
 * that was cut off is told from damage: after it there is nothing, while its length is right.
 */
import { crc32 } from 'node:zlib'
import { ByteReader, varintLength, writeVarint } from '../../bytes.js'

export const RECORD_HEAD_BYTES = 12

/** `'commit'`: changes. `'synced'`: all before is on disk. `'seal'`: the log goes on in the next file. */
export type LogKind = 'commit' | 'synced' | 'seal'

export interface LogRecord {
  readonly kind: LogKind
  /** Commits until now, this one included. */
  readonly commit: number
  /** The last version given out. */
  readonly version: number
  /** All up to here is on disk. */
  readonly isSynced: boolean
  readonly changes: readonly LogChange[]
}

export type LogChange =
  | {
      readonly kind: 'put'
      readonly bucket: string
      readonly key: Uint8Array
      /** Names the file, with bucket and key. */
      readonly commit: number
      readonly length: number
      /** 0 for none. */
      readonly deadline: number
    }
  | { readonly kind: 'delete' | 'forget'; readonly bucket: string; readonly key: Uint8Array }
  | {
      /** A row whose record is in the log, and in no file. */
      readonly kind: 'keep'
      readonly bucket: string
      readonly key: Uint8Array
      readonly record: Uint8Array
      /** 0 for none. */
      readonly deadline: number
    }

// Positions are stored: these lists grow at their ends only.
const KINDS = ['commit', 'synced', 'seal'] as const
const CHANGES = ['put', 'delete', 'forget', 'keep'] as const

export function encodeLogRecord(record: LogRecord): Uint8Array {
  const writer = new Writer()
  writer.byte(KINDS.indexOf(record.kind))
  writer.number(record.commit)
  writer.number(record.version)
  writer.byte(record.isSynced ? 1 : 0)
  for (const change of record.changes) {
    writer.byte(CHANGES.indexOf(change.kind))
    writer.block(Buffer.from(JSON.stringify(change.bucket), 'utf8'))
    writer.block(change.key)
    if (change.kind === 'put') {
      writer.number(change.commit)
      writer.number(change.length)
      writer.number(change.deadline)
    } else if (change.kind === 'keep') {
      writer.block(change.record)
      writer.number(change.deadline)
    }
  }
  const body = writer.bytes()
  const bytes = Buffer.allocUnsafe(RECORD_HEAD_BYTES + body.length)
  bytes.writeUInt32LE(body.length, 0)
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 4)), 4)
  bytes.writeUInt32LE(crc32(body), 8)
  bytes.set(body, RECORD_HEAD_BYTES)
  return bytes
}

/** The record at the beginning of `bytes`, and what follows it. */
export interface LogStep {
  readonly record: LogRecord
  readonly length: number
}

/**
 * Reads the first record. `'incomplete'`: the bytes end before it does. `'damaged'`: they are no record,
 * or one whose append is still under way.
 */
export function decodeLogRecord(bytes: Buffer): LogStep | 'incomplete' | 'damaged' {
  if (bytes.length < RECORD_HEAD_BYTES) return 'incomplete'
  if (crc32(bytes.subarray(0, 4)) !== bytes.readUInt32LE(4)) return 'damaged'
  const length = RECORD_HEAD_BYTES + bytes.readUInt32LE(0)
  if (bytes.length < length) return 'incomplete'
  const body = bytes.subarray(RECORD_HEAD_BYTES, length)
  if (crc32(body) !== bytes.readUInt32LE(8)) return 'damaged'
  try {
    return { record: decodeBody(body), length }
  } catch {
    // Whole, and not what this version writes.
    return 'damaged'
  }
}

function decodeBody(body: Buffer): LogRecord {
  const reader = new ByteReader(body, 0)
  const kind = KINDS[reader.uint8()]
  if (kind === undefined) throw new RangeError('an unknown kind of record')
  const commit = reader.varint()
  const version = reader.varint()
  const isSynced = reader.uint8() === 1
  const changes: LogChange[] = []
  while (reader.offset < body.length) changes.push(decodeChange(reader))
  return { kind, commit, version, isSynced, changes }
}

function decodeChange(reader: ByteReader): LogChange {
  const kind = CHANGES[reader.uint8()]
  if (kind === undefined) throw new RangeError('an unknown kind of change')
  const bucket: unknown = JSON.parse(Buffer.from(reader.take(reader.varint())).toString('utf8'))
  if (typeof bucket !== 'string') throw new RangeError('a bucket without a name')
  // Copied: the buffer is used again.
  const key = Uint8Array.prototype.slice.call(reader.take(reader.varint()))
  if (kind === 'keep') {
    const record = Uint8Array.prototype.slice.call(reader.take(reader.varint()))
    return { kind, bucket, key, record, deadline: reader.varint() }
  }
  if (kind !== 'put') return { kind, bucket, key }
  const [commit, length, deadline] = [reader.varint(), reader.varint(), reader.varint()]
  return { kind, bucket, key, commit, length, deadline }
}

/** Bytes that grow. */
class Writer {
  readonly #parts: Uint8Array[] = []

  byte(value: number): void {
    this.#parts.push(Uint8Array.of(value))
  }

  number(value: number): void {
    const part = new Uint8Array(varintLength(value))
    writeVarint(part, 0, value)
    this.#parts.push(part)
  }

  block(bytes: Uint8Array): void {
    this.number(bytes.length)
    this.#parts.push(bytes)
  }

  bytes(): Buffer {
    return Buffer.concat(this.#parts)
  }
}
