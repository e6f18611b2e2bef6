/**
 * What happened lately in a synchronous store: rows in the order of their numbers, written only while
 * somebody watches.
 *
 *     0x00                             → u48 watchedUntil │ u48 first │ u48 next │ u48 bytes
 *     0x01 │ number (u48, big-endian)  → a row
 *
 * BOUNDS. The oldest rows go when there are too many (`bytes` counts all that are kept), and all of
 * them when nobody has watched for a while. Numbers are not used again: a reader whose number is before
 * `first` has missed something.
 */
import { ByteReader, writeUint48 } from '../bytes.js'
import type { Clock } from '../clock.js'
import type { StoreReader, StoreTransaction } from './sync-store.js'

const HEAD = Uint8Array.of(0)
const HEAD_BYTES = 24
const NUMBERED = 1

/** Kept at most: enough for a watcher that is busy for a while, and little beside the store. */
export const MOST_LOGGED = 8_192
export const MOST_LOGGED_BYTES = 16 * 2 ** 20

/** A larger record of what went is not kept: its change is told without it. */
export const LARGEST_LOGGED = 2 ** 20

/** How long rows are logged after a watcher has last said that it is there. */
export const WATCH_MS = 30_000

interface Head {
  readonly watchedUntil: number
  /** The number of the oldest row that is kept. */
  readonly first: number
  /** The number of the next row. */
  readonly next: number
  readonly bytes: number
}

export interface LogPage {
  readonly rows: readonly Uint8Array[]
  /** Where to read on. */
  readonly next: number
  /** Rows before these were dropped unread. */
  readonly hasMissed: boolean
}

const NO_HEAD: Head = { watchedUntil: 0, first: 0, next: 0, bytes: 0 }

export class BoundedLog {
  readonly #bucket: string
  readonly #clock: Clock

  constructor(bucket: string, clock: Clock) {
    this.#bucket = bucket
    this.#clock = clock
  }

  /** Whether somebody has said lately that it watches. */
  isWatched(reader: Pick<StoreReader, 'get'>): boolean {
    return this.#isWatched(this.#head(reader))
  }

  /** Says that somebody watches; returns the number of the next row. Call again within WATCH_MS. */
  watch(tx: StoreTransaction): number {
    const head = this.#head(tx)
    const watchedUntil = this.#clock.now() + WATCH_MS
    // A number is left out: whoever watched before has missed what happened meanwhile.
    const kept = this.#isWatched(head) ? head : this.#dropAll(tx, head, head.next + 1)
    this.#writeHead(tx, { ...kept, watchedUntil })
    return kept.next
  }

  append(tx: StoreTransaction, rows: readonly Uint8Array[]): void {
    const head = this.#head(tx)
    if (rows.length > MOST_LOGGED) {
      this.#writeHead(tx, this.#dropAll(tx, head, head.next + rows.length))
      return
    }
    let { first, next, bytes } = head
    for (const row of rows) {
      tx.put(this.#bucket, keyOf(next), row, 0)
      next++
      bytes += row.length
    }
    while (first < next && (next - first > MOST_LOGGED || bytes > MOST_LOGGED_BYTES)) {
      bytes -= tx.get(this.#bucket, keyOf(first))?.length ?? 0
      tx.delete(this.#bucket, keyOf(first))
      first++
    }
    this.#writeHead(tx, { ...head, first, next, bytes })
  }

  /** The rows from a number on, at most `limit` of them. */
  read(reader: Pick<StoreReader, 'get'>, from: number, limit: number): LogPage {
    const { first, next } = this.#head(reader)
    if (from > next) return { rows: [], next, hasMissed: true }
    const start = Math.max(from, first)
    const end = Math.min(next, start + limit)
    const rows: Uint8Array[] = []
    for (let number = start; number < end; number++) {
      const row = reader.get(this.#bucket, keyOf(number))
      if (row !== undefined && row.length > 0) rows.push(row)
    }
    return { rows, next: Math.max(end, start), hasMissed: from < first }
  }

  #isWatched({ watchedUntil }: Head): boolean {
    const leftMs = watchedUntil - this.#clock.now()
    // More than what any watcher asks for: the clock was set back, and watchers will say so anew.
    return leftMs > 0 && leftMs <= WATCH_MS
  }

  /** Drops all rows that are kept, and goes on at `next`. */
  #dropAll(tx: StoreTransaction, head: Head, next: number): Head {
    for (let number = head.first; number < head.next; number++) {
      tx.delete(this.#bucket, keyOf(number))
    }
    return { ...head, first: next, next, bytes: 0 }
  }

  #head(reader: Pick<StoreReader, 'get'>): Head {
    const bytes = reader.get(this.#bucket, HEAD)
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

  #writeHead(tx: StoreTransaction, head: Head): void {
    const bytes = Buffer.alloc(HEAD_BYTES)
    let at = writeUint48(bytes, 0, head.watchedUntil)
    at = writeUint48(bytes, at, head.first)
    at = writeUint48(bytes, at, head.next)
    writeUint48(bytes, at, head.bytes)
    tx.put(this.#bucket, HEAD, bytes, 0)
  }
}

function keyOf(number: number): Uint8Array {
  const key = Buffer.alloc(7)
  key[0] = NUMBERED
  key.writeUIntBE(number, 1, 6)
  return key
}
