/**
 * PersistDict: a Map whose entries survive.
 *
 * Every method checks its input, encodes it, and asks the engine; what reading and writing mean is
 * decided there. Values come back frozen, or as copies with `values: 'copy'`.
 */
import type { Duration } from '../duration.js'
import { durationMs } from '../duration.js'
import { namespacePaths } from '../engine/count.js'
import type { Entry } from '../engine/entry.js'
import { sizeOf, sweep } from '../engine/expired.js'
import type { Subscription } from '../engine/listeners.js'
import { scanEntries, type Wanted } from '../engine/scan.js'
import { synchronous } from '../engine/synchronous.js'
import { entryFace } from './entry-face.js'
import { type DictEvents, type EventListeners, listenersOf } from './events.js'
import type {
  DictEntry,
  DictStats,
  Frozen,
  KeyIn,
  KeyOf,
  Range,
  Synchronous,
  ValueAt,
} from './face.js'
import { increased } from './increment.js'
import { objectView, type ViewOptions } from './object-view.js'
import { checkedRange } from './range.js'
import type { Scope } from './scope.js'
import { afterMs, type SetOptions } from './set-options.js'
import { registerView } from './views.js'

export class PersistDict<S extends object = Record<string, unknown>, K = KeyOf<S>> {
  readonly #scope: Scope
  readonly #events: EventListeners
  #view: object | undefined

  /** Dicts are made by open(). */
  constructor(scope: Scope, events: EventListeners) {
    this.#scope = scope
    this.#events = events
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
    const { engine, space, mode } = this.#scope
    const entry = engine.entry(space, this.#scope.key(key), mode)
    return entry && (entryFace(entry, key, mode) as DictEntry<L, Frozen<ValueAt<S, L>>>)
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
    return this.#scope.engine.delete(this.#scope.space, this.#scope.key(key))
  }

  /** Removes a key and returns its value as a private copy; undefined if it was absent. Atomic. */
  take<L extends KeyIn<K>>(key: L): ValueAt<S, L> | undefined {
    return this.#scope.atomically(key, (text, fields) => {
      if (fields === undefined) return undefined
      this.#scope.engine.delete(this.#scope.space, text)
      return this.#scope.copyOf(fields) as ValueAt<S, L>
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
    return this.#scope.together(keys, (key) => this.get(key))
  }

  /** Which of several keys are there, in their order, all as of one moment. */
  hasMany(keys: Iterable<KeyIn<K>>): boolean[] {
    return this.#scope.together(keys, (key) => this.has(key))
  }

  /** Stores several entries, all or none of them. Takes pairs, or a plain object. */
  setMany(
    entries: Iterable<readonly [KeyIn<K>, ValueAt<S, K>]> | Partial<S>,
    options?: SetOptions,
  ): this {
    const scope = this.#scope
    scope.assertOpen()
    const pairs = Symbol.iterator in entries ? [...entries] : Object.entries(entries)
    scope.engine.write(pairs.map(([key, value]) => scope.setWrite(scope.key(key), value, options)))
    return this
  }

  /** Removes several keys in one transaction; returns how many were there. */
  deleteMany(keys: Iterable<KeyIn<K>>): number {
    this.#scope.assertOpen()
    const texts = Array.from(keys, (key) => this.#scope.key(key))
    const { engine, space } = this.#scope
    return engine.transaction(() => texts.filter((text) => engine.delete(space, text)).length)
  }

  // Atomic: safe against every other task, thread and process

  /**
   * Replaces a value by what `fn` makes of it. `fn` gets a private copy (undefined if the key is
   * absent) that it may change in place; returning undefined keeps that copy. It must not return a
   * promise. The deadline stays unless the options say otherwise. Returns the new value.
   */
  update<L extends KeyIn<K>>(
    key: L,
    fn: (current: ValueAt<S, L> | undefined) => ValueAt<S, L> | undefined,
    options: SetOptions = { keepTtl: true },
  ): ValueAt<S, L> | undefined {
    return this.#scope.atomically(key, (text, fields) => {
      const copy = fields && (this.#scope.copyOf(fields) as ValueAt<S, L>)
      const result = synchronous(fn(copy))
      const next = result === undefined ? copy : result
      if (next !== undefined) this.#scope.engine.write([this.#scope.setWrite(text, next, options)])
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

  /** Adds to a number, which counts from 0 if absent; returns the sum. Throws NotANumberError. */
  increment(
    key: K,
    by: number | bigint = 1,
    options: SetOptions = { keepTtl: true },
  ): number | bigint {
    return this.#scope.atomically(key, (text, fields) => {
      const sum = increased(text, fields && this.#scope.copyOf(fields), by)
      this.#scope.engine.write([this.#scope.setWrite(text, sum, options)])
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
   * writes meanwhile. `fn` must be synchronous; other dicts of the same store take part.
   */
  transaction<T>(fn: (dict: this) => Synchronous<T>): T {
    this.#scope.assertOpen()
    return this.#scope.engine.transaction(() => fn(this))
  }

  // Iterate: in steps that hold no snapshot; see docs/ARCHITECTURE.md

  /** The keys of a range. */
  *keys(range?: Range<KeyIn<K>>): Generator<K, undefined> {
    for (const entry of this.#scan(range, 'keys')) yield this.#scope.userKey(entry.key) as K
    return undefined
  }

  /** The values of a range. */
  *values(range?: Range<KeyIn<K>>): Generator<Frozen<ValueAt<S, K>>, undefined> {
    for (const entry of this.#scan(range, this.#scope.mode)) yield this.#valueOf(entry)
    return undefined
  }

  /** The entries of a range as pairs. */
  *entries(range?: Range<KeyIn<K>>): Generator<[K, Frozen<ValueAt<S, K>>], undefined> {
    for (const entry of this.#scan(range, this.#scope.mode)) {
      yield [this.#scope.userKey(entry.key) as K, this.#valueOf(entry)]
    }
    return undefined
  }

  [Symbol.iterator](): Generator<[K, Frozen<ValueAt<S, K>>], undefined> {
    return this.entries()
  }

  /** Calls `fn` for each entry, in key order. */
  forEach(fn: (value: Frozen<ValueAt<S, K>>, key: K, dict: this) => void, thisArg?: unknown): void {
    for (const [key, value] of this) fn.call(thisArg, value, key, this)
  }

  // Time

  /** Milliseconds that a key has left: Infinity if it never expires, undefined if it is absent. */
  ttl(key: KeyIn<K>): number | undefined {
    const { engine, space } = this.#scope
    const entry = engine.entry(space, this.#scope.key(key), 'frozen')
    if (entry === undefined) return undefined
    return Math.max(0, (entry.expiresAt || Number.POSITIVE_INFINITY) - engine.now())
  }

  /** Gives a key another time to live, from now; null for ever. False if it is absent. */
  expire(key: KeyIn<K>, ttl: Duration | null): boolean {
    const { engine } = this.#scope
    const expiresAt = ttl === null ? 0 : afterMs(durationMs(ttl, 'ttl'), engine.clock)
    return this.#scope.atomically(key, (text, fields) => {
      if (fields === undefined) return false
      engine.write([this.#scope.expiryWrite(text, fields, expiresAt)])
      return true
    })
  }

  /** Removes the rows of expired entries from the store, in all namespaces; returns how many. */
  sweep(): number {
    this.#scope.assertOpen()
    return sweep(this.#scope.engine)
  }

  // Groups

  /** A dict of its own inside this one, isolated by name. It closes with this one. */
  namespace<T extends object = S>(name: string): PersistDict<T> {
    this.#scope.assertOpen()
    return new PersistDict<T>(this.#scope.within(name), this.#events)
  }

  /** The names, from the root down, of all namespaces of the store that hold entries. */
  *namespaces(): Generator<readonly string[], undefined> {
    this.#scope.assertOpen()
    for (const path of namespacePaths(this.#scope.engine.reader())) if (path.length > 0) yield path
    return undefined
  }

  /**
   * Hears of what no call can report: `'error'`, such as a commit that failed in the background; and
   * `'warning'`, such as listing so many keys that it takes long.
   */
  on<E extends keyof DictEvents>(event: E, handler: (what: DictEvents[E]) => void): Subscription {
    this.#scope.assertOpen()
    return listenersOf(this.#events, event).add(handler)
  }

  // The object face

  /** The dict as a plain object: reading and writing properties reads and writes entries. */
  get object(): { [P in KeyOf<S>]?: S[P] } {
    this.#view ??= this.asObject()
    return this.#view as { [P in KeyOf<S>]?: S[P] }
  }

  /** Another object view, with other values or another prototype than `object` has. */
  asObject(options?: ViewOptions): { [P in KeyOf<S>]?: S[P] } {
    const view = objectView(this.#scope, options)
    registerView(view, this)
    return view as { [P in KeyOf<S>]?: S[P] }
  }

  /** A plain object with private copies of all values, in insertion order. */
  toObject(): { [P in KeyOf<S>]: S[P] } {
    const copy = {}
    for (const entry of this.#scan({ order: 'insertion' }, 'copy')) {
      // Defined, not assigned: "__proto__" is a key like any other.
      const property = { enumerable: true, configurable: true, writable: true }
      Object.defineProperty(copy, entry.key, { ...property, value: entry.value('copy') })
    }
    return copy as { [P in KeyOf<S>]: S[P] }
  }

  // Upkeep

  /** Resolves when all that was written before is on disk. Rejects with what the store throws. */
  flush(): Promise<void> {
    this.#scope.assertOpen()
    return this.#scope.engine.flush()
  }

  /** Commits all that was written before. Throws what the store throws; nothing is lost by that. */
  flushSync(): void {
    this.#scope.assertOpen()
    this.#scope.engine.flushSync()
  }

  stats(): DictStats {
    this.#scope.assertOpen()
    const { store, counters, pendingWrites, cacheSize } = this.#scope.engine
    const { sizeBytes, engine } = store.stats()
    const { kind, location } = store
    return {
      store: kind,
      location,
      sizeBytes,
      ...counters,
      pendingWrites,
      cache: cacheSize,
      engine,
    }
  }

  /** Drops the values that are kept in memory for reading again. */
  clearCache(): void {
    this.#scope.assertOpen()
    this.#scope.engine.clearCache()
  }

  /** Commits, and lets the store go once nobody else in this thread uses it. May be called twice. */
  close(): void {
    if (this.#scope.lease.isClosed) return
    this.#scope.lease.release()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#scope.lease.isClosed) await this.flush()
    this.close()
  }

  #scan(range: Range<KeyIn<K>> | undefined, wanted: Wanted): Iterable<Entry> {
    this.#scope.assertOpen()
    return scanEntries(
      this.#scope.engine,
      this.#scope.space,
      checkedRange(this.#scope, range),
      wanted,
    )
  }

  #valueOf(entry: Entry): Frozen<ValueAt<S, K>> {
    return entry.value(this.#scope.mode) as Frozen<ValueAt<S, K>>
  }
}
