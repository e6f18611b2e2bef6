/**
 * A storage adapter of Keyv (https://keyv.org), version 5, over a dict.
 *
 * Keyv puts its namespace in front of each key, `name:key`, and makes strings of values. They are the
 * keys and values of the dict. `clear` removes those of the namespace only.
 */
import { EventEmitter } from 'node:events'
import type { DictFace } from './dict-face.js'

/** What Keyv hands to setMany(). */
export interface KeyvEntry {
  /** The key, with the namespace in front. */
  readonly key: string
  /** What Keyv made of the value: a string, usually. */
  readonly value: unknown
  /** In milliseconds. */
  readonly ttl?: number | undefined
}

/** A storage adapter of Keyv 5 over a dict: `new Keyv({ store: new KeyvPersistDict(dict) })`. */
export class KeyvPersistDict extends EventEmitter {
  /** Set by Keyv. */
  namespace: string | undefined
  /** Keyv iterates only over adapters that name a dialect it knows. It may add to them. */
  readonly opts: Record<string, unknown> = { dialect: 'sqlite', url: '' }
  readonly #dict: DictFace

  /** The dict stays yours to close. */
  constructor(dict: DictFace) {
    super()
    this.#dict = dict
  }

  /** The stored value; undefined if absent or expired. */
  async get<V>(key: string): Promise<V | undefined> {
    return (await this.#dict.get(key)) as V | undefined
  }

  /** The stored values, in the order of the keys; undefined for each that is absent or expired. */
  async getMany<V>(keys: string[]): Promise<(V | undefined)[]> {
    return (await this.#dict.getMany(keys)) as (V | undefined)[]
  }

  /** Without a ttl the entry lives as long as the dict says. Rejects as set() of the dict throws. */
  async set(key: string, value: unknown, ttl?: number): Promise<boolean> {
    // Keyv keeps undefined as a value of its own; a dict has no entry for it.
    if (value === undefined) await this.#dict.delete(key)
    else await this.#dict.set(key, value, lifeOf(ttl))
    return true
  }

  /** As set(), one after the other. */
  async setMany(entries: KeyvEntry[]): Promise<void> {
    for (const { key, value, ttl } of entries) await this.set(key, value, ttl)
  }

  /** Whether the key is there and has not expired. */
  async has(key: string): Promise<boolean> {
    return this.#dict.has(key)
  }

  /** The same for each key, in their order. */
  async hasMany(keys: string[]): Promise<boolean[]> {
    return this.#dict.hasMany(keys)
  }

  /** Removes a key; false if it was absent or expired. */
  async delete(key: string): Promise<boolean> {
    return this.#dict.delete(key)
  }

  /** True if any of them was there. */
  async deleteMany(keys: string[]): Promise<boolean> {
    return (await this.#dict.deleteMany(keys)) > 0
  }

  /** Removes all entries of the namespace; without one, all of the dict. */
  async clear(): Promise<void> {
    if (this.namespace === undefined) {
      await this.#dict.clear()
      return
    }
    const keys: string[] = []
    for await (const key of this.#dict.keys({ prefix: `${this.namespace}:` })) keys.push(key)
    await this.#dict.deleteMany(keys)
  }

  /** The entries of a namespace, one by one. */
  async *iterator<V>(namespace?: string): AsyncGenerator<[string, V], void> {
    const range = namespace === undefined ? {} : { prefix: `${namespace}:` }
    for await (const [key, value] of this.#dict.entries(range)) yield [key, value as V]
  }

  /** Nothing to do: the dict stays open for others. */
  async disconnect(): Promise<void> {}
}

function lifeOf(ttl: number | undefined): { ttl: number } | undefined {
  return ttl === undefined || ttl === 0 ? undefined : { ttl }
}
