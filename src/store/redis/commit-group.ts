/**
 * Batches of one part that are committed by one script, in its words: see COMMIT in scripts.ts.
 *
 *     batch    u32 bytes of its steps │ u32 rows that it names │ steps
 *     step     u8 kind │ u16 bucket │ u32 row │ f64 deadline │ u32 length │ bytes
 *
 * Integers are big-endian. Buckets and rows are counted from 0, rows anew in each batch. All steps are
 * one word: node-redis takes longer for each word of bytes than the server for reading them.
 */
import { equalBytes } from '../../bytes.js'
import type { Batch } from '../async-store.js'
import { noteKind } from '../row-note.js'
import type { KeyNames } from './key-names.js'
import type { Words } from './redis-client.js'

/** Redis takes 2^20 words in a command; an operation and its check have at most two of them. */
export const MOST_OPERATIONS = 150_000

/** The most that Redis takes for a word is 512 MiB (proto-max-bulk-len); the rest is for the heads. */
export const LARGEST_BATCH = 500 * 2 ** 20

/**
 * Kinds of steps. That of a delete is DELETE and the kind of its note; without a note DELETE alone. Of
 * versions, the first one stands in the place of the deadline, and their number in that of the row.
 */
export const STEP = { versions: 0, absent: 1, starts: 2, put: 3, delete: 4 } as const

/** What the script answers for a batch, unless it failed. */
export const ANSWER = { refused: 0, applied: 1, oldVersions: 3 } as const

const BATCH_HEAD_BYTES = 8
export const STEP_HEAD_BYTES = 19

/** The row of a check, which an operation of the same batch may name again. */
interface NamedRow {
  readonly bucket: string
  readonly key: Uint8Array
}

/** What a group needs of a batch. */
export type Changes = Pick<Batch, 'checks' | 'versions' | 'operations'>

export class CommitGroup {
  readonly part: number
  /** How many there are. */
  batches = 0
  operations = 0
  sizeBytes = 0
  /** Whether any of them assumes versions. */
  hasVersions = false
  readonly #names: KeyNames
  readonly #buckets: string[] = []
  readonly #rows: (string | Buffer)[] = []
  readonly #steps: Buffer[] = []

  constructor(names: KeyNames, part: number) {
    this.#names = names
    this.part = part
  }

  /** Adds a batch, copying its bytes. */
  add({ checks, versions, operations }: Changes): void {
    const steps = checks.length + operations.length + (versions === undefined ? 0 : 1)
    let length = steps * STEP_HEAD_BYTES
    for (const { starts } of checks) length += starts?.length ?? 0
    for (const operation of operations) {
      if (operation.kind === 'put') length += operation.record.length
    }
    const bytes = Buffer.allocUnsafe(BATCH_HEAD_BYTES + length)
    const rows: NamedRow[] = []
    let at = BATCH_HEAD_BYTES
    const head = (kind: number, bucket: number, row: number, deadline: number, length: number) => {
      at = bytes.writeUInt8(kind, at)
      at = bytes.writeUInt16BE(bucket, at)
      at = bytes.writeUInt32BE(row, at)
      at = bytes.writeDoubleBE(deadline, at)
      at = bytes.writeUInt32BE(length, at)
    }
    const step = (kind: number, row: number, deadline: number, content?: Uint8Array) => {
      const bucket = this.#bucket((rows[row] as NamedRow).bucket)
      head(kind, bucket, row, deadline, content?.length ?? 0)
      if (content === undefined) return
      bytes.set(content, at)
      at += content.length
    }
    if (versions !== undefined) {
      this.hasVersions = true
      head(STEP.versions, 0, versions.count, versions.first, 0)
    }
    for (const { bucket, key, starts } of checks) {
      const row = rows.push({ bucket, key }) - 1
      step(starts === undefined ? STEP.absent : STEP.starts, row, 0, starts)
    }
    // Operations mostly come in the order of the checks of their rows.
    let next = 0
    for (const operation of operations) {
      const { bucket, key } = operation
      const checked = rows[next]
      const isNamed = checked?.bucket === bucket && equalBytes(checked.key, key)
      const row = isNamed ? next : rows.push({ bucket, key }) - 1
      // It stays at the last one named, of which there may be another operation.
      if (isNamed && next < checks.length - 1) next++
      if (operation.kind === 'put') {
        step(STEP.put, row, operation.deadline, operation.record)
      } else {
        const { noted = 'delete' } = operation
        step(STEP.delete + (noted === 'nothing' ? 0 : noteKind(noted)), row, 0)
      }
    }
    bytes.writeUInt32BE(length, 0)
    bytes.writeUInt32BE(rows.length, 4)
    for (const { bucket, key } of rows) this.#rows.push(this.#names.rowWord(bucket, key))
    this.#steps.push(bytes)
    this.batches++
    this.operations += operations.length
    this.sizeBytes += bytes.length
  }

  /** The keys of all batches; at the end that of versions, if any batch assumes some. */
  get keys(): Words {
    const indices = this.#buckets.flatMap((bucket) => {
      const { index, deadlines, journal, notes } = this.#names.bucket(bucket, this.part)
      return [index, deadlines, journal, notes]
    })
    const keys = [...indices, ...this.#rows]
    if (this.hasVersions) keys.push(this.#names.versions)
    return keys
  }

  get bucketCount(): number {
    return this.#buckets.length
  }

  get steps(): Buffer {
    return this.#steps.length === 1 ? (this.#steps[0] as Buffer) : Buffer.concat(this.#steps)
  }

  #bucket(bucket: string): number {
    const known = this.#buckets.indexOf(bucket)
    return known < 0 ? this.#buckets.push(bucket) - 1 : known
  }
}
