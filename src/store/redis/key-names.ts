/**
 * The names of everything that a store keeps in Redis.
 *
 *     {prefix}:r:bucket:key    a row: its record, with its deadline as the time to live
 *     {prefix}:i:bucket        the index of a bucket: a sorted set of its keys, all of score 0
 *     {prefix}:d:bucket        a sorted set of the keys that have a deadline, by deadline
 *     {prefix}:u:bucket        a sorted set of keys by the time of their last use, with `maxIdle`
 *     {prefix}:w:bucket        the head of the bucket's journal, while somebody watches it: see scripts.ts
 *     {prefix}:n:bucket        the notes of that journal
 *     {prefix}:v               the last version given
 *
 * A cluster hashes what is between the braces, so that all of it lies in one slot. With `parts` there
 * are several: `{prefix#0}`, `{prefix#1}` and so on, each with indices of its own; a key decides by
 * its CRC-32 in which part it lies.
 *
 * Prefix and bucket are percent-encoded but for harmless characters, among which are no brace, '#'
 * and '%'. So no two prefixes lead to one name, and no bucket leads out of its prefix.
 */
import { crc32 } from 'node:zlib'
import { latin1Of } from '../../bytes.js'
import { decodeWtf8, encodeWtf8 } from '../../keys/wtf8.js'

const HARMLESS_IN_PREFIX = /[A-Za-z0-9_.:/@-]/
const HARMLESS_IN_BUCKET = /[A-Za-z0-9_.-]/

/** The keys of a bucket that a part needs. */
export interface BucketNames {
  /** What the names of its rows begin with. */
  readonly rows: Buffer
  /** The same as text, which is ASCII. It routes a command to the node of a row: its braces do. */
  readonly route: string
  readonly index: string
  readonly deadlines: string
  readonly uses: string
  readonly journal: string
  readonly notes: string
}

export interface RowName {
  readonly bucket: string
  readonly key: Uint8Array
}

export class KeyNames {
  readonly parts: number
  readonly versions: string
  /** What the names of all rows begin with, part by part. */
  readonly rowPrefixes: readonly string[]
  /** What the names of the heads of all journals begin with, part by part. */
  readonly journalPrefixes: readonly string[]
  readonly #heads: readonly string[]
  /** By bucket; for each, by part. */
  readonly #buckets = new Map<string, BucketNames[]>()
  /** Buckets by their names as they are in names of rows. */
  readonly #decoded = new Map<string, string>()

  constructor(prefix: string, parts: number) {
    const name = percentEncoded(prefix, HARMLESS_IN_PREFIX)
    this.parts = parts
    this.#heads =
      parts === 1 ? [`{${name}}`] : Array.from({ length: parts }, (_, part) => `{${name}#${part}}`)
    this.rowPrefixes = this.#heads.map((head) => `${head}:r:`)
    this.journalPrefixes = this.#heads.map((head) => `${head}:w:`)
    this.versions = `{${name}}:v`
  }

  /** The buckets that were used so far. */
  get buckets(): Iterable<string> {
    return this.#buckets.keys()
  }

  partOf(key: Uint8Array): number {
    return this.parts === 1 ? 0 : crc32(key) % this.parts
  }

  bucket(bucket: string, part: number): BucketNames {
    let names = this.#buckets.get(bucket)
    if (names === undefined) {
      const encoded = percentEncoded(bucket, HARMLESS_IN_BUCKET)
      names = this.#heads.map((head) => ({
        rows: Buffer.from(`${head}:r:${encoded}:`),
        route: `${head}:r:${encoded}:`,
        index: `${head}:i:${encoded}`,
        deadlines: `${head}:d:${encoded}`,
        uses: `${head}:u:${encoded}`,
        journal: `${head}:w:${encoded}`,
        notes: `${head}:n:${encoded}`,
      }))
      this.#buckets.set(bucket, names)
    }
    return names[part] as BucketNames
  }

  row(bucket: string, key: Uint8Array): Buffer {
    return Buffer.concat([this.bucket(bucket, this.partOf(key)).rows, key])
  }

  /** The same as a word of a command: as text if it is ASCII, which node-redis sends faster than bytes. */
  rowWord(bucket: string, key: Uint8Array): string | Buffer {
    for (let at = 0; at < key.length; at++) {
      if ((key[at] as number) > 0x7f) return this.row(bucket, key)
    }
    return this.bucket(bucket, this.partOf(key)).route + latin1Of(key)
  }

  /** Whether a name is that of the head of a journal. */
  isJournal(name: Buffer): boolean {
    return this.journalPrefixes.some(
      (prefix) => name.toString('latin1', 0, prefix.length) === prefix,
    )
  }

  /** The row that a name is of; undefined if it is of something else. */
  parsed(name: Buffer): RowName | undefined {
    const start = this.rowPrefixes.find(
      (prefix) => name.toString('latin1', 0, prefix.length) === prefix,
    )?.length
    if (start === undefined) return undefined
    const end = name.indexOf(':', start)
    if (end < 0) return undefined
    const encoded = name.toString('latin1', start, end)
    let bucket = this.#decoded.get(encoded)
    if (bucket === undefined) {
      bucket = percentDecoded(encoded)
      this.#decoded.set(encoded, bucket)
    }
    return { bucket, key: Uint8Array.prototype.slice.call(name, end + 1) }
  }
}

function percentEncoded(text: string, harmless: RegExp): string {
  let encoded = ''
  for (const byte of encodeWtf8(text)) {
    const char = String.fromCharCode(byte)
    encoded += harmless.test(char) ? char : `%${byte.toString(16).padStart(2, '0')}`
  }
  return encoded
}

function percentDecoded(text: string): string {
  const latin1 = text.replace(/%([0-9a-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return decodeWtf8(Buffer.from(latin1, 'latin1'))
}
