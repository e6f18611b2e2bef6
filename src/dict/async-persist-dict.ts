/**
 * AsyncPersistDict: a dict whose store answers later. Its members are those of PersistDict, as far as
 * they make sense: docs/async.md lists the differences. Its Map part is in async-entry-map.ts.
 */

import { type Duration, durationMs } from '../duration.js'
import type { Activity } from '../engine/activity/activity.js'
import type { Subscription } from '../engine/listeners.js'
import { ROTATION_OPTIONS, type RotationOptions, type RotationReport } from '../engine/resealing.js'
import type { VerifyReport } from '../engine/upkeep/finding.js'
import { VERIFY_OPTIONS, type VerifyOptions } from '../engine/upkeep/verify.js'
import { refuseUnknown } from '../errors/unknown-option.js'
import type { BackupReport, CompactReport } from '../store/sync-store.js'
import { AsyncComputeMap } from './async-compute-map.js'
import { AsyncQuarantine } from './async-quarantine.js'
import type { AsyncScope } from './async-scope.js'
import { dataDescriptor } from './data-property.js'
import type { DictEvents, Handler, HandlerOptions, IsolatedOptions } from './events/dict-events.js'
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
import { checkedWatchRange } from './range.js'
import { registerRestorer } from './restore.js'
import { afterMs, checkedTags } from './set-options.js'
import { registerNames, shownBy } from './shown-names.js'

/**
 * A dict whose methods return promises: what openAsync() gives. Its methods mean what those of
 * PersistDict mean.
 */
export class AsyncPersistDict<
  S extends object = Record<string, unknown>,
  K = KeyOf<S>,
> extends AsyncComputeMap<S, K> {
  readonly #scope: AsyncScope

  /** Dicts are made by openAsync(). */
  constructor(scope: AsyncScope) {
    super(scope)
    this.#scope = scope
    registerNames(this, shownBy(scope))
    registerRestorer(this, {
      write: async (entries) =>
        scope.engine.write(
          scope.space,
          entries.map((entry) => scope.restoring(entry)),
        ),
      wasRead: (key, at) => scope.engine.accessTimes?.wasRead(scope.space, scope.key(key), at),
    })
  }

  // Time

  /** Milliseconds that a key has left: Infinity if it never expires, undefined if it is absent. */
  async ttl(key: KeyIn<K>): Promise<number | undefined> {
    const { engine, space } = this.#scope
    const entry = await engine.entry(space, this.#scope.key(key), 'frozen')
    if (entry === undefined) return undefined
    return Math.max(0, (entry.expiresAt || Number.POSITIVE_INFINITY) - engine.clock.now())
  }

  /** Gives a key another time to live, from now; null for ever. False if it is absent. */
  async expire(key: KeyIn<K>, ttl: Duration | null): Promise<boolean> {
    const { clock } = this.#scope.engine
    const expiresAt = ttl === null ? 0 : afterMs(durationMs(ttl, 'ttl'), clock)
    return this.#scope.change(key, (_, entry) => ({
      write: entry && this.#scope.expiryWrite(entry, expiresAt),
      result: entry !== undefined,
    }))
  }

  /**
   * Gives an entry its time to live anew: as long as it was given when it was last set. Counts as a
   * read for `maxIdle`. False if the key is absent.
   */
  async touch(key: KeyIn<K>): Promise<boolean> {
    const { clock } = this.#scope.engine
    return this.#scope.change(key, (_, entry) => {
      if (entry === undefined) return { write: undefined, result: false }
      // A deadline that was in the past when it was set has no time to live.
      const ttlMs = Math.max(1, entry.expiresAt - entry.updatedAt)
      const next = entry.expiresAt === 0 ? 0 : afterMs(ttlMs, clock)
      return { write: this.#scope.expiryWrite(entry, next), result: true }
    })
  }

  /**
   * Removes the rows of expired and idle entries from the store, in all namespaces; returns how many. A
   * store that removes expired ones itself, such as Redis, leaves few or none of those.
   */
  async sweep(): Promise<number> {
    this.#scope.assertOpen()
    return this.#scope.engine.sweep()
  }

  // Groups

  /** The names of this namespace from the root down; empty for the root. */
  get path(): readonly string[] {
    return this.#scope.space.path
  }

  /** A dict of its own inside this one, isolated by name. It closes with this one. */
  namespace<T extends object = S>(name: string): AsyncPersistDict<T> {
    this.#scope.assertOpen()
    return new AsyncPersistDict<T>(this.#scope.within(name))
  }

  /** The names, from the root down, of all namespaces of the store that hold entries. */
  async *namespaces(): AsyncGenerator<readonly string[], undefined> {
    this.#scope.assertOpen()
    for await (const path of this.#scope.engine.namespaces()) if (path.length > 0) yield path
    return undefined
  }

  /**
   * Invalidates all entries of this dict or namespace that were set with one of the tags: for every
   * process they are gone at its next read. Takes the same time however many there are; their rows are
   * removed later. Entries that are set afterwards are not concerned.
   */
  async invalidateTag(...tags: string[]): Promise<void> {
    this.#scope.assertOpen()
    const { engine, space, events } = this.#scope
    await engine.invalidate(space, checkedTags(tags))
    events.hub.invalidated(space, tags)
  }

  // Events

  /**
   * Calls `handler` with each event: of the entries of this dict and of the namespaces within it; and
   * of the whole store for `'error'` and `'warning'`. Of a store behind a server, only what this
   * process does is told. Throws OptionError for an event that does not exist.
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
    return this.#scope.events.on(this.#scope, event, handler, options)
  }

  /**
   * Tells those who listen to `'error'` of a failure that no call reports: for adapters, which must not
   * fail when the dict does.
   */
  reportError(error: unknown): void {
    this.#scope.assertOpen()
    this.#scope.events.errors.tell(error)
  }

  /**
   * Every change that is committed from now on, by any process: of this dict and the namespaces within
   * it; with a range, of its keys in this dict alone. Sets of one key in quick succession may come as
   * the last one. A watcher that cannot keep up gets a `'resync'` event in place of what it missed. Ends
   * with `break`, `return()`, the signal, or when the dict is closed. Throws OptionError for a range
   * with `limit`, `reverse` or `order`.
   */
  watch(
    range?: WatchRange<KeyIn<K>>,
    options: WatchOptions = {},
  ): AsyncIterableIterator<WatchEvent<KeyOut<S, K>, Frozen<ValueAt<S, K>>>, undefined> {
    this.#scope.assertOpen()
    refuseUnknown(options, ['signal'], 'watch()')
    const keys = range && checkedWatchRange(range, (key) => this.#scope.key(key))
    const watch: AsyncIterableIterator<WatchEvent, undefined> = this.#scope.events.watch(
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

  // Upkeep

  /** A plain object with private copies of all values, in insertion order. */
  async toObject(): Promise<{ [P in KeyOf<S>]: S[P] }> {
    const copy = {}
    for await (const entry of this.#scope.scan({ order: 'insertion' }, 'copy')) {
      // Defined, not assigned: "__proto__" is a key like any other.
      Object.defineProperty(copy, entry.key, dataDescriptor(entry.value('copy')))
    }
    return copy as { [P in KeyOf<S>]: S[P] }
  }

  /** Resolves when all that was written before is as safe as the store can make it. */
  async flush(): Promise<void> {
    this.#scope.assertOpen()
    await this.#scope.engine.flush()
  }

  /**
   * What the processes that have the store open do: who reads how much, who holds which lock. They report
   * while somebody asks, so the first answer may be empty: ask again after a second, and go on asking.
   * Over servers nobody sweeps all the time: `isSweeping` is true while a sweep is under way.
   */
  async activity(): Promise<Activity> {
    this.#scope.assertOpen()
    return this.#scope.engine.upkeep.activity()
  }

  /** What the dict can tell of itself, since its store was opened in this thread. */
  async stats(): Promise<DictStats> {
    this.#scope.assertOpen()
    const { engine, events } = this.#scope
    return { ...(await engine.stats()), errors: events.errors.told }
  }

  /**
   * Looks through the whole store, all namespaces, for what is not as it should be, beside other work
   * and other processes. With `repair` it also puts right what can be, and moves what cannot be read
   * into the quarantine. It deletes nothing.
   */
  async verify(options: VerifyOptions = {}): Promise<VerifyReport> {
    this.#scope.assertOpen()
    refuseUnknown(options, VERIFY_OPTIONS, 'verify()')
    return this.#scope.engine.upkeep.verify(options)
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
    return this.#scope.engine.upkeep.rotateKeys(options)
  }

  /** What verify() moved out of the way because it could not be read. */
  get quarantine(): AsyncQuarantine {
    this.#scope.assertOpen()
    return new AsyncQuarantine(this.#scope.engine.upkeep.quarantine)
  }

  /**
   * Copies the store, all namespaces, into a new or empty directory, from which open() opens it. Others
   * read and write meanwhile. All or nothing. Of an AsyncStore, the entries are copied into a dict on
   * LMDB, one by one: each as it is at some moment of the call, with its value, deadline and tags; versions
   * and times of creation begin anew. Rejects with UnsupportedError for synchronous stores that cannot,
   * PathError, CopyError, or what the store throws.
   */
  async backup(path: string): Promise<BackupReport> {
    return this.#scope.backup(path)
  }

  /**
   * Gives space that is not needed back to the file system, while others read and write. Rejects with
   * UnsupportedError for stores that cannot, or what the store throws.
   */
  async compact(): Promise<CompactReport> {
    this.#scope.assertOpen()
    return this.#scope.engine.upkeep.compact()
  }

  /** Drops the values that are kept in memory for reading again. */
  clearCache(): void {
    this.#scope.assertOpen()
    this.#scope.engine.clearCache()
  }

  /**
   * Waits for what is being written, and lets the store go once nobody else in this thread uses it.
   * May be called twice.
   */
  async close(): Promise<void> {
    if (this.#scope.handle.isClosed) return
    await this.#scope.handle.release()
  }

  /** Closes the dict: for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
