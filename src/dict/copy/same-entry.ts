/** Whether two entries, of two dicts, are the same for whoever reads them. */
import { isDeepStrictEqual } from 'node:util'
import { equalBytes } from '../../bytes.js'
import { knownSerializer } from '../../codec/serializer.js'
import { ValueCodec } from '../../codec/value-codec.js'
import { UnpersistableValueError } from '../../errors/value-errors.js'

/** An entry, as far as it is copied. */
export interface CopiedEntry {
  /** The value, as readers of its dict get it. */
  readonly value: unknown
  /** Milliseconds since 1970-01-01 UTC; undefined for never. */
  readonly expiresAt: number | undefined
  /** The groups that the entry belongs to. */
  readonly tags: readonly string[]
  /** When the key was first set, in milliseconds since 1970-01-01 UTC. */
  readonly createdAt: number
  /** When the key was last set, in milliseconds since 1970-01-01 UTC. */
  readonly updatedAt: number
  /** When it was last read or set, where a dict with `maxIdle` keeps that. */
  readonly accessedAt?: number | undefined
}

const codec = new ValueCodec(knownSerializer('msgpack'))

export function isSameEntry(a: CopiedEntry, b: CopiedEntry): boolean {
  return (
    a.expiresAt === b.expiresAt &&
    a.createdAt === b.createdAt &&
    a.updatedAt === b.updatedAt &&
    isDeepStrictEqual(a.tags, b.tags) &&
    isSameValue(a.value, b.value)
  )
}

/** By their bytes in one codec, which tell apart whatever a dict does. */
function isSameValue(a: unknown, b: unknown): boolean {
  try {
    const [left, right] = [codec.encode('', a), codec.encode('', b)]
    return left.isGraph === right.isGraph && equalBytes(left.bytes, right.bytes)
  } catch (error) {
    if (!(error instanceof UnpersistableValueError)) throw error
    // Instances of registered classes, whose types only their dicts know.
    return isDeepStrictEqual(a, b)
  }
}
