/**
 * The near tier: copies of rows of the far one, and the queue of what is to be written there.
 *
 *     rows "name"    key → NearRow
 *     order          number (u48, big-endian) → bucket and key of a copy, the oldest first
 *     queue          number (u48, big-endian) → when, bucket and key of a row that is to be sent
 *     dropped        slot of a key → number (u48, big-endian) of the last time that a copy of one went
 *     tier           'figures' → {"copies": 3, "bytes": 812, "queued": 1}
 *
 * Each copy has one row in `order`, and each row that is to be sent has one in `queue`, under its
 * number.
 */
import { ByteReader, varintLength, writeUint48, writeVarint } from '../../bytes.js'
import type { RowOperation } from '../async-store.js'
import type { CommitPromise, StoreReader, StoreTransaction, SyncStore } from '../sync-store.js'
import { decodeNearRow, encodeNearRow, isUnsent, type NearRow } from './near-row.js'

const ORDER = 'order'
const QUEUE = 'queue'
const DROPPED = 'dropped'
const TIER = 'tier'
const FIGURES = Buffer.from('figures')
const NUMBER_BYTES = 6
/** Copies that are dropped in one transaction. */
const DROP_STEP_ROWS = 1_000
/** Keys share these: a read is not kept if a copy of any key of its slot went meanwhile. */
const SLOTS = 256
/** Of a key, the last ones that count for its slot: the first ones are often alike. */
const SLOT_BYTES = 32

export interface NearLimits {
  readonly maxRows: number
  readonly maxBytes: number
}

export interface NearFigures {
  readonly copies: number
  readonly bytes: number
  readonly queued: number
}

/** What the near tier had of a row before the far one was asked. */
export interface Seen {
  /** Undefined if it had none. */
  readonly number: number | undefined
  /** A row that came, was sent and went again leaves no number, but moves this. */
  readonly dropped: number
}

/** What became of a batch that was to be queued. */
export type Outcome = 'queued' | 'changed' | 'refused'

/** A batch that is to be queued. */
export interface NewBatch {
  readonly operations: readonly RowOperation[]
  /** Whether what it relies on is still so. Called in the transaction that queues it if it is. */
  readonly decide: (tx: StoreTransaction) => Outcome
}

/** A row that waits to be sent. */
export interface QueuedRow {
  readonly mark: Uint8Array
  readonly bucket: string
  readonly key: Uint8Array
  /** When it was written, in milliseconds since 1970-01-01 UTC. */
  readonly at: number
  /** Undefined if it was written again since, or sent. */
  readonly row: NearRow | undefined
}

export class NearTier {
  readonly store: SyncStore
  readonly #limits: NearLimits
  /** Copies that were dropped to keep the limits. */
  evicted = 0

  constructor(store: SyncStore, limits: NearLimits) {
    this.store = store
    this.#limits = limits
  }

  find(bucket: string, key: Uint8Array, reader: StoreReader = this.store): NearRow | undefined {
    const bytes = reader.get(rowsOf(bucket), key)
    return bytes && decodeNearRow(bytes)
  }

  /** The same, valid or not, as it is then: without a record if it has expired. */
  findAt(now: number, bucket: string, key: Uint8Array): NearRow | undefined {
    const row = this.find(bucket, key)
    if (row === undefined || row.deadline === 0 || row.deadline > now) return row
    return { ...row, state: 'absent', record: undefined }
  }

  /** Call before the far tier is asked for a row, for keep(). */
  seen(bucket: string, key: Uint8Array): Seen {
    // In this order: what goes in between has moved the second.
    const dropped = droppedOf(this.store, key)
    return { number: this.find(bucket, key)?.number, dropped }
  }

  figures(reader: StoreReader = this.store): NearFigures {
    const row = reader.get(TIER, FIGURES)
    if (row === undefined) return { copies: 0, bytes: 0, queued: 0 }
    return JSON.parse(Buffer.from(row).toString('utf8')) as NearFigures
  }

  /**
   * Keeps what was read from the far tier, if the row is as it was seen before the read: else somebody
   * else has written or kept it meanwhile. Returns what was kept.
   */
  keep(
    bucket: string,
    key: Uint8Array,
    record: Uint8Array | undefined,
    deadline: number,
    seen: Seen,
  ): NearRow | undefined {
    return this.store.transaction('committed', (tx) => {
      const before = this.find(bucket, key, tx)
      if (before?.number !== seen.number || (before !== undefined && isUnsent(before)))
        return undefined
      if (before === undefined && droppedOf(tx, key) !== seen.dropped) return undefined
      const state = record === undefined ? 'absent' : 'copy'
      const row: NearRow = { state, number: tx.nextVersion(), deadline, record }
      const work = new Work(tx, this.figures(tx))
      work.put(bucket, key, before, row)
      this.#evict(work)
      work.end()
      return row
    })
  }

  /** Drops copies. Unsent rows stay. */
  drop(rows: Iterable<{ readonly bucket: string; readonly key: Uint8Array }>): void {
    this.store.transaction('committed', (tx) => {
      const work = new Work(tx, this.figures(tx))
      for (const { bucket, key } of rows) {
        const row = this.find(bucket, key, tx)
        if (row !== undefined && !isUnsent(row)) work.delete(bucket, key, row)
      }
      work.end()
    })
  }

  /** Drops all copies. Unsent rows stay. */
  dropAll(): void {
    for (;;) {
      const names = this.store
        .scan(ORDER, {}, DROP_STEP_ROWS)
        .map(({ record }) => decodeName(new ByteReader(record, 0)))
      if (names.length === 0) return
      this.drop(names)
    }
  }

  /** Writes rows of batches that are to be sent, each as it decides by itself. Throws for all of them. */
  enqueue(promise: CommitPromise, batches: readonly NewBatch[], now: number): Outcome[] {
    return this.store.transaction(promise, (tx) => {
      const work = new Work(tx, this.figures(tx))
      const outcomes = batches.map(({ operations, decide }) => {
        const outcome = decide(tx)
        if (outcome === 'queued') for (const each of operations) this.#queue(work, each, now)
        return outcome
      })
      if (outcomes.includes('queued')) work.end()
      return outcomes
    })
  }

  #queue(work: Work, operation: RowOperation, now: number): void {
    const { tx } = work
    const { bucket, key } = operation
    const isPut = operation.kind === 'put'
    const row: NearRow = {
      state: isPut ? 'put' : (operation.noted ?? 'delete'),
      number: tx.nextVersion(),
      deadline: isPut ? Math.max(0, Math.ceil(operation.deadline)) : 0,
      record: isPut ? operation.record : undefined,
    }
    work.put(bucket, key, this.find(bucket, key, tx), row, now)
  }

  /** The number of the row that waits longest; undefined if none waits. */
  oldestMark(): number | undefined {
    return this.#endOfQueue(false)
  }

  /** The number of the row that was written last, of those that wait. */
  newestMark(): number | undefined {
    return this.#endOfQueue(true)
  }

  /** The rows that have waited longest. */
  queued(limit: number): QueuedRow[] {
    return this.store.scan(QUEUE, {}, limit).map(({ key: mark, record }) => {
      const reader = new ByteReader(record, 0)
      const at = reader.uint48()
      const { bucket, key } = decodeName(reader)
      const row = this.find(bucket, key)
      const isCurrent = row !== undefined && isUnsent(row) && row.number === numberOf(mark)
      return { mark, bucket, key, at, row: isCurrent ? row : undefined }
    })
  }

  /** The far tier has them. What was written again meanwhile goes on waiting, under its new mark. */
  sent(rows: readonly QueuedRow[]): void {
    this.store.transaction('committed', (tx) => {
      const work = new Work(tx, this.figures(tx))
      for (const { mark, bucket, key, row: sent } of rows) {
        work.unqueue(mark)
        const row = this.find(bucket, key, tx)
        if (sent === undefined || row?.number !== sent.number) continue
        // With another number, so that whoever read it from the far tier before sees that it was written.
        const state = row.record === undefined ? 'absent' : 'copy'
        work.put(bucket, key, row, { ...row, state, number: tx.nextVersion() })
      }
      this.#evict(work)
      work.end()
    })
  }

  #endOfQueue(reverse: boolean): number | undefined {
    const [row] = this.store.scan(QUEUE, { reverse }, 1)
    return row && numberOf(row.key)
  }

  /** Drops the oldest copies until the limits are kept. */
  #evict(work: Work): void {
    const { maxRows, maxBytes } = this.#limits
    // One stays, however large: whoever put it relies on it.
    while (work.copies > 1 && (work.copies > maxRows || work.bytes > maxBytes)) {
      const [oldest] = work.tx.scan(ORDER, {}, 1)
      if (oldest === undefined) return
      work.tx.delete(ORDER, oldest.key)
      const { bucket, key } = decodeName(new ByteReader(oldest.record, 0))
      const row = this.find(bucket, key, work.tx)
      if (row?.number !== numberOf(oldest.key) || isUnsent(row)) continue
      work.delete(bucket, key, row)
      this.evicted++
    }
  }
}

/** One transaction on the near tier, which keeps its figures true. */
class Work {
  readonly tx: StoreTransaction
  copies: number
  bytes: number
  #queued: number
  readonly #droppedSlots = new Set<number>()

  constructor(tx: StoreTransaction, { copies, bytes, queued }: NearFigures) {
    this.tx = tx
    this.copies = copies
    this.bytes = bytes
    this.#queued = queued
  }

  put(bucket: string, key: Uint8Array, before: NearRow | undefined, row: NearRow, now = 0): void {
    this.#forget(key, before)
    // No deadline for the store of the near tier: what is due there, the far tier decides.
    this.tx.put(rowsOf(bucket), key, encodeNearRow(row), 0)
    const mark = markOf(row.number)
    if (isUnsent(row)) {
      this.tx.put(QUEUE, mark, Buffer.concat([uint48(now), encodeName(bucket, key)]), 0)
      this.#queued++
    } else {
      this.tx.put(ORDER, mark, encodeName(bucket, key), 0)
      this.copies++
      this.bytes += sizeOf(key, row)
    }
  }

  delete(bucket: string, key: Uint8Array, row: NearRow): void {
    this.#forget(key, row)
    this.tx.delete(rowsOf(bucket), key)
    this.#droppedSlots.add(slotOf(key))
  }

  unqueue(mark: Uint8Array): void {
    if (this.tx.delete(QUEUE, mark)) this.#queued--
  }

  end(): void {
    const figures: NearFigures = { copies: this.copies, bytes: this.bytes, queued: this.#queued }
    this.tx.put(TIER, FIGURES, Buffer.from(JSON.stringify(figures)), 0)
    for (const slot of this.#droppedSlots) {
      this.tx.put(DROPPED, Buffer.of(slot), markOf(this.tx.nextVersion()), 0)
    }
  }

  #forget(key: Uint8Array, row: NearRow | undefined): void {
    if (row === undefined) return
    if (isUnsent(row)) {
      this.unqueue(markOf(row.number))
      return
    }
    this.tx.delete(ORDER, markOf(row.number))
    this.copies--
    this.bytes -= sizeOf(key, row)
  }
}

function rowsOf(bucket: string): string {
  return `rows ${JSON.stringify(bucket)}`
}

function slotOf(key: Uint8Array): number {
  let slot = key.length
  for (const byte of key.subarray(-SLOT_BYTES)) slot = (slot * 31 + byte) % SLOTS
  return slot
}

function droppedOf(reader: StoreReader, key: Uint8Array): number {
  const row = reader.get(DROPPED, Buffer.of(slotOf(key)))
  return row === undefined ? 0 : numberOf(row)
}

function sizeOf(key: Uint8Array, { record }: NearRow): number {
  return key.length + (record?.length ?? 0)
}

function markOf(number: number): Uint8Array {
  const mark = Buffer.allocUnsafe(NUMBER_BYTES)
  mark.writeUIntBE(number, 0, NUMBER_BYTES)
  return mark
}

function numberOf(mark: Uint8Array): number {
  return Buffer.from(mark).readUIntBE(0, NUMBER_BYTES)
}

function uint48(value: number): Uint8Array {
  const bytes = new Uint8Array(NUMBER_BYTES)
  writeUint48(bytes, 0, value)
  return bytes
}

function encodeName(bucket: string, key: Uint8Array): Uint8Array {
  const name = Buffer.from(JSON.stringify(bucket), 'utf8')
  const head = new Uint8Array(varintLength(name.length))
  writeVarint(head, 0, name.length)
  return Buffer.concat([head, name, key])
}

function decodeName(reader: ByteReader): { bucket: string; key: Uint8Array } {
  const name = Buffer.from(reader.take(reader.varint())).toString('utf8')
  const key = Uint8Array.prototype.slice.call(reader.bytes, reader.offset)
  return { bucket: JSON.parse(name) as string, key }
}
