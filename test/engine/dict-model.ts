/**
 * What a dict must answer, kept in plain Maps: namespaces of entries in insertion order, with
 * deadlines. Expired entries stay, as rows do, until something removes them.
 */
import { encodeWtf8 } from '../../src/keys/wtf8.js'

export interface ModelEntry {
  readonly value: unknown
  /** 0 for never. */
  readonly expiresAt: number
}

export class DictModel {
  #spaces = new Map<string, Map<string, ModelEntry>>()
  readonly #now: () => number
  /** Bytes of a long key that decide its place; see key-space.ts. */
  readonly #headBytes: number
  readonly #keySizeLimit: number

  constructor(now: () => number, keySizeLimit: number, digestBytes: number) {
    this.#now = now
    this.#keySizeLimit = keySizeLimit
    this.#headBytes = keySizeLimit - digestBytes - 5
  }

  set(space: string, key: string, value: unknown, expiresAt: number): void {
    const entries = this.#space(space)
    if (!this.has(space, key)) entries.delete(key)
    entries.set(key, { value, expiresAt })
  }

  /** The live entry of a key. */
  get(space: string, key: string): ModelEntry | undefined {
    const entry = this.#space(space).get(key)
    return entry === undefined || this.#isPast(entry) ? undefined : entry
  }

  has(space: string, key: string): boolean {
    return this.get(space, key) !== undefined
  }

  delete(space: string, key: string): boolean {
    return this.has(space, key) && this.#space(space).delete(key)
  }

  clear(space: string): void {
    this.#space(space).clear()
  }

  /** Removes expired rows; returns how many there were. */
  sweep(): number {
    let removed = 0
    for (const entries of this.#spaces.values()) {
      for (const [key, entry] of entries) {
        if (this.#isPast(entry) && entries.delete(key)) removed++
      }
    }
    return removed
  }

  /** The live keys, in insertion order. */
  keys(space: string): string[] {
    return [...this.#space(space).keys()].filter((key) => this.has(space, key))
  }

  /** Namespaces with rows, expired ones included. */
  filled(): string[] {
    return [...this.#spaces].filter(([, entries]) => entries.size > 0).map(([name]) => name)
  }

  /** Orders keys as a dict does; 0 for long keys between which the digests decide. */
  compare(a: string, b: string): number {
    return Buffer.compare(this.#place(a), this.#place(b))
  }

  isLong(key: string): boolean {
    return encodeWtf8(key).length > this.#keySizeLimit
  }

  /** Runs `fn`; a throw takes back what it did here. */
  transaction(fn: () => void): void {
    const before = [...this.#spaces].map(([name, entries]) => [name, new Map(entries)] as const)
    try {
      fn()
    } catch (error) {
      this.#spaces = new Map(before)
      throw error
    }
  }

  #place(key: string): Uint8Array {
    const bytes = encodeWtf8(key)
    if (bytes.length <= this.#keySizeLimit) return bytes
    return Buffer.concat([bytes.subarray(0, this.#headBytes), Uint8Array.of(0xff)])
  }

  #isPast({ expiresAt }: ModelEntry): boolean {
    return expiresAt !== 0 && expiresAt <= this.#now()
  }

  #space(name: string): Map<string, ModelEntry> {
    let entries = this.#spaces.get(name)
    if (entries === undefined) {
      entries = new Map()
      this.#spaces.set(name, entries)
    }
    return entries
  }
}
