/**
 * What was committed lately, by any process: written only while somebody watches.
 *
 *     bucket changes   0x00                      → head
 *                      0x01 │ number (u48, big-endian) → change
 *
 *     head     u48 watchedUntil │ u48 first │ u48 next │ u48 bytes      bytes: in all changes kept
 *     change   u8 kind │ u48 writer │ u48 version │ u8 hasRecord │ var length, storage key │ record
 *
 * A set is logged without its record, which is in its row. What went is logged with it.
 *
 * BOUNDS. The oldest changes go when there are too many, and all of them when nobody has watched for
 * a while. Numbers are not used again: a reader whose number is before `first` has missed something.
 */
import { ByteReader, varintLength, writeUint48, writeVarint } from '../bytes.js'
import type { Clock } from '../clock.js'
import type { StoreReader, StoreTransaction } from '../store/sync-store.js'
import type { Change, ChangeKind } from './change.js'
import type { CommitHook } from './commit-hooks.js'
import type { Session } from './session.js'

export const CHANGES = 'changes'
const HEAD = Uint8Array.of(0)
const HEAD_BYTES = 24
const NUMBERED = 1

/** Kept at most: enough for a watcher that is busy for a while, and little beside the store. */
const MOST_CHANGES = 8_192
const MOST_BYTES = 16 * 2 ** 20
/** A larger record is not kept: its change is told without the value. */
const LARGEST_RECORD = 2 ** 20

/** How long changes are logged after a watcher has last said that it is there. */
export const WATCH_MS = 30_000

/** Positions are stored: new kinds come last. */
const KINDS: readonly ChangeKind[] = ['set', 'delete', 'expire', 'evict', 'clear']

interface Head {
  readonly watchedUntil: number
  /** The number of the oldest change that is kept. */
  readonly first: number
  /** The number of the next change. */
  readonly next: number
  readonly bytes: number
}

/** A change as it was logged. */
export interface LoggedChange {
  readonly kind: ChangeKind
  /** Which engine has made it: a number that it has drawn by lot. */
  readonly writer: number
  /** Of a set: the version that the record got. */
  readonly version: number
  readonly storageKey: Uint8Array
  readonly record: Uint8Array | undefined
}

export interface LogPage {
  readonly changes: readonly LoggedChange[]
  /** Where to read on. */
  readonly next: number
  /** Changes before these were dropped unread. */
  readonly hasMissed: boolean
}

const NO_HEAD: Head = { watchedUntil: 0, first: 0, next: 0, bytes: 0 }

export class ChangeLog implements CommitHook {
  readonly isLast = true
  readonly #clock: Clock
  /** Tells the changes of this engine from those of others. */
  readonly writer: number

  constructor(clock: Clock, writer: number) {
    this.#clock = clock
    this.writer = writer
  }

  wantsChanges(reader: StoreReader): boolean {
    return this.#isWatched(readHead(reader))
  }

  beforeCommit(session: Session): void {
    const { changes, tx } = session
    if (changes === undefined || changes.length === 0) return
    const head = readHead(tx)
    if (!this.#isWatched(head)) return
    this.#append(tx, head, latestSets(changes))
    session.hasWritten = true
  }

  /** Says that somebody watches; returns the number of the next change. Call again within WATCH_MS. */
  watch(tx: StoreTransaction): number {
    const head = readHead(tx)
    const watchedUntil = this.#clock.now() + WATCH_MS
    // A number is left out: whoever watched before has missed what happened meanwhile.
    const isFresh = this.#isWatched(head)
    const kept = isFresh ? head : dropAll(tx, head, head.next + 1)
    writeHead(tx, { ...kept, watchedUntil })
    return kept.next
  }

  /** The changes from a number on, at most `limit` of them. */
  read(reader: StoreReader, from: number, limit: number): LogPage {
    const { first, next } = readHead(reader)
    if (from > next) return { changes: [], next, hasMissed: true }
    const start = Math.max(from, first)
    const end = Math.min(next, start + limit)
    const changes: LoggedChange[] = []
    for (let number = start; number < end; number++) {
      const row = reader.get(CHANGES, keyOf(number))
      if (row !== undefined && row.length > 0) changes.push(decodeChange(row))
    }
    return { changes, next: Math.max(end, start), hasMissed: from < first }
  }

  #isWatched({ watchedUntil }: Head): boolean {
    const leftMs = watchedUntil - this.#clock.now()
    // More than what any watcher asks for: the clock was set back, and watchers will say so anew.
    return leftMs > 0 && leftMs <= WATCH_MS
  }

  #append(tx: StoreTransaction, head: Head, changes: readonly Change[]): void {
    if (changes.length > MOST_CHANGES) {
      writeHead(tx, dropAll(tx, head, head.next + changes.length))
      return
    }
    let { first, next, bytes } = head
    for (const change of changes) {
      const row = encodeChange(change, this.writer)
      tx.put(CHANGES, keyOf(next), row, 0)
      next++
      bytes += row.length
    }
    while (first < next && (next - first > MOST_CHANGES || bytes > MOST_BYTES)) {
      bytes -= tx.get(CHANGES, keyOf(first))?.length ?? 0
      tx.delete(CHANGES, keyOf(first))
      first++
    }
    writeHead(tx, { ...head, first, next, bytes })
  }
}

/** Without the sets of keys that the same transaction set again. */
function latestSets(changes: readonly Change[]): readonly Change[] {
  const seen = new Set<string>()
  const kept = changes.toReversed().filter(({ kind, storageKey }) => {
    if (kind !== 'set') return true
    const id = Buffer.from(storageKey).toString('latin1')
    const isLatest = !seen.has(id)
    seen.add(id)
    return isLatest
  })
  return kept.reverse()
}

/** Drops all changes that are kept, and goes on at `next`. */
function dropAll(tx: StoreTransaction, head: Head, next: number): Head {
  for (let number = head.first; number < head.next; number++) tx.delete(CHANGES, keyOf(number))
  return { ...head, first: next, next, bytes: 0 }
}

function readHead(reader: StoreReader): Head {
  const bytes = reader.get(CHANGES, HEAD)
  // A damaged head begins anew, and every reader is told to.
  if (bytes === undefined || bytes.length < HEAD_BYTES) return NO_HEAD
  const fields = new ByteReader(bytes, 0)
  return {
    watchedUntil: fields.uint48(),
    first: fields.uint48(),
    next: fields.uint48(),
    bytes: fields.uint48(),
  }
}

function writeHead(tx: StoreTransaction, head: Head): void {
  const bytes = Buffer.alloc(HEAD_BYTES)
  let at = writeUint48(bytes, 0, head.watchedUntil)
  at = writeUint48(bytes, at, head.first)
  at = writeUint48(bytes, at, head.next)
  writeUint48(bytes, at, head.bytes)
  tx.put(CHANGES, HEAD, bytes, 0)
}

function keyOf(number: number): Uint8Array {
  const key = Buffer.alloc(7)
  key[0] = NUMBERED
  key.writeUIntBE(number, 1, 6)
  return key
}

function encodeChange(change: Change, writer: number): Uint8Array {
  const { kind, storageKey, entry } = change
  const isKept = kind !== 'set' && (change.record?.length ?? 0) <= LARGEST_RECORD
  const record = isKept ? change.record : undefined
  const length =
    14 +
    varintLength(storageKey.length) +
    storageKey.length +
    (record === undefined ? 0 : record.length)
  const bytes = Buffer.alloc(length)
  bytes[0] = KINDS.indexOf(kind)
  let at = writeUint48(bytes, 1, writer)
  at = writeUint48(bytes, at, kind === 'set' ? (entry?.version ?? 0) : 0)
  bytes[at++] = record === undefined ? 0 : 1
  at = writeVarint(bytes, at, storageKey.length)
  bytes.set(storageKey, at)
  if (record !== undefined) bytes.set(record, at + storageKey.length)
  return bytes
}

function decodeChange(bytes: Uint8Array): LoggedChange {
  const kind = KINDS[bytes[0] as number] ?? 'set'
  const fields = new ByteReader(bytes, 1)
  const writer = fields.uint48()
  const version = fields.uint48()
  const hasRecord = bytes[fields.offset] === 1
  const rest = new ByteReader(bytes, fields.offset + 1)
  const storageKey = rest.take(rest.varint())
  const record = hasRecord ? bytes.subarray(rest.offset) : undefined
  return { kind, writer, version, storageKey, record }
}
