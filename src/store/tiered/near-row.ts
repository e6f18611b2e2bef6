/**
 * What the near tier keeps of a row.
 *
 *     0    u8    state: 0 a copy, 1 known to be absent, 2 to be put; 3, 4 or 5 to be deleted, noted as
 *                such, as expired, or not at all
 *     1    u48   number: of this write to the near tier, greater than all before
 *     7    u48   deadline, 0 for none
 *     13   …     the record, of a copy and of what is to be put
 */
import { ByteReader, writeUint48 } from '../../bytes.js'

export type NearState = 'copy' | 'absent' | 'put' | 'delete' | 'expire' | 'nothing'

// Positions are stored: this list grows at its end only.
const STATES: readonly NearState[] = ['copy', 'absent', 'put', 'delete', 'expire', 'nothing']

const HEAD_BYTES = 13

/** The number of a row of which neither tier has anything, as far as is known. */
export const NO_ROW = -2

export interface NearRow {
  readonly state: NearState
  readonly number: number
  /** Milliseconds since 1970-01-01 UTC; 0 for none. */
  readonly deadline: number
  /** Undefined if there is none. */
  readonly record: Uint8Array | undefined
}

export function encodeNearRow(row: NearRow): Uint8Array {
  const { state, number, deadline, record } = row
  const bytes = Buffer.allocUnsafe(HEAD_BYTES + (record?.length ?? 0))
  bytes[0] = STATES.indexOf(state)
  writeUint48(bytes, 1, number)
  writeUint48(bytes, 7, deadline)
  if (record !== undefined) bytes.set(record, HEAD_BYTES)
  return bytes
}

/** Throws RangeError for bytes that are no row. */
export function decodeNearRow(bytes: Uint8Array): NearRow {
  const reader = new ByteReader(bytes, 0)
  const state = STATES[reader.uint8()]
  if (state === undefined) throw new RangeError('a row of the near tier in an unknown state')
  const [number, deadline] = [reader.uint48(), reader.uint48()]
  const hasRecord = state === 'copy' || state === 'put'
  return { state, number, deadline, record: hasRecord ? bytes.subarray(HEAD_BYTES) : undefined }
}

/** Whether it waits to be sent to the far tier. */
export function isUnsent({ state }: NearRow): boolean {
  return state !== 'copy' && state !== 'absent'
}
