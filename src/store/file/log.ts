/**
 * The log of a file store: what was committed, in order. One append is the commit of a transaction.
 *
 *     log.7    "persistdict log 1\n" │ record │ record │ …
 *
 * Everybody reads it from where they have read to. Appending, and all that repairs, happens inside the
 * gate. When it has grown too long, its last record is a seal, and a new log begins with all rows that
 * there are: a process that meets the seal goes on there.
 */
import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { DamagedStoreError } from '../../errors/open-errors.js'
import { decodeLogRecord, encodeLogRecord, type LogRecord } from './log-record.js'
import { syncDirectory } from './sync-directory.js'

const MAGIC = Buffer.from('persistdict log 1\n')

/** What one read takes in. Most find nothing new, and a commit is some hundred bytes. */
const READ_BYTES = 64 * 2 ** 10

/** Buffer of all reads: they do not overlap. */
const chunk = Buffer.allocUnsafeSlow(READ_BYTES)

export class Log {
  readonly file: string
  readonly number: number
  readonly #descriptor: number
  /** Up to here it was read, and it is all of it as far as we know. */
  #offset = MAGIC.length
  /** The last read() found the end of the file there. */
  #isAtEnd = false

  /** Opens a log that exists. Throws DamagedStoreError if it is none. */
  constructor(directory: string, number: number) {
    this.number = number
    this.file = logFile(directory, number)
    this.#descriptor = openSync(this.file, 'r+')
    const head = Buffer.alloc(MAGIC.length)
    readSync(this.#descriptor, head, 0, head.length, 0)
    if (head.equals(MAGIC)) return
    this.close()
    throw new DamagedStoreError(this.file, 'it is no log of a file store')
  }

  /** Makes a log with these records, all of it or nothing. */
  static create(directory: string, number: number, records: Iterable<LogRecord>): void {
    const file = logFile(directory, number)
    const draft = `${file}.draft`
    const descriptor = openSync(draft, 'w')
    try {
      writeSync(descriptor, MAGIC)
      for (const record of records) writeWhole(descriptor, encodeLogRecord(record))
      fsyncSync(descriptor)
    } finally {
      closeSync(descriptor)
    }
    renameSync(draft, file)
    syncDirectory(directory)
  }

  static remove(directory: string, number: number): void {
    rmSync(logFile(directory, number), { force: true })
    rmSync(`${logFile(directory, number)}.draft`, { force: true })
  }

  get sizeBytes(): number {
    return this.#offset
  }

  /** Shows what was appended since the last call. An append that is under way is left for the next. */
  read(visit: (record: LogRecord) => void): void {
    for (;;) {
      const found = readSync(this.#descriptor, chunk, 0, READ_BYTES, this.#offset)
      this.#isAtEnd = found === 0
      if (this.#isAtEnd) return
      const before = this.#offset
      this.#show(chunk.subarray(0, found), visit)
      if (this.#offset !== before) continue
      // A record that is longer than the buffer, or not whole.
      const rest = this.#rest()
      this.#show(rest, visit)
      if (this.#offset === before) return
    }
  }

  /**
   * Cuts off what a dead process did not append completely. Only inside the gate, and after read().
   * Throws DamagedStoreError for what is no append that was cut off.
   */
  trim(): void {
    if (this.#isAtEnd) return
    const rest = this.#rest()
    if (rest.length === 0) return
    const isCutOff = decodeLogRecord(rest) === 'incomplete' || rest.every((byte) => byte === 0)
    if (!isCutOff) {
      throw new DamagedStoreError(this.file, `a record at byte ${this.#offset} is damaged`)
    }
    ftruncateSync(this.#descriptor, this.#offset)
  }

  /** Appends a record. If that fails, the log is as it was. Only inside the gate, and after read(). */
  append(record: LogRecord): void {
    const bytes = encodeLogRecord(record)
    try {
      writeWhole(this.#descriptor, bytes, this.#offset)
      if (record.isSynced) fdatasyncSync(this.#descriptor)
    } catch (error) {
      ftruncateSync(this.#descriptor, this.#offset)
      throw error
    }
    this.#offset += bytes.length
  }

  close(): void {
    closeSync(this.#descriptor)
  }

  #show(bytes: Buffer, visit: (record: LogRecord) => void): void {
    let at = 0
    for (;;) {
      const step = decodeLogRecord(bytes.subarray(at))
      if (typeof step === 'string') return
      at += step.length
      this.#offset += step.length
      visit(step.record)
    }
  }

  #rest(): Buffer {
    const { size } = fstatSync(this.#descriptor)
    const rest = Buffer.alloc(Math.max(0, size - this.#offset))
    const found = readSync(this.#descriptor, rest, 0, rest.length, this.#offset)
    return rest.subarray(0, found)
  }
}

/** The file of a log. */
export function logFile(directory: string, number: number): string {
  return join(directory, `log.${number}`)
}

/** The number of a log, by the name of its file; undefined for other files. */
export function logNumber(name: string): number | undefined {
  const digits = /^log\.(\d+)$/.exec(name)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

/** One call may write a part only, if the disk is full or a signal comes. */
function writeWhole(descriptor: number, bytes: Uint8Array, position: number | null = null): void {
  for (let done = 0; done < bytes.length; ) {
    const at = position === null ? null : position + done
    done += writeSync(descriptor, bytes, done, bytes.length - done, at)
  }
}
