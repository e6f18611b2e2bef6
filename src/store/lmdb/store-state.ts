/**
 * What a generation of the data says of itself: one row, written in the transactions that it is about.
 *
 *     0   u32   FNV-1a of everything after this field
 *     4   u8    flags: 1 unsynced · 2 a copy is being made · 4 sealed
 *     5   u48   base: added to the versions of all transactions, see nextVersion
 *     11  u48   changes before: added to the ids of transactions, see changeId
 *     17  text  of the copy, who makes it; or of the seal, the name of the generation that follows
 *
 * Unsynced: there may be commits that are not on disk. Sealed: everything is in the next generation,
 * and nobody writes here any more. No row is a row of zeros.
 */
import { ByteReader, writeUint48 } from '../../bytes.js'

export interface StoreState {
  readonly isUnsynced: boolean
  /** Who copies the store: every change is to be noted for it. Empty if nobody does. */
  readonly copier: string
  /** The name of the generation that follows, once this one is sealed; else empty. */
  readonly successor: string
  readonly base: number
  readonly changesBefore: number
}

export const NEW_STATE: StoreState = Object.freeze({
  isUnsynced: false,
  copier: '',
  successor: '',
  base: 0,
  changesBefore: 0,
})

/** Versions that a transaction may give out without changing the state. */
export const VERSIONS_PER_TRANSACTION = 64

const UNSYNCED = 1
const COPIED = 2
const SEALED = 4

const FLAGS_AT = 4
const BASE_AT = 5
const CHANGES_AT = 11
const TEXT_AT = 17

export function encodeState(state: StoreState): Uint8Array {
  const { isUnsynced, copier, successor, base, changesBefore } = state
  const text = Buffer.from(successor || copier)
  const bytes = Buffer.alloc(TEXT_AT + text.length)
  const kind = successor !== '' ? SEALED : copier !== '' ? COPIED : 0
  bytes[FLAGS_AT] = kind | (isUnsynced ? UNSYNCED : 0)
  writeUint48(bytes, BASE_AT, base)
  writeUint48(bytes, CHANGES_AT, changesBefore)
  bytes.set(text, TEXT_AT)
  bytes.writeUInt32LE(fnv1a(bytes, FLAGS_AT), 0)
  return bytes
}

/**
 * Keeps nothing of `bytes`, of which `length` bytes count. Undefined if they are damaged: a base that
 * is too small would give out versions a second time.
 */
export function decodeState(bytes: Uint8Array | undefined): StoreState | undefined {
  if (bytes === undefined) return NEW_STATE
  if (bytes.length < TEXT_AT || readUint32(bytes) !== fnv1a(bytes, FLAGS_AT)) {
    return undefined
  }
  const flags = bytes[FLAGS_AT] as number
  const text =
    (flags & (SEALED | COPIED)) === 0
      ? ''
      : Buffer.from(bytes.subarray(TEXT_AT, bytes.length)).toString()
  return {
    isUnsynced: (flags & UNSYNCED) !== 0,
    copier: (flags & COPIED) !== 0 ? text : '',
    successor: (flags & SEALED) !== 0 ? text : '',
    base: new ByteReader(bytes, BASE_AT).uint48(),
    changesBefore: new ByteReader(bytes, CHANGES_AT).uint48(),
  }
}

/** A hash for accidents, by Fowler, Noll and Vo. */
function fnv1a(bytes: Uint8Array, from: number): number {
  let hash = 0x811c9dc5
  for (let at = from; at < bytes.length; at++) {
    hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193)
  }
  return hash >>> 0
}

function readUint32(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true)
}
