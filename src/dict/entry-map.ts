/**
 * The Map part of a dict: reading, writing, and walking its entries.
 *
 * Every method checks its input, encodes it, and asks the engine; what reading and writing mean is
 * decided there. Values come back frozen, or as copies with `values: 'copy'`.
 */
import type { Entry } from '../engine/entry.js'
import { sizeOf } from '../engine/expired.js'
import { synchronous } from '../engine/synchronous.js'
import { checkedList, checkFunction, OR_INSERT, OR_SET } from '../errors/checked-argument.js'
import { entryFace } from './entry-face.js'
import type {
  DictEntry,
  Frozen,
  KeyIn,
  KeyOf,
  KeyOut,
  Range,
  Synchronous,
  ValueAt,
} from './face.js'
import { givenPairs } from './given-pairs.js'
import { increased } from './increment.js'
import { refuseAssignments } from './refuse-assignments.js'
import type { Scope } from './scope.js'
import { KEEP_TTL, keepingTags, type SetOptions } from './set-options.js'

export class EntryMap<S extends object, K = KeyOf<S>> {
  readonly #scope: Scope

  static {
    refuseAssignments(EntryMap.prototype)
  }

  constructor(scope: Scope) {
    this.#scope = scope
  }

  // Map

  /** The value of a key, or `fallback` (undefined if left out) if the key is absent or expired. */
  get<L extends KeyIn<K>>(key: L): Frozen<ValueAt<S, L>> | undefined
  get<L extends KeyIn<K>, F>(key: L, fallback: F): Frozen<ValueAt<S, L>> | F
  get(key: KeyIn<K>, fallback?: unknown): unknown {
    const { engine, space, mode } = this.#scope
    const value = engine.value(space, this.#scope.key(key), mode)
    return value === undefined ? fallback : value
  }

  /** The value of a key with what is known of it; undefined if the key is absent or expired. */
  getEntry<L extends KeyIn<K>>(key: L): DictEntry<L, Frozen<ValueAt<S, L>>> | undefined {
    const { engine, space, mode, accessTimes } = this.#scope
    const text = this.#scope.key(key)
    const entry = engine.entry(space, text, mode)
    const accessedAt = entry && accessTimes?.of(space, text)
    return entry && (entryFace(entry, key, mode, accessedAt) as DictEntry<L, Frozen<ValueAt<S, L>>>)
  }

  /** Whether the key is there and has not expired. */
  has(key: KeyIn<K>): boolean {
    return this.#scope.engine.has(this.#scope.space, this.#scope.key(key))
  }

  /**
   * Stores a value. Throws KeyError, UnpersistableValueError (with the path of the offending part),
   * InvalidValueError or OptionError, having stored nothing; and StoreError, where a batched write
   * stays pending.
   */
  set<L extends KeyIn<K>>(key: L, value: ValueAt<S, L>, options?: SetOptions): this {
    this.#scope.engine.write([this.#scope.setWrite(this.#scope.key(key), value, options)])
    return this
  }

  /** Removes a key; false if it was absent or expired. */
  delete(key: KeyIn<K>): boolean {
    return this.#scope.delete(this.#scope.key(key))
  }

  /** Removes a key and returns its value as a private copy; undefined if it was absent. Atomic. */
  take<L extends KeyIn<K>>(key: L): ValueAt<S, L> | undefined {
    return this.#scope.atomically(key, (text, fields) => {
      if (fields === undefined) return undefined
      this.#scope.engine.delete(this.#scope.space, text)
      return this.#scope.copyOf(text, fields) as ValueAt<S, L>
    })
  }

  /** Removes all entries of this dict or namespace, and none of any other. */
  clear(): void {
    this.#scope.assertOpen()
    this.#scope.engine.clear(this.#scope.space)
  }

  /** How many entries there are, expired ones not counted. */
  get size(): number {
    this.#scope.assertOpen()
    return sizeOf(this.#scope.engine, this.#scope.space)
  }

  // Many: one transaction each

  /** The values of several keys, in their order, all as of one moment. Undefined for absent ones. */
  getMany<L extends KeyIn<K>>(keys: Iterable<L>): (Frozen<ValueAt<S, L>> | undefined)[] {
    return this.#scope.together(checkedList(keys, 'getMany()', 'keys'), (key) => this.get(key))
  }

  /** Which of several keys are there, in their order, all as of one moment. */
  hasMany(keys: Iterable<KeyIn<K>>): boolean[] {
    return this.#scope.together(checkedList(keys, 'hasMany()', 'keys'), (key) => this.has(key))
  }

  /** Stores several entries, all or none of them. Takes pairs, or a plain object. */
  setMany(
    entries: Iterable<readonly [KeyIn<K>, ValueAt<S, K>]> | Partial<S>,
    options?: SetOptions,
  ): this {
    const scope = this.#scope
    scope.assertOpen()
    const pairs = givenPairs<KeyIn<K>, ValueAt<S, K>>(entries)
    scope.engine.write(pairs.map(([key, value]) => scope.setWrite(scope.key(key), value, options)))
    return this
  }

  /** Removes several keys in one transaction; returns how many were there. */
  deleteMany(keys: Iterable<KeyIn<K>>): number {
    this.#scope.assertOpen()
    const texts = checkedList(keys, 'deleteMany()', 'keys').map((key) => this.#scope.key(key))
    const { engine, space } = this.#scope
    return engine.transaction(() => texts.filter((text) => engine.delete(space, text)).length)
  }

  // Atomic: safe against every other task, thread and process

  /**
   * Replaces a value by what `fn` makes of it. `fn` gets a private copy (undefined if the key is
   * absent) that it may change in place; returning undefined keeps that copy. It must not return a
   * promise. Deadline and tags stay unless the options say otherwise. Returns the new value.
   */
  update<L extends KeyIn<K>>(
    key: L,
    fn: (current: ValueAt<S, L> | undefined) => ValueAt<S, L> | undefined,
    options: SetOptions = KEEP_TTL,
  ): ValueAt<S, L> | undefined {
    checkFunction(fn, 'update()', OR_SET)
    return this.#scope.atomically(key, (text, fields) => {
      const copy = fields && (this.#scope.copyOf(text, fields) as ValueAt<S, L>)
      const result = synchronous(fn(copy))
      const next = result === undefined ? copy : result
      if (next !== undefined) {
        const kept = keepingTags(options, fields)
        this.#scope.engine.write([this.#scope.setWrite(text, next, kept)])
      }
      return next
    })
  }

  /** The value of a key; stores `value` first if it is absent. */
  getOrInsert<L extends KeyIn<K>>(
    key: L,
    value: ValueAt<S, L>,
    options?: SetOptions,
  ): Frozen<ValueAt<S, L>> {
    return this.getOrInsertComputed(key, () => value, options)
  }

  /** The value of a key; stores what `fn` returns first if it is absent. `fn` must not return a promise. */
  getOrInsertComputed<L extends KeyIn<K>>(
    key: L,
    fn: (key: L) => ValueAt<S, L>,
    options?: SetOptions,
  ): Frozen<ValueAt<S, L>> {
    checkFunction(fn, 'getOrInsertComputed()', OR_INSERT)
    const found = this.get(key)
    if (found !== undefined) return found
    return this.#scope.atomically(key, (text, fields) => {
      if (fields === undefined) {
        const value = synchronous(fn(key))
        this.#scope.engine.write([this.#scope.setWrite(text, value, options)])
      }
      return this.get(key) as Frozen<ValueAt<S, L>>
    })
  }

  /**
   * Adds to a number, which counts from 0 if absent; returns the sum. Deadline and tags stay unless the
   * options say otherwise. Throws NotANumberError.
   */
  increment(key: K, by: number | bigint = 1, options: SetOptions = KEEP_TTL): number | bigint {
    return this.#scope.atomically(key, (text, fields) => {
      const sum = increased(
        () => this.#scope.space.shown(text),
        fields && this.#scope.copyOf(text, fields),
        by,
      )
      const kept = keepingTags(options, fields)
      const deadline = () => fields?.expiresAt ?? 0
      this.#scope.engine.write([this.#scope.setWrite(text, sum, kept, deadline)])
      return sum
    })
  }

  /**
   * Stores a value if the key still has this version (from getEntry()), or is absent if `version` is
   * undefined. Returns whether it did.
   */
  compareAndSet<L extends KeyIn<K>>(
    key: L,
    version: number | undefined,
    value: ValueAt<S, L>,
    options?: SetOptions,
  ): boolean {
    return this.#scope.atomically(key, (text, fields) => {
      if (fields?.version !== version) return false
      this.#scope.engine.write([this.#scope.setWrite(text, value, options)])
      return true
    })
  }

  /**
   * Runs `fn` as one transaction: all that it does happens, or nothing if it throws. Nobody else
   * writes meanwhile. `fn` must be synchronous; other dicts of the same store take part. So does a
   * transaction() or update() inside: should one of these throw, all fails, caught or not.
   */
  transaction<T>(fn: (dict: this) => Synchronous<T>): T {
    this.#scope.assertOpen()
    checkFunction(fn, 'transaction()')
    return this.#scope.engine.transaction(() => fn(this))
  }

  // Iterate: in steps that hold no snapshot; see docs/ARCHITECTURE.md

  /** The keys of a range. */
  *keys(range?: Range<KeyIn<K>>): Generator<KeyOut<S, K>, undefined> {
    for (const key of this.#scope.scanKeys(range)) yield this.#scope.userKey(key) as KeyOut<S, K>
    return undefined
  }

  /** The values of a range. */
  *values(range?: Range<KeyIn<K>>): Generator<Frozen<ValueAt<S, K>>, undefined> {
    for (const entry of this.#scope.scan(range, this.#scope.mode)) yield this.#valueOf(entry)
    return undefined
  }

  /** The entries of a range as pairs. */
  *entries(range?: Range<KeyIn<K>>): Generator<[KeyOut<S, K>, Frozen<ValueAt<S, K>>], undefined> {
    for (const entry of this.#scope.scan(range, this.#scope.mode)) {
      yield [this.#scope.userKey(entry.key) as KeyOut<S, K>, this.#valueOf(entry)]
    }
    return undefined
  }

  /** As entries() does, without a range. */
  [Symbol.iterator](): Generator<[KeyOut<S, K>, Frozen<ValueAt<S, K>>], undefined> {
    return this.entries()
  }

  /** Calls `fn` for each entry, in key order. */
  forEach(
    fn: (value: Frozen<ValueAt<S, K>>, key: KeyOut<S, K>, dict: this) => void,
    thisArg?: unknown,
  ): void {
    checkFunction(fn, 'forEach()')
    for (const [key, value] of this) fn.call(thisArg, value, key, this)
  }

  #valueOf(entry: Entry): Frozen<ValueAt<S, K>> {
    return entry.value(this.#scope.mode) as Frozen<ValueAt<S, K>>
  }
}
