/** Decoded entries, as readers get them and as the read cache keeps them. */

import { ownedBytes } from '../bytes.js'
import { rawLength } from '../codec/compression.js'
import { deepFreeze } from '../codec/freeze.js'
import { type DecodedRecord, type Grace, isExpired } from '../codec/record.js'
import { type Payload, payloadOf, type ValueCodec } from '../codec/value-codec.js'
import { HIDDEN } from '../errors/hidden.js'
import { UnreadableRecordError } from '../errors/value-errors.js'

/** How values are handed out: frozen and shared between readers, or each reader's own copy. */
export type ValueMode = 'frozen' | 'copy'

/** The mark of an entry that is new in the cache; see access-marks.ts. */
export const UNMARKED = 0

/** Objects, map slots and strings around a cached payload. */
const OVERHEAD_BYTES = 320

export class Entry {
  readonly key: string
  readonly seq: number
  readonly version: number
  readonly createdAt: number
  readonly updatedAt: number
  readonly expiresAt: number
  /** Undefined unless the entry was computed. */
  readonly grace: Grace | undefined
  readonly tags: readonly string[]
  /** The length of the serialized value. */
  readonly sizeBytes: number
  /** The change id, or over an AsyncStore the epoch of tags, up to which this entry is known to be the latest. */
  validAt = 0
  /** The epoch in which it was last told that this entry was read; see access-marks.ts. */
  mark = UNMARKED
  readonly #codec: ValueCodec
  /** Undefined if the value was decoded at once and nobody needs the bytes. */
  readonly #payload: Payload | undefined
  #shared: unknown

  /** An entry without its value: for its key and header. */
  static bare(key: string, record: DecodedRecord, codec: ValueCodec): Entry {
    return new Entry(key, record, codec, undefined, undefined)
  }

  /** An entry that keeps the payload of its record. */
  static whole(key: string, record: DecodedRecord, codec: ValueCodec): Entry {
    return new Entry(key, record, codec, payloadOf(record), undefined)
  }

  /** The same, of a record that is only lent. */
  static copied(key: string, record: DecodedRecord, codec: ValueCodec): Entry {
    const payload = payloadOf(record)
    const bytes = ownedBytes(payload.bytes)
    return new Entry(key, record, codec, { ...payload, bytes }, undefined)
  }

  /** An entry with its frozen value and without the payload, for values that can be shared. */
  static frozen(key: string, record: DecodedRecord, codec: ValueCodec): Entry {
    return new Entry(
      key,
      record,
      codec,
      undefined,
      readable(key, codec, () => codec.decodeFrozen(record)),
    )
  }

  private constructor(
    key: string,
    record: DecodedRecord,
    codec: ValueCodec,
    payload: Payload | undefined,
    value: unknown,
  ) {
    this.key = key
    this.seq = record.seq
    this.version = record.version
    this.createdAt = record.createdAt
    this.updatedAt = record.updatedAt
    this.expiresAt = record.expiresAt
    this.grace = record.grace
    this.tags = record.tags
    this.sizeBytes =
      record.compressor === 0
        ? record.payloadLength
        : readable(key, codec, () => rawLength(record.compressor, record.payload))
    this.#codec = codec
    this.#payload = payload
    this.#shared = value
  }

  /** Whether copies can be had. */
  get isWhole(): boolean {
    return this.#payload !== undefined
  }

  /** Only of an entry that is whole. */
  get payload(): Payload {
    return this.#payload as Payload
  }

  /**
   * The value. A frozen one is decoded once, unless it holds something that cannot be frozen: then,
   * as for `'copy'`, each call decodes.
   */
  value(mode: ValueMode): unknown {
    // The usual case apart from the other, whose closure costs an allocation wherever it stands.
    return mode === 'frozen' && this.#shared !== undefined ? this.#shared : this.#decoded(mode)
  }

  #decoded(mode: ValueMode): unknown {
    const value = readable(this.key, this.#codec, () => this.#codec.decode(this.payload))
    if (mode === 'frozen' && deepFreeze(value)) this.#shared = value
    return value
  }

  isExpiredAt(now: number): boolean {
    return isExpired(this.expiresAt, now)
  }

  /** What it costs to keep: the payload, and the decoded value at about the same again. */
  get weightBytes(): number {
    return OVERHEAD_BYTES + 2 * (this.key.length + this.sizeBytes)
  }
}

/** What `decode` returns. Throws UnreadableRecordError for whatever it throws. */
export function readable<T>(key: string, { isDiscreet }: ValueCodec, decode: () => T): T {
  try {
    return decode()
  } catch (cause) {
    // What a serializer says of bytes that it cannot read may hold some of them.
    if (isDiscreet) throw new UnreadableRecordError(HIDDEN, 'its payload cannot be decoded')
    throw new UnreadableRecordError(key, (cause as Error).message, { cause })
  }
}
