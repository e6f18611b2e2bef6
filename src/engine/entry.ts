/** Decoded entries, as readers get them and as the read cache keeps them. */
import { deepFreeze } from '../codec/freeze.js'
import { isExpired, type RecordFields } from '../codec/record.js'
import type { ValueCodec } from '../codec/value-codec.js'
import { UnreadableRecordError } from '../errors/value-errors.js'

/** How values are handed out: frozen and shared between readers, or each reader's own copy. */
export type ValueMode = 'frozen' | 'copy'

/** Objects, map slots and strings around a cached payload. */
const OVERHEAD_BYTES = 320

export class Entry {
  readonly key: string
  readonly seq: number
  readonly version: number
  readonly createdAt: number
  readonly updatedAt: number
  readonly expiresAt: number
  readonly tags: readonly string[]
  /** The length of the serialized value. */
  readonly sizeBytes: number
  /** The change id up to which this entry is known to be the latest. */
  validAt = 0
  readonly #payload: Uint8Array
  readonly #isGraph: boolean
  readonly #codec: ValueCodec
  #shared: unknown
  #canShare: boolean | undefined

  constructor(key: string, fields: RecordFields, codec: ValueCodec) {
    this.key = key
    this.seq = fields.seq
    this.version = fields.version
    this.createdAt = fields.createdAt
    this.updatedAt = fields.updatedAt
    this.expiresAt = fields.expiresAt
    this.tags = fields.tags
    this.sizeBytes = fields.payload.length
    this.#payload = fields.payload
    this.#isGraph = fields.isGraph
    this.#codec = codec
  }

  /** The value. Frozen ones are decoded once, unless they hold something that cannot be frozen. */
  value(mode: ValueMode): unknown {
    if (mode === 'copy') return this.#decode()
    if (this.#canShare === true) return this.#shared
    const value = this.#decode()
    this.#canShare = deepFreeze(value)
    if (this.#canShare) this.#shared = value
    return value
  }

  isExpiredAt(now: number): boolean {
    return isExpired(this.expiresAt, now)
  }

  /** What it costs to keep: the payload, and the decoded value at about the same again. */
  get weightBytes(): number {
    return OVERHEAD_BYTES + 2 * (this.key.length + this.sizeBytes)
  }

  #decode(): unknown {
    try {
      return this.#codec.decode(this.#payload, this.#isGraph)
    } catch (cause) {
      throw new UnreadableRecordError(this.key, (cause as Error).message, { cause })
    }
  }
}
