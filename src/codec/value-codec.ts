/** Values to payloads and back: check, flatten if need be, serialize. */
import { UnpersistableValueError } from '../errors/value-errors.js'
import { deepFreeze } from './freeze.js'
import { flatten, type Refuse } from './graph.js'
import { KIND, kindsOf } from './kinds.js'
import type { DecodedRecord } from './record.js'
import { NO_TYPES, type RegisteredTypes } from './registered-types.js'
import type { KnownSerializer } from './serializer.js'
import { unflatten } from './unflatten.js'

/** A value in bytes, and how it was made into them. */
export interface Payload {
  readonly bytes: Uint8Array
  /** The bytes are of the value's graph (graph.ts) and not of the value. */
  readonly isGraph: boolean
  /** The value is made of plain objects, arrays and primitives only: it can be frozen. */
  readonly isPlain: boolean
}

/** Kinds whose values JavaScript cannot freeze, or that take the long way. */
const NOT_PLAIN = KIND.date | KIND.map | KIND.set | KIND.bytes | KIND.shared | KIND.other

export class ValueCodec {
  readonly serializer: KnownSerializer
  readonly #types: RegisteredTypes

  constructor(serializer: KnownSerializer, types: RegisteredTypes = NO_TYPES) {
    this.serializer = serializer
    this.#types = types
  }

  /** Throws UnpersistableValueError for a value that would not come back equal. */
  encode(key: string, value: unknown): Payload {
    if (value === undefined) {
      throw new UnpersistableValueError(
        key,
        '',
        'undefined means "no such key". Use delete() to remove the key, or null for an empty value.',
      )
    }
    const { carries } = this.serializer
    if (carries === undefined) {
      return { bytes: this.#serialize(key, value), isGraph: false, isPlain: false }
    }
    const kinds = kindsOf(value)
    if ((kinds & ~carries) === 0) {
      const isPlain = (kinds & NOT_PLAIN) === 0
      return { bytes: this.#serialize(key, value), isGraph: false, isPlain }
    }
    const refuse = (path: string, what: string): never => {
      throw new UnpersistableValueError(key, path, what)
    }
    const graph = flatten(value, this.#types, refuse)
    if (!this.#types.isEmpty) this.#refuseUnmakeable(graph, refuse)
    const bytes = this.#serialize(key, graph)
    return { bytes, isGraph: true, isPlain: false }
  }

  /** A value of the caller's own. Throws whatever the serializer throws for bytes it did not make. */
  decode(bytes: Uint8Array, isGraph: boolean): unknown {
    const decoded = this.serializer.deserialize(bytes)
    return isGraph ? unflatten(decoded, this.#types) : decoded
  }

  /** The frozen value of a record with `isPlain`, which may be lent. Throws like decode(). */
  decodeFrozen(record: DecodedRecord): unknown {
    const { bytes, payloadStart } = record
    const { deserializePart } = this.serializer
    const value =
      deserializePart === undefined
        ? this.serializer.deserialize(record.payload)
        : deserializePart(bytes, payloadStart, bytes.length)
    // Not by msgpackr's freezeData, which leaves out every object that is not one of its records.
    deepFreeze(value)
    return value
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
      const what = cause instanceof Error ? cause.message : String(cause)
      throw new UnpersistableValueError(
        key,
        '',
        `the serializer "${this.serializer.id}" failed: ${what}`,
        { cause },
      )
    }
  }
}
