/**
 * What the running transaction is about to do to files, so that the next one can tidy up after a
 * process that died in its middle.
 *
 *     running    u32 length │ u32 CRC-32 of what follows │ {"commit": 7, "made": ["rows/…"], "replaced": ["rows/…"]}
 *
 * Integers are little-endian. A length of 0: no transaction runs; what follows is left over. The file is
 * written over in its place: making and removing one costs more than an entry's own.
 *
 * It decides nothing: whether a transaction was committed, the log alone says.
 */
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { removeEntry } from './entry-file.js'

export interface Intent {
  readonly commit: number
  /** Files that are needed if it is committed, and else not. */
  readonly made: readonly string[]
  /** Files that are needed unless it is committed. */
  readonly replaced: readonly string[]
}

const HEAD_BYTES = 8

/** The paths that entry-file.ts makes: what else stands in the file is no business of ours. */
const PATH = /^rows\/[0-9a-f]{2}\/[0-9a-f]{62}\.[0-9a-z]+$/

/** The intents of all processes over one directory, one at a time. Only inside the gate. */
export class Intents {
  readonly #directory: string
  readonly #descriptor: number
  readonly #head = Buffer.alloc(HEAD_BYTES)

  constructor(directory: string) {
    this.#directory = directory
    const file = join(directory, 'running')
    this.#descriptor = openSync(file, constants.O_RDWR | constants.O_CREAT, 0o666)
  }

  declare(intent: Intent): void {
    const text = Buffer.from(JSON.stringify(intent))
    this.#head.writeUInt32LE(text.length, 0)
    this.#head.writeUInt32LE(crc32(text), 4)
    this.#write(Buffer.concat([this.#head, text]))
  }

  /** Removes the files that are not needed, and the intent. `lastCommit` is the last one in the log. */
  settle(intent: Intent, lastCommit: number): void {
    const useless = lastCommit >= intent.commit ? intent.replaced : intent.made
    for (const path of useless) if (PATH.test(path)) removeEntry(join(this.#directory, path))
    this.#write(Buffer.alloc(HEAD_BYTES))
  }

  /** The intent of a process that died, or undefined. */
  found(): Intent | undefined {
    const count = readSync(this.#descriptor, this.#head, 0, HEAD_BYTES, 0)
    if (count < HEAD_BYTES) return undefined
    const length = this.#head.readUInt32LE(0)
    if (length === 0) return undefined
    const text = Buffer.alloc(length)
    readSync(this.#descriptor, text, 0, length, HEAD_BYTES)
    // Cut off while it was written: then no file was made yet.
    if (crc32(text) !== this.#head.readUInt32LE(4)) return { commit: 0, made: [], replaced: [] }
    return JSON.parse(text.toString('utf8')) as Intent
  }

  close(): void {
    closeSync(this.#descriptor)
  }

  #write(bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length; ) {
      done += writeSync(this.#descriptor, bytes, done, bytes.length - done, done)
    }
  }
}
