/** The journal of an asynchronous store over a synchronous one: a bounded log in a bucket beside the rows. */
import { equalBytes, latin1Of } from '../bytes.js'
import { type Clock, systemClock } from '../clock.js'
import type { JournalPage, RowChange, RowJournal, RowOperation } from './async-store.js'
import { BoundedLog, LARGEST_LOGGED } from './bounded-log.js'
import { decodeNote, encodeNote, NOTED_HEAD_BYTES, newWriter, type RowNote } from './row-note.js'
import type { StoreTransaction, SyncStore } from './sync-store.js'

export class JournalOver implements RowJournal {
  readonly #rows: SyncStore
  readonly #clock: Clock
  readonly #writer = newWriter()
  readonly #logs = new Map<string, BoundedLog>()

  constructor(rows: SyncStore, clock: Clock = systemClock) {
    this.#rows = rows
    this.#clock = clock
  }

  async watch(bucket: string): Promise<string> {
    return String(this.#rows.transaction('committed', (tx) => this.#log(bucket).watch(tx)))
  }

  async read(bucket: string, from: string, limit: number): Promise<JournalPage> {
    const page = this.#log(bucket).read(this.#rows, Number(from), limit)
    const notes = page.rows.map(decodeNote)
    const last = new Map(notes.map(({ kind, key }, at) => [`${kind} ${latin1Of(key)}`, at]))
    const changes = notes.flatMap((note, at): RowChange[] => {
      const { kind, key } = note
      if (kind === 'put' && last.get(`put ${latin1Of(key)}`) !== at) return []
      const record = kind === 'put' ? this.#recordOf(bucket, note) : note.bytes
      // The row was changed again, which a later note tells.
      if (kind === 'put' && record === undefined) return []
      return [{ kind, key, record, isOwn: equalBytes(note.writer, this.#writer) }]
    })
    const hasMore = page.rows.length >= limit
    return { changes, next: String(page.next), hasMissed: page.hasMissed, hasMore }
  }

  onChange(listener: () => void): () => void {
    return this.#rows.onCommit(listener)
  }

  /** Call in the transaction, before the operations are applied. */
  note(tx: StoreTransaction, operations: readonly RowOperation[]): void {
    for (const bucket of new Set(operations.map((operation) => operation.bucket))) {
      const log = this.#log(bucket)
      if (!log.isWatched(tx)) continue
      const own = operations.filter((operation) => operation.bucket === bucket)
      const notes = own.flatMap((operation) => this.#noteOf(tx, operation) ?? [])
      if (notes.length > 0) log.append(tx, notes.map(encodeNote))
    }
  }

  /** The same for a range of rows that go. */
  noteClear(tx: StoreTransaction, bucket: string, from: Uint8Array | undefined): void {
    const log = this.#log(bucket)
    if (!log.isWatched(tx)) return
    const key = from ?? new Uint8Array(0)
    log.append(tx, [encodeNote({ kind: 'clear', writer: this.#writer, key, bytes: undefined })])
  }

  #noteOf(tx: StoreTransaction, operation: RowOperation): RowNote | undefined {
    const { bucket, key } = operation
    const writer = this.#writer
    if (operation.kind === 'put') {
      return { kind: 'put', writer, key, bytes: operation.record.subarray(0, NOTED_HEAD_BYTES) }
    }
    const record = tx.get(bucket, key)
    const { noted = 'delete' } = operation
    if (record === undefined || noted === 'nothing') return undefined
    return { kind: noted, writer, key, bytes: record.length > LARGEST_LOGGED ? undefined : record }
  }

  #recordOf(bucket: string, { key, bytes: head }: RowNote): Uint8Array | undefined {
    const record = this.#rows.get(bucket, key)
    if (record === undefined || head === undefined) return undefined
    return equalBytes(record.subarray(0, head.length), head) ? record : undefined
  }

  #log(bucket: string): BoundedLog {
    let log = this.#logs.get(bucket)
    if (log === undefined) {
      log = new BoundedLog(`journal ${JSON.stringify(bucket)}`, this.#clock)
      this.#logs.set(bucket, log)
    }
    return log
  }
}
