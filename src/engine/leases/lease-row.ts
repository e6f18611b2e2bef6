/**
 * A lease as a row of the bucket `leases`: the right to do one thing, for one owner at a time.
 *
 *     0    u48   fencing token: greater than that of every owner before
 *     6    u48   beat: moves with each change of the row under this token
 *     12   …     JSON: the rest of LeaseRow
 *
 * The token is a version number of the store, and so grows for ever without a row that remembers it:
 * the row of a released lease can go. Token and beat come first, so that a store that commits with
 * checks can compare them as leading bytes.
 */
import { ByteReader, writeUint48 } from '../../bytes.js'
import type { ProcessIdentity } from '../../process-identity.js'

/** The bucket that holds the leases of a store. */
export const LEASES = 'leases'

/** A process that waits for its turn. */
export interface Waiter {
  /** Differs between any two that wait. */
  readonly id: string
  readonly process: ProcessIdentity
}

export interface LeaseRow {
  readonly token: number
  readonly beat: number
  /** Undefined for a lease that was released and has waiters: the first of them may take it. */
  readonly owner: ProcessIdentity | undefined
  /** How long the owner has from each renewal on; for a released lease, the first waiter's turn. */
  readonly leaseMs: number
  /** When that ends, in milliseconds since 1970-01-01 UTC. */
  readonly deadline: number
  /** The same by Clock.monotonic(), which all processes of one boot share and nobody can set. */
  readonly bootDeadline: number
  /** Which boot that is; or 'unknown'. */
  readonly bootId: string
  /** First come, first served. */
  readonly waiters: readonly Waiter[]
}

const TOKEN_BYTES = 6
const HEAD_BYTES = 12

export function encodeLease(row: LeaseRow): Uint8Array {
  const { token, beat, ...rest } = row
  const json = Buffer.from(JSON.stringify(rest))
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + json.length)
  writeUint48(bytes, 0, token)
  writeUint48(bytes, TOKEN_BYTES, beat)
  bytes.set(json, HEAD_BYTES)
  return bytes
}

/** Undefined for bytes that are no lease: whoever held it is not known, and cannot be waited for. */
export function decodeLease(bytes: Uint8Array): LeaseRow | undefined {
  try {
    const reader = new ByteReader(bytes, 0)
    const token = reader.uint48()
    const beat = reader.uint48()
    const rest = JSON.parse(Buffer.from(bytes.subarray(HEAD_BYTES, bytes.length)).toString('utf8'))
    return { owner: undefined, ...rest, token, beat }
  } catch {
    return undefined
  }
}

/** The leading bytes that tell one owner's row from all others. */
export function tokenBytes(token: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(TOKEN_BYTES)
  writeUint48(bytes, 0, token)
  return bytes
}

/** The leading bytes that tell one state of a row from all others. */
export function stateBytes(row: LeaseRow): Uint8Array {
  return encodeLease(row).subarray(0, HEAD_BYTES)
}
