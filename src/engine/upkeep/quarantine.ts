/**
 * Records that could not be read, out of the way of walks through the dict and kept for ever.
 *
 *     version (u48, big-endian) → movedAt (u48) │ length of the storage key (var) │ storage key │ record
 *
 * Nothing is kept that the rows did not hold: of an encrypted dict, no name and no reason.
 */
import { ByteReader, varintLength, writeUint48, writeVarint } from '../../bytes.js'
import { type KeySpace, namespacePrefix } from '../../keys/key-space.js'
import { pathOf } from '../count.js'
import type { Engine } from '../engine.js'
import { fieldsOfRow, ROWS } from '../row.js'
import type { Session } from '../session.js'
import { TAGS } from '../tags.js'

export const QUARANTINE = 'quarantine'
const UINT48_BYTES = 6
const STEP_ROWS = 64

/** A record that was moved out of the way because it could not be read. */
export interface QuarantinedRecord {
  /** Names it in the quarantine. */
  readonly id: number
  /** The names of the namespace from the root down; undefined if not known. */
  readonly namespace: readonly string[] | undefined
  /** The key, or the tag of a mark; for a long or hidden one, the storage key in hexadecimal. */
  readonly key: string
  /** When it was moved, in milliseconds since 1970-01-01 UTC. */
  readonly movedAt: number
  /** The bytes, as they were found. */
  readonly record: Uint8Array
}

/** A row of the quarantine. */
export interface QuarantineRow {
  readonly id: number
  readonly movedAt: number
  readonly storageKey: Uint8Array
  readonly record: Uint8Array
}

/** Moves a row into the quarantine. */
export function quarantine(session: Session, space: KeySpace, storageKey: Uint8Array): void {
  const { tx, now } = session
  const record = tx.get(ROWS, storageKey)
  if (record === undefined) return
  tx.put(QUARANTINE, idKey(tx.nextVersion()), encodeQuarantined(now, storageKey, record), 0)
  session.takeAway(space, storageKey)
}

/** The same of the mark of a tag: it is kept under the tag, as a record is under its key. */
export function quarantineMark({ tx, now }: Session, key: Uint8Array, mark: Uint8Array): void {
  tx.put(QUARANTINE, idKey(tx.nextVersion()), encodeQuarantined(now, key, mark), 0)
  tx.delete(TAGS, key)
}

/** What is in the quarantine, oldest first. */
export function* quarantined(engine: Engine): Generator<QuarantinedRecord, undefined> {
  for (const { id, movedAt, storageKey, record } of rows(engine)) {
    const path = pathOf(engine.reader(), namespacePrefix(storageKey))
    const key = engine.space(path ?? []).shownRow(storageKey)
    yield { id, namespace: path, key, movedAt, record }
  }
  return undefined
}

/**
 * Puts back what can be read after all, where nothing was stored under its key meanwhile; returns how
 * many records. The others stay.
 */
export function restoreQuarantined(engine: Engine): number {
  let restored = 0
  for (const { id, storageKey, record } of rows(engine)) {
    try {
      const path = pathOf(engine.reader(), namespacePrefix(storageKey))
      fieldsOfRow(engine.space(path ?? []), storageKey, record)
    } catch {
      continue
    }
    const isBack = engine.transaction((session) => {
      const path = pathOf(session.tx, namespacePrefix(storageKey))
      if (path === undefined || !session.putBack(engine.space(path), storageKey, record))
        return false
      return session.tx.delete(QUARANTINE, idKey(id))
    })
    if (isBack) restored++
  }
  return restored
}

/** Removes records from the quarantine for good; returns how many. */
export function discardQuarantined(engine: Engine): number {
  return engine.transaction(({ tx }) => {
    let removed = 0
    for (;;) {
      const found = tx.scan(QUARANTINE, {}, STEP_ROWS)
      if (found.length === 0) return removed
      for (const { key } of found) tx.delete(QUARANTINE, key)
      removed += found.length
    }
  })
}

/** How many records are in the quarantine. */
export function countQuarantined(engine: Engine): number {
  let count = 0
  for (const _ of rows(engine)) count++
  return count
}

function* rows(engine: Engine): Generator<QuarantineRow> {
  let after: Uint8Array | undefined
  for (;;) {
    const range = after === undefined ? {} : { after }
    const step = engine.reader().scan(QUARANTINE, range, STEP_ROWS)
    if (step.length === 0) return
    for (const { key, record } of step) yield decodeQuarantined(key, record)
    after = step.at(-1)?.key
  }
}

/** What is kept of a row that was moved at an instant. */
export function encodeQuarantined(
  movedAt: number,
  storageKey: Uint8Array,
  record: Uint8Array,
): Uint8Array {
  const head = UINT48_BYTES + varintLength(storageKey.length)
  const bytes = Buffer.allocUnsafe(head + storageKey.length + record.length)
  const at = writeVarint(bytes, writeUint48(bytes, 0, movedAt), storageKey.length)
  bytes.set(storageKey, at)
  bytes.set(record, at + storageKey.length)
  return bytes
}

/** The same, read again. */
export function decodeQuarantined(key: Uint8Array, bytes: Uint8Array): QuarantineRow {
  const reader = new ByteReader(bytes, 0)
  const movedAt = reader.uint48()
  const storageKey = reader.take(reader.varint())
  return {
    id: Buffer.from(key).readUIntBE(0, UINT48_BYTES),
    movedAt,
    storageKey,
    record: bytes.subarray(reader.offset),
  }
}

/** Where a row of the quarantine is. */
export function idKey(id: number): Uint8Array {
  const key = Buffer.allocUnsafe(UINT48_BYTES)
  key.writeUIntBE(id, 0, UINT48_BYTES)
  return key
}
