/**
 * A change of a row, as stores note it in a journal.
 *
 *     u8 kind │ u48 writer │ u32 length of the key (big-endian) │ key │ u8 hasBytes │ bytes
 *
 * The bytes of a put are those that its record begins with, by which a later reader sees whether the row
 * is still the same; those of what went are its record.
 */
import type { RowChange } from './async-store.js'

const KINDS: readonly RowChange['kind'][] = ['put', 'delete', 'expire', 'clear']

const WRITER_BYTES = 6
const KEY_AT = 1 + WRITER_BYTES + 4

/** Bytes in which every change of a record shows: its checksum, times and versions. */
export const NOTED_HEAD_BYTES = 48

export interface RowNote {
  readonly kind: RowChange['kind']
  /** Tells the changes of one store object from those of others. */
  readonly writer: Uint8Array
  readonly key: Uint8Array
  readonly bytes: Uint8Array | undefined
}

/** The number of a kind, as it is in a note. */
export function noteKind(kind: RowChange['kind']): number {
  return KINDS.indexOf(kind)
}

/** A name for a writer, drawn by lot: two that are the same take each other's changes for own. */
export function newWriter(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(WRITER_BYTES))
}

export function encodeNote({ kind, writer, key, bytes }: RowNote): Uint8Array {
  const head = Buffer.alloc(KEY_AT)
  head[0] = noteKind(kind)
  head.set(writer, 1)
  head.writeUInt32BE(key.length, 1 + WRITER_BYTES)
  const flag = Uint8Array.of(bytes === undefined ? 0 : 1)
  return Buffer.concat([head, key, flag, bytes ?? new Uint8Array(0)])
}

export function decodeNote(note: Uint8Array): RowNote {
  const bytes = Buffer.from(note.buffer, note.byteOffset, note.byteLength)
  const end = KEY_AT + bytes.readUInt32BE(1 + WRITER_BYTES)
  return {
    kind: KINDS[bytes[0] as number] ?? 'delete',
    writer: bytes.subarray(1, 1 + WRITER_BYTES),
    key: bytes.subarray(KEY_AT, end),
    bytes: bytes[end] === 1 ? bytes.subarray(end + 1) : undefined,
  }
}
