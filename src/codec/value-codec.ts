/** Values to payloads and back: check, flatten if need be, serialize, compress. */
import { HIDDEN } from '../errors/hidden.js'
import { UnpersistableValueError, ValueTooLongError } from '../errors/value-errors.js'
import { Compression } from './compression.js'
import { freezeTree } from './freeze.js'
import { flatten, type Refuse } from './graph.js'
import { KIND, kindsOf } from './kinds.js'
import type { DecodedRecord, RecordFields } from './record.js'
import { NO_TYPES, type RegisteredTypes } from './registered-types.js'
import { builtInSerializer, type KnownSerializer } from './serializer.js'
import { unflatten } from './unflatten.js'

/** A value in bytes, and how it was made into them. */
export interface Payload {
  readonly bytes: Uint8Array
  /** What serialized it. */
  readonly serializer: number
  /** What compressed the bytes; 0 for nothing. */
  readonly compressor: number
  /** The bytes are of the value's graph (graph.ts) and not of the value. */
  readonly isGraph: boolean
  /** The value is made of plain objects, arrays and primitives only: it can be frozen. */
  readonly isPlain: boolean
}

/** Kinds whose values JavaScript cannot freeze, or that take the long way. */
const NOT_PLAIN = KIND.date | KIND.map | KIND.set | KIND.bytes | KIND.shared | KIND.other

/** A value may be so long, in bytes, unless open() is told otherwise. */
export const DEFAULT_MAX_VALUE_BYTES = 2 ** 28

export interface ValueCodecParts {
  readonly types?: RegisteredTypes | undefined
  readonly compression?: Compression | undefined
  /** How long a serialized value may be, on its way in and out. */
  readonly maxValueBytes?: number | undefined
  /** No part of a key or value may appear in the message of an error. */
  readonly isDiscreet?: boolean | undefined
}

export class ValueCodec {
  readonly serializer: KnownSerializer
  /** No part of a key or value may appear in the message of an error. */
  readonly isDiscreet: boolean
  readonly #types: RegisteredTypes
  readonly #compression: Compression
  readonly #maxValueBytes: number

  constructor(serializer: KnownSerializer, parts: ValueCodecParts = {}) {
    this.serializer = serializer
    this.isDiscreet = parts.isDiscreet ?? false
    this.#types = parts.types ?? NO_TYPES
    this.#compression = parts.compression ?? new Compression()
    this.#maxValueBytes = parts.maxValueBytes ?? DEFAULT_MAX_VALUE_BYTES
  }

  /** Throws UnpersistableValueError for a value that would not come back equal. */
  encode(key: string, value: unknown): Payload {
    if (value === undefined) {
      this.refuse(
        key,
        '',
        'undefined means "no such key". Use delete() to remove the key, or null for an empty value.',
      )
    }
    const { carries } = this.serializer
    if (carries === undefined) return this.#payload(key, value, false, false)
    const kinds = kindsOf(value)
    if ((kinds & ~carries) === 0) {
      return this.#payload(key, value, false, (kinds & NOT_PLAIN) === 0)
    }
    const refuse: Refuse = (path, what) => this.refuse(key, path, what)
    const graph = flatten(value, this.#types, refuse)
    if (!this.#types.isEmpty) this.#refuseUnmakeable(graph, refuse)
    return this.#payload(key, graph, true, false)
  }

  /** Throws UnpersistableValueError. */
  refuse(key: string, path: string, what: string, options?: ErrorOptions): never {
    if (!this.isDiscreet) throw new UnpersistableValueError(key, path, what, options)
    throw new UnpersistableValueError(HIDDEN, '', 'open it with debugKeys: true to see why.')
  }

  /** A value of the caller's own. Throws whatever the serializer throws for bytes it did not make. */
  decode({ bytes, serializer, compressor, isGraph }: Payload): unknown {
    const decoded = this.#serializerOf(serializer).deserialize(this.#raw(compressor, bytes))
    return isGraph ? unflatten(decoded, this.#types) : decoded
  }

  /** The frozen value of a record with `isPlain`, which may be lent. Throws like decode(). */
  decodeFrozen(record: DecodedRecord): unknown {
    const value = this.#decodePlain(record)
    // Not by msgpackr's freezeData, which leaves out every object that is not one of its records.
    freezeTree(value)
    return value
  }

  #decodePlain(record: DecodedRecord): unknown {
    const { bytes, payloadStart, compressor } = record
    const { deserialize, deserializePart } = this.#serializerOf(record.serializer)
    if (compressor !== 0) return deserialize(this.#raw(compressor, record.payload))
    return deserializePart === undefined
      ? deserialize(record.payload)
      : deserializePart(bytes, payloadStart, bytes.length)
  }

  #payload(key: string, value: unknown, isGraph: boolean, isPlain: boolean): Payload {
    const bytes = this.#serialize(key, value)
    if (bytes.length > this.#maxValueBytes) {
      throw new ValueTooLongError(this.isDiscreet ? HIDDEN : key, bytes.length, this.#maxValueBytes)
    }
    const serializer = this.serializer.code
    const small = this.#compressed(key, bytes)
    if (small === undefined) return { bytes, serializer, compressor: 0, isGraph, isPlain }
    const compressor = this.#compression.compressor?.code ?? 0
    return { bytes: small, serializer, compressor, isGraph, isPlain }
  }

  #compressed(key: string, bytes: Uint8Array): Uint8Array | undefined {
    try {
      return this.#compression.compress(bytes)
    } catch (cause) {
      this.#fail(key, 'compressor', this.#compression.compressor?.id, cause)
    }
  }

  #raw(compressor: number, bytes: Uint8Array): Uint8Array {
    if (compressor === 0) return bytes
    return this.#compression.decompress(compressor, bytes, this.#maxValueBytes)
  }

  /** Records of other built-in serializers stay readable when the setting changes. */
  #serializerOf(code: number): KnownSerializer {
    if (code === this.serializer.code) return this.serializer
    const other = builtInSerializer(code)
    if (other !== undefined) return other
    throw new RangeError(`it needs the serializer number ${code}, which open() was not given`)
  }

  /** An instance that contains itself cannot be made from its data: better known now than at a read. */
  #refuseUnmakeable(graph: unknown[], refuse: Refuse): void {
    try {
      unflatten(graph, this.#types)
    } catch (error) {
      refuse('', error instanceof Error ? error.message : String(error))
    }
  }

  #serialize(key: string, value: unknown): Uint8Array {
    try {
      return this.serializer.serialize(value)
    } catch (cause) {
      this.#fail(key, 'serializer', this.serializer.id, cause)
    }
  }

  #fail(key: string, part: string, id: string | undefined, cause: unknown): never {
    const what = cause instanceof Error ? cause.message : String(cause)
    this.refuse(key, '', `the ${part} "${id}" failed: ${what}`, { cause })
  }
}

/** The payload of a record, as decode() takes it. */
export function payloadOf(record: RecordFields): Payload {
  const { payload: bytes, serializer, compressor, isGraph, isPlain } = record
  return { bytes, serializer, compressor, isGraph, isPlain }
}
