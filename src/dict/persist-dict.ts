/**
 * PersistDict: a Map whose entries survive. Its Map part is in entry-map.ts; here is what goes beyond
 * a Map: time, groups, events, the object view, upkeep.
 */

import { type InspectOptions, inspect } from 'node:util'
import type { Duration } from '../duration.js'
import { durationMs } from '../duration.js'
import type { Activity } from '../engine/activity/activity.js'
import { localActivity } from '../engine/activity/local-activity.js'
import { namespacePaths } from '../engine/count.js'
import { sweep } from '../engine/expired.js'
import type { Subscription } from '../engine/listeners.js'
import { ROTATION_OPTIONS, type RotationOptions, type RotationReport } from '../engine/resealing.js'
import { rotateKeys } from '../engine/rotation.js'
import type { VerifyReport } from '../engine/upkeep/finding.js'
import { storeUpkeep } from '../engine/upkeep/store-upkeep.js'
import { VERIFY_OPTIONS, type VerifyOptions, verify } from '../engine/upkeep/verify.js'
import { refuseUnknown } from '../errors/unknown-option.js'
import type { BackupReport, CompactReport } from '../store/sync-store.js'
import { ComputeMap } from './compute-map.js'
import type { DictEvents, Handler, HandlerOptions, IsolatedOptions } from './events/dict-events.js'
import type { StoreEvents } from './events/store-events.js'
import type { WatchEvent } from './events/watch.js'
import type {
  DictStats,
  Frozen,
  KeyIn,
  KeyOf,
  KeyOut,
  ValueAt,
  WatchOptions,
  WatchRange,
} from './face.js'
import { inspectedDict } from './inspected.js'
import { objectView, type ViewOptions } from './object-view.js'
import { Quarantine } from './quarantine.js'
import { checkedWatchRange } from './range.js'
import { registerRestorer } from './restore.js'
import type { Scope } from './scope.js'
import { afterMs, checkedTags } from './set-options.js'
import { registerNames, shownBy } from './shown-names.js'
import { registerView } from './views.js'

/** A Map whose entries survive: what open() gives. */
export class PersistDict<
  S extends object = Record<string, unknown>,
  K = KeyOf<S>,
> extends ComputeMap<S, K> {
  readonly #scope: Scope
  readonly #events: StoreEvents
  #view: object | undefined

  /** Dicts are made by open(). */
  constructor(scope: Scope, events: StoreEvents) {
    super(scope)
    this.#scope = scope
    this.#events = events
    registerNames(this, shownBy(scope))
    registerRestorer(this, {
      write: async (entries) => scope.engine.write(entries.map((entry) => scope.restoring(entry))),
      wasRead: (key, at) => scope.accessTimes?.wasRead(scope.space, scope.key(key), at),
    })
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

  /**
   * Gives an entry its time to live anew: as long as it was given when it was last set. Counts as a
   * read for `maxIdle`. False if the key is absent.
   */
  touch(key: KeyIn<K>): boolean {
    const { engine } = this.#scope
    return this.#scope.atomically(key, (text, fields) => {
      if (fields === undefined) return false
      const { expiresAt, updatedAt } = fields
      // A deadline that was in the past when it was set has no time to live.
      const ttlMs = Math.max(1, expiresAt - updatedAt)
      const next = expiresAt === 0 ? 0 : afterMs(ttlMs, engine.clock)
      engine.write([this.#scope.expiryWrite(text, fields, next)])
      return true
    })
  }

  /** Removes the rows of expired and idle entries from the store, in all namespaces; returns how many. */
  sweep(): number {
    this.#scope.assertOpen()
    return sweep(this.#scope.engine, this.#scope.accessTimes)
  }

  // Groups

  /** The names of this namespace from the root down; empty for the root. */
  get path(): readonly string[] {
    this.#scope.assertOpen()
    return this.#scope.space.path
  }

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
   * Invalidates all entries of this dict or namespace that were set with one of the tags: for every
   * process they are gone at its next read. Takes the same time however many there are; their rows are
   * removed later. Entries that are set afterwards are not concerned.
   */
  invalidateTag(...tags: string[]): void {
    this.#scope.assertOpen()
    this.#scope.engine.invalidate(this.#scope.space, checkedTags(tags))
    this.#events.hub.invalidated(this.#scope.space, tags)
  }

  // Events

  /**
   * Calls `handler` with each event: of the entries of this dict and of the namespaces within it; and
   * of the whole store for `'error'` and `'warning'`. Handlers run after the commit, one event after
   * the other. One that throws, rejects or takes too long causes an `'error'` event and nothing else.
   * Throws OptionError for an event that does not exist.
   */
  on<E extends keyof DictEvents>(
    event: E,
    handler: Handler<DictEvents<KeyOut<S, K>, Frozen<ValueAt<S, K>>>[E]>,
    options?: HandlerOptions<KeyIn<K>>,
  ): Subscription
  /** The same, with the default export of a module as the handler, in a worker thread of its own. */
  on(event: keyof DictEvents, options: IsolatedOptions<KeyIn<K>>): Subscription
  on(
    event: keyof DictEvents,
    handler: Handler<never> | IsolatedOptions<KeyIn<K>>,
    options?: HandlerOptions<KeyIn<K>>,
  ): Subscription {
    this.#scope.assertOpen()
    return this.#events.on(this.#scope, event, handler, options)
  }

  /**
   * Tells those who listen to `'error'` of a failure that no call reports: for adapters, which must not
   * fail when the dict does.
   */
  reportError(error: unknown): void {
    this.#scope.assertOpen()
    this.#events.errors.tell(error)
  }

  /**
   * Every change that is committed from now on, by any process, in the order of the commits: of this
   * dict and the namespaces within it; with a range, of its keys in this dict alone. Sets of one key in
   * quick succession may come as the last one. A watcher that cannot keep up gets a `'resync'` event
   * in place of what it missed. Ends with `break`, `return()`, the signal, or when the dict is closed.
   * Throws OptionError for a range with `limit`, `reverse` or `order`.
   */
  watch(
    range?: WatchRange<KeyIn<K>>,
    options: WatchOptions = {},
  ): AsyncIterableIterator<WatchEvent<KeyOut<S, K>, Frozen<ValueAt<S, K>>>, undefined> {
    this.#scope.assertOpen()
    refuseUnknown(options, ['signal'], 'watch()')
    const keys = range && checkedWatchRange(range, (key) => this.#scope.key(key))
    const watch: AsyncIterableIterator<WatchEvent, undefined> = this.#events.watch(
      this.#scope,
      keys,
      options.signal,
    )
    // The types of the entries are those of the dict.
    return watch as AsyncIterableIterator<
      WatchEvent<KeyOut<S, K>, Frozen<ValueAt<S, K>>>,
      undefined
    >
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
    for (const entry of this.#scope.scan({ order: 'insertion' }, 'copy')) {
      // Defined, not assigned: "__proto__" is a key like any other.
      const property = { enumerable: true, configurable: true, writable: true }
      Object.defineProperty(copy, entry.key, { ...property, value: entry.value('copy') })
    }
    return copy as { [P in KeyOf<S>]: S[P] }
  }

  /** What console.log() shows: the first 100 entries. */
  [inspect.custom](depth: number, options: InspectOptions): string {
    return inspectedDict(this.#scope, depth, options)
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

  /**
   * What the processes that have the store open do: who reads how much, who holds which lock. They report
   * while somebody asks, so the first answer may be empty: ask again after a second, and go on asking.
   */
  activity(): Activity {
    this.#scope.assertOpen()
    return localActivity(this.#scope.engine)
  }

  /** What the dict can tell of itself, since its store was opened in this thread. */
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
      errors: this.#events.errors.told,
      pendingWrites,
      cache: cacheSize,
      engine,
    }
  }

  /**
   * Looks through the whole store, all namespaces, for what is not as it should be, beside other work
   * and other processes. With `repair` it also puts right what can be: sizes, deadlines, chains; and
   * moves what cannot be read into the quarantine. It deletes nothing.
   */
  async verify(options: VerifyOptions = {}): Promise<VerifyReport> {
    this.#scope.assertOpen()
    refuseUnknown(options, VERIFY_OPTIONS, 'verify()')
    return verify(this.#scope.engine, options)
  }

  /**
   * Seals everything anew that the first key of the first cipher has not sealed, in short steps, while
   * others read and write. It may be called again after a crash, and goes on where it was. Once it has
   * resolved, and no process seals with them any more, the old keys are not needed. Rejects with
   * OptionError for a dict without a cipher, and with the reason of `signal`.
   */
  async rotateKeys(options: RotationOptions = {}): Promise<RotationReport> {
    this.#scope.assertOpen()
    refuseUnknown(options, ROTATION_OPTIONS, 'rotateKeys()')
    return rotateKeys(this.#scope.engine, options)
  }

  /** What verify() moved out of the way because it could not be read. */
  get quarantine(): Quarantine {
    this.#scope.assertOpen()
    return new Quarantine(this.#scope.engine)
  }

  /**
   * Copies the store, all namespaces, into a new or empty directory, from which it can be opened. Others
   * read and write meanwhile; the copy is as of its end. All or nothing. Rejects with UnsupportedError
   * for stores that cannot, PathError, or what the store throws.
   */
  async backup(path: string): Promise<BackupReport> {
    await this.flush()
    return storeUpkeep(this.#scope.engine.store, 'backup').backup(path)
  }

  /**
   * Gives space that is not needed back to the file system, while others read and write. Rejects with
   * UnsupportedError for stores that cannot, or what the store throws.
   */
  async compact(): Promise<CompactReport> {
    await this.flush()
    return storeUpkeep(this.#scope.engine.store, 'compact').compact()
  }

  /** Drops the values that are kept in memory for reading again. */
  clearCache(): void {
    this.#scope.assertOpen()
    this.#scope.engine.clearCache()
  }

  /** Commits, and lets the store go once nobody else in this thread uses it. May be called twice. */
  close(): void {
    if (this.#scope.handle.isClosed) return
    this.#scope.handle.release()
  }

  /** Closes the dict: for `using`. */
  [Symbol.dispose](): void {
    this.close()
  }

  /** Writes what is pending and closes the dict: for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#scope.handle.isClosed) await this.flush()
    this.close()
  }
}
