/**
 * The Map part of an asynchronous dict. The members have the names and the meaning of those of
 * EntryMap, and return promises. There is no transaction(): nobody can hold a remote store while a
 * function runs. update() and the like are atomic instead, by trying again if somebody was faster.
 */
import type { Entry } from '../engine/entry.js'
import { checkedList, checkFunction, OR_INSERT, OR_SET } from '../errors/checked-argument.js'
import type { AsyncScope } from './async-scope.js'
import { entryFace } from './entry-face.js'
import type { DictEntry, Frozen, KeyIn, KeyOf, KeyOut, Range, ValueAt } from './face.js'
import { givenPairs } from './given-pairs.js'
import { increased } from './increment.js'
import { refuseAssignments } from './refuse-assignments.js'
import { KEEP_TTL, keepingTags, type SetOptions } from './set-options.js'

export class AsyncEntryMap<S extends object, K = KeyOf<S>> {
  readonly #scope: AsyncScope

  static {
    refuseAssignments(AsyncEntryMap.prototype)
  }

  constructor(scope: AsyncScope) {
    this.#scope = scope
  }

  // Map

  /** The value of a key, or `fallback` (undefined if left out) if the key is absent or expired. */
  get<L extends KeyIn<K>>(key: L): Promise<Frozen<ValueAt<S, L>> | undefined>
  get<L extends KeyIn<K>, F>(key: L, fallback: F): Promise<Frozen<ValueAt<S, L>> | F>
  get(key: KeyIn<K>, fallback?: unknown): Promise<unknown> {
    // Not async: one more promise costs half as much as a hit.
    try {
      const { engine, space, mode } = this.#scope
      const value = engine.value(space, this.#scope.key(key), mode)
      if (fallback === undefined) return value
      return value.then((found) => (found === undefined ? fallback : found))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** The value of a key with what is known of it; undefined if the key is absent or expired. */
  async getEntry<L extends KeyIn<K>>(
    key: L,
  ): Promise<DictEntry<L, Frozen<ValueAt<S, L>>> | undefined> {
    const { engine, space, mode } = this.#scope
    const text = this.#scope.key(key)
    const entry = await engine.entry(space, text, mode)
    if (entry === undefined) return undefined
    const accessedAt = await engine.accessTimes?.of(space, text)
    return entryFace(entry, key, mode, accessedAt) as DictEntry<L, Frozen<ValueAt<S, L>>>
  }

  /** Whether the key is there and has not expired. */
  async has(key: KeyIn<K>): Promise<boolean> {
    const [isThere] = await this.#scope.engine.has(this.#scope.space, [this.#scope.key(key)])
    return isThere === true
  }

  /**
   * Stores a value. Rejects with KeyError, UnpersistableValueError (with the path of the offending
   * part), InvalidValueError or OptionError, having stored nothing; and with StoreError, where it is
   * not known whether the value was stored.
   */
  async set<L extends KeyIn<K>>(key: L, value: ValueAt<S, L>, options?: SetOptions): Promise<this> {
    const write = this.#scope.setWrite(this.#scope.key(key), value, options)
    await this.#scope.engine.write(this.#scope.space, [write])
    return this
  }

  /** Removes a key; false if it was absent or expired. */
  async delete(key: KeyIn<K>): Promise<boolean> {
    const { engine, space } = this.#scope
    return (await engine.delete(space, [this.#scope.key(key)])) === 1
  }

  /** Removes a key and returns its value as a private copy; undefined if it was absent. Atomic. */
  async take<L extends KeyIn<K>>(key: L): Promise<ValueAt<S, L> | undefined> {
    const { space } = this.#scope
    return this.#scope.change(key, (text, entry) => ({
      write: entry && { kind: 'delete', space, key: text },
      result: entry?.value('copy') as ValueAt<S, L> | undefined,
    }))
  }

  /**
   * Removes all entries of this dict or namespace, and none of any other. Entries that others set
   * meanwhile may stay or go.
   */
  async clear(): Promise<void> {
    this.#scope.assertOpen()
    await this.#scope.engine.clear(this.#scope.space)
  }

  /** How many entries there are, expired ones not counted. */
  async size(): Promise<number> {
    this.#scope.assertOpen()
    return this.#scope.engine.size(this.#scope.space)
  }

  // Many: all or none, and as of one moment, unless the store's keys live in different places

  /** The values of several keys, in their order, all as of one moment. Undefined for absent ones. */
  async getMany<L extends KeyIn<K>>(
    keys: Iterable<L>,
  ): Promise<(Frozen<ValueAt<S, L>> | undefined)[]> {
    const { engine, space, mode } = this.#scope
    const values = await engine.values(space, this.#texts(keys, 'getMany()'), mode)
    return values as (Frozen<ValueAt<S, L>> | undefined)[]
  }

  /** Which of several keys are there, in their order, all as of one moment. */
  async hasMany(keys: Iterable<KeyIn<K>>): Promise<boolean[]> {
    return this.#scope.engine.has(this.#scope.space, this.#texts(keys, 'hasMany()'))
  }

  /** Stores several entries, all or none of them. Takes pairs, or a plain object. */
  async setMany(
    entries: Iterable<readonly [KeyIn<K>, ValueAt<S, K>]> | Partial<S>,
    options?: SetOptions,
  ): Promise<this> {
    const scope = this.#scope
    scope.assertOpen()
    const pairs = givenPairs<KeyIn<K>, ValueAt<S, K>>(entries)
    const writes = pairs.map(([key, value]) => scope.setWrite(scope.key(key), value, options))
    await scope.engine.write(scope.space, writes)
    return this
  }

  /** Removes several keys, all or none; returns how many were there. */
  async deleteMany(keys: Iterable<KeyIn<K>>): Promise<number> {
    return this.#scope.engine.delete(this.#scope.space, this.#texts(keys, 'deleteMany()'))
  }

  // Atomic: safe against every other task, thread and process

  /**
   * Replaces a value by what `fn` makes of it, or promises to. `fn` gets a private copy (undefined if
   * the key is absent) that it may change in place; returning undefined keeps that copy. It is called
   * again, with a new copy, if somebody changed the key meanwhile. The deadline stays unless the
   * options say otherwise. Returns the new value. Rejects with ContentionError if others were faster
   * too often.
   */
  async update<L extends KeyIn<K>>(
    key: L,
    fn: (
      current: ValueAt<S, L> | undefined,
    ) => ValueAt<S, L> | undefined | Promise<ValueAt<S, L> | undefined>,
    options: SetOptions = KEEP_TTL,
  ): Promise<ValueAt<S, L> | undefined> {
    checkFunction(fn, 'update()', OR_SET)
    return this.#scope.change(key, (text, entry) => {
      const copy = entry?.value('copy') as ValueAt<S, L> | undefined
      return whenThere(fn(copy), (result) => {
        const next = result === undefined ? copy : result
        const isNothing = next === undefined
        const write = isNothing
          ? undefined
          : this.#scope.setOver(text, entry, next, keepingTags(options, entry))
        return { write, result: next }
      })
    })
  }

  /** The value of a key; stores `value` first if it is absent. */
  async getOrInsert<L extends KeyIn<K>>(
    key: L,
    value: ValueAt<S, L>,
    options?: SetOptions,
  ): Promise<Frozen<ValueAt<S, L>>> {
    return this.getOrInsertComputed(key, () => value, options)
  }

  /**
   * The value of a key; stores what `fn` returns, or promises, first if it is absent. Of several who do
   * so at once, each calls its `fn`, and all get the value of the first.
   */
  async getOrInsertComputed<L extends KeyIn<K>>(
    key: L,
    fn: (key: L) => ValueAt<S, L> | Promise<ValueAt<S, L>>,
    options?: SetOptions,
  ): Promise<Frozen<ValueAt<S, L>>> {
    checkFunction(fn, 'getOrInsertComputed()', OR_INSERT)
    const found = await this.get(key)
    if (found !== undefined) return found
    const value = await fn(key)
    const { mode } = this.#scope
    const stored = await this.#scope.change<unknown>(key, (text, entry) => {
      if (entry !== undefined) return { write: undefined, result: entry.value(mode) }
      const write = this.#scope.setOver(text, entry, value, options)
      return { write, result: this.#scope.shown(text, write.payload) }
    })
    return stored as Frozen<ValueAt<S, L>>
  }

  /** Adds to a number, which counts from 0 if absent; returns the sum. Rejects with NotANumberError. */
  async increment(
    key: K,
    by: number | bigint = 1,
    options: SetOptions = KEEP_TTL,
  ): Promise<number | bigint> {
    return this.#scope.change(key, (text, entry) => {
      const sum = increased(() => this.#scope.space.shown(text), entry?.value('copy'), by)
      return {
        write: this.#scope.setOver(text, entry, sum, keepingTags(options, entry)),
        result: sum,
      }
    })
  }

  /**
   * Stores a value if the key still has this version (from getEntry()), or is absent if `version` is
   * undefined. Returns whether it did.
   */
  async compareAndSet<L extends KeyIn<K>>(
    key: L,
    version: number | undefined,
    value: ValueAt<S, L>,
    options?: SetOptions,
  ): Promise<boolean> {
    return this.#scope.change(key, (text, entry) => {
      if (entry?.version !== version) return { write: undefined, result: false }
      return { write: this.#scope.setOver(text, entry, value, options), result: true }
    })
  }

  // Iterate: in steps that hold nothing of the store

  /** The keys of a range. */
  async *keys(range?: Range<KeyIn<K>>): AsyncGenerator<KeyOut<S, K>, undefined> {
    for await (const entry of this.#scope.scan(range, 'keys')) {
      yield this.#scope.userKey(entry.key) as KeyOut<S, K>
    }
    return undefined
  }

  /** The values of a range. */
  async *values(range?: Range<KeyIn<K>>): AsyncGenerator<Frozen<ValueAt<S, K>>, undefined> {
    for await (const entry of this.#scope.scan(range, this.#scope.mode)) yield this.#valueOf(entry)
    return undefined
  }

  /** The entries of a range as pairs. */
  async *entries(
    range?: Range<KeyIn<K>>,
  ): AsyncGenerator<[KeyOut<S, K>, Frozen<ValueAt<S, K>>], undefined> {
    for await (const entry of this.#scope.scan(range, this.#scope.mode)) {
      yield [this.#scope.userKey(entry.key) as KeyOut<S, K>, this.#valueOf(entry)]
    }
    return undefined
  }

  /** As entries() does, without a range. */
  [Symbol.asyncIterator](): AsyncGenerator<[KeyOut<S, K>, Frozen<ValueAt<S, K>>], undefined> {
    return this.entries()
  }

  /** Calls `fn` for each entry, in key order, one after the other: a promise is waited for. */
  async forEach(
    fn: (value: Frozen<ValueAt<S, K>>, key: KeyOut<S, K>, dict: this) => unknown,
    thisArg?: unknown,
  ): Promise<void> {
    checkFunction(fn, 'forEach()')
    for await (const [key, value] of this) await fn.call(thisArg, value, key, this)
  }

  #texts(keys: Iterable<KeyIn<K>>, where: string): string[] {
    this.#scope.assertOpen()
    return checkedList(keys, where, 'keys').map((key) => this.#scope.key(key))
  }

  #valueOf(entry: Entry): Frozen<ValueAt<S, K>> {
    return entry.value(this.#scope.mode) as Frozen<ValueAt<S, K>>
  }
}

/** What `then` makes of a value: at once, or when it is there. */
function whenThere<T, R>(value: T | Promise<T>, then: (value: T) => R): R | Promise<R> {
  const isPromise = typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
  return isPromise ? Promise.resolve(value).then(then) : then(value as T)
}
