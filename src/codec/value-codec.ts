/** Values to payloads and back: check, flatten if need be, serialize. */
import { UnpersistableValueError } from '../errors/value-errors.js'
import { flatten } from './graph.js'
import { kindsOf } from './kinds.js'
import type { KnownSerializer } from './serializer.js'
import { unflatten } from './unflatten.js'

/** A value in bytes, and how it was made into them. */
export interface Payload {
  readonly bytes: Uint8Array
  /** The bytes are of the value's graph (graph.ts) and not of the value. */
  readonly isGraph: boolean
}

export class ValueCodec {
  readonly serializer: KnownSerializer

  constructor(serializer: KnownSerializer) {
    this.serializer = serializer
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
    const isGraph = carries !== undefined && (kindsOf(value) & ~carries) !== 0
    if (!isGraph) return { bytes: this.#serialize(key, value), isGraph }
    const refuse = (path: string, what: string): never => {
      throw new UnpersistableValueError(key, path, what)
    }
    return { bytes: this.#serialize(key, flatten(value, refuse)), isGraph }
  }

  /** Throws whatever the serializer throws for bytes that it did not make. */
  decode(bytes: Uint8Array, isGraph: boolean): unknown {
    const decoded = this.serializer.deserialize(bytes)
    return isGraph ? unflatten(decoded) : decoded
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
      )
    }
  }
}
