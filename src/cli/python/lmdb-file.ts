/**
 * Reads a data file of LMDB 0.9, as py-lmdb writes it, page by page and without LMDB: nothing is mapped,
 * locked or written. The lmdb package cannot open such a file: its data format is another (2, and not 1).
 *
 *     page     u64 number │ u16 pad │ u16 flags at 10 │ u16 lower at 12 │ u16 upper at 14 │ …
 *     meta     at 16: u32 magic │ u32 version │ … │ u32 page size at 40 │ u64 root at 128 │ u64 txn at 144
 *     node     u16 low │ u16 high │ u16 flags │ u16 key length │ key │ data
 *     named    a node of the main tree with flag 2, whose data is a database: u64 root at 40
 *
 * Node pointers are u16 from byte 16 to `lower`. In a branch, low, high and flags are the number of the
 * page below; in a leaf, low and high are the length of the data. With flag 1 the data is u64: the
 * first of the pages that hold it. All integers are little-endian. (LMDB, mdb.c.)
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { foreignError } from './foreign-error.js'

const MAGIC = 0xbeefc0de
const VERSION = 1
const HEADER = 16
const META_BYTES = 152
const BRANCH = 0x01
const LEAF = 0x02
const BIG_DATA = 0x01
const SUB_DATABASE = 0x02
/** LMDB's own limit. */
const DEEPEST = 32
const NO_ROOT = 0xffff_ffff_ffff_ffffn

export interface LmdbRow {
  readonly key: Buffer
  readonly value: Buffer
}

interface Meta {
  readonly pageSize: number
  readonly root: bigint
  readonly transaction: bigint
}

interface Node {
  readonly flags: number
  readonly key: Buffer
  /** Of a branch: the page below. */
  readonly below: bigint
  /** Of a leaf, in the page. */
  readonly data: Buffer
  readonly length: number
}

export class LmdbFile {
  readonly #path: string
  readonly #file: number
  readonly #meta: Meta
  readonly #bytes: number

  /** Throws a CliError for a file that is none. */
  constructor(path: string) {
    this.#path = path
    this.#file = openSync(path, 'r')
    this.#bytes = fstatSync(this.#file).size
    try {
      this.#meta = this.#newestMeta()
    } catch (error) {
      this.close()
      throw error
    }
  }

  /** The root of a named database; undefined if there is none of the name. */
  database(name: string): bigint | undefined {
    const data = this.#find(this.#meta.root, Buffer.from(name), SUB_DATABASE)
    return data?.readBigUInt64LE(40)
  }

  /** All rows of a database, by key. */
  *rows(root: bigint): Generator<LmdbRow, undefined> {
    yield* this.#walk(root, 0)
    return undefined
  }

  get(root: bigint, key: Buffer): Buffer | undefined {
    return this.#find(root, key, 0)
  }

  /** Throws a CliError if somebody has written since the file was opened. */
  assertUnchanged(): void {
    if (this.#newestMeta().transaction === this.#meta.transaction) return
    throw foreignError(
      `"${this.#path}" was written to meanwhile. Stop the program that does so, and import again.`,
    )
  }

  close(): void {
    closeSync(this.#file)
  }

  #newestMeta(): Meta {
    const first = this.#metaAt(0)
    const second = this.#metaAt(first.pageSize)
    return second.transaction > first.transaction ? second : first
  }

  #metaAt(offset: number): Meta {
    const bytes = this.#read(offset, META_BYTES)
    if (bytes.readUInt32LE(16) !== MAGIC || bytes.readUInt32LE(20) !== VERSION) {
      throw this.#damaged('it is no data file of LMDB 0.9')
    }
    const pageSize = bytes.readUInt32LE(40)
    if (pageSize < 512 || pageSize > 65_536) throw this.#damaged('its page size is none')
    return { pageSize, root: bytes.readBigUInt64LE(128), transaction: bytes.readBigUInt64LE(144) }
  }

  *#walk(page: bigint, depth: number): Generator<LmdbRow, undefined> {
    if (page === NO_ROOT) return undefined
    const { isLeaf, nodes } = this.#page(page, depth)
    for (const node of nodes) {
      if (!isLeaf) yield* this.#walk(node.below, depth + 1)
      else if (node.flags === 0 || node.flags === BIG_DATA) {
        yield { key: node.key, value: this.#value(node) }
      }
    }
    return undefined
  }

  #find(root: bigint, key: Buffer, flag: number): Buffer | undefined {
    let page = root
    for (let depth = 0; page !== NO_ROOT; depth++) {
      const { isLeaf, nodes } = this.#page(page, depth)
      if (isLeaf) {
        const node = nodes.find((each) => each.key.equals(key))
        return node && (node.flags & ~BIG_DATA) === flag ? this.#value(node) : undefined
      }
      // The first node has no key: everything before the second is below it.
      const at = nodes.findIndex((node, index) => index > 0 && Buffer.compare(node.key, key) > 0)
      const next = nodes.at(at < 0 ? -1 : at - 1)
      if (next === undefined) throw this.#damaged(`page ${page} is empty`)
      page = next.below
    }
    return undefined
  }

  #page(page: bigint, depth: number): { readonly isLeaf: boolean; readonly nodes: Node[] } {
    if (depth > DEEPEST) throw this.#damaged('its pages go round in a circle')
    const { pageSize } = this.#meta
    const bytes = this.#read(Number(page) * pageSize, pageSize)
    const flags = bytes.readUInt16LE(10)
    const isLeaf = (flags & LEAF) !== 0
    if (!isLeaf && (flags & BRANCH) === 0) throw this.#damaged(`page ${page} is of no known kind`)
    const count = (bytes.readUInt16LE(12) - HEADER) >> 1
    const nodes: Node[] = []
    try {
      for (let at = 0; at < count; at++) {
        nodes.push(nodeAt(bytes, bytes.readUInt16LE(HEADER + 2 * at), isLeaf))
      }
    } catch (cause) {
      throw this.#damaged(`page ${page} is not what it should be`, cause)
    }
    return { isLeaf, nodes }
  }

  #value({ flags, data, length }: Node): Buffer {
    if ((flags & BIG_DATA) === 0) return data
    return this.#read(Number(data.readBigUInt64LE(0)) * this.#meta.pageSize + HEADER, length)
  }

  #read(offset: number, length: number): Buffer {
    if (offset + length > this.#bytes) throw this.#damaged('it is cut off')
    const bytes = Buffer.alloc(length)
    for (let done = 0; done < length; ) {
      const read = readSync(this.#file, bytes, done, length - done, offset + done)
      if (read === 0) throw this.#damaged('it is cut off')
      done += read
    }
    return bytes
  }

  #damaged(what: string, cause?: unknown): Error {
    return foreignError(`"${this.#path}" cannot be read: ${what}. Nothing was changed.`, { cause })
  }
}

/** Throws RangeError for a node that reaches beyond its page. */
function nodeAt(page: Buffer, at: number, isLeaf: boolean): Node {
  const [low, high, flags] = [
    page.readUInt16LE(at),
    page.readUInt16LE(at + 2),
    page.readUInt16LE(at + 4),
  ]
  const dataAt = at + 8 + page.readUInt16LE(at + 6)
  const length = low + high * 2 ** 16
  const end = dataAt + (isLeaf ? ((flags & BIG_DATA) === 0 ? length : 8) : 0)
  if (end > page.length) throw new RangeError('a node reaches beyond its page')
  return {
    flags,
    key: page.subarray(at + 8, dataAt),
    below: BigInt(length) + (BigInt(flags) << 32n),
    data: page.subarray(dataAt, end),
    length,
  }
}
