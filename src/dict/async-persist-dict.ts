/**
 * AsyncPersistDict: a dict whose store answers later. Its members are those of PersistDict, as far as
 * they make sense: docs/async.md lists the differences. Its Map part is in async-entry-map.ts.
 */
import { type Duration, durationMs } from '../duration.js'
import type { Subscription } from '../engine/listeners.js'
import { AsyncComputeMap } from './async-compute-map.js'
import type { AsyncScope } from './async-scope.js'
import { dataDescriptor } from './data-property.js'
import type { DictEvents, Handler, HandlerOptions, IsolatedOptions } from './events/dict-events.js'
import type { DictStats, Frozen, KeyIn, KeyOf, ValueAt } from './face.js'
import { afterMs } from './set-options.js'

export class AsyncPersistDict<
  S extends object = Record<string, unknown>,
  K = KeyOf<S>,
> extends AsyncComputeMap<S, K> {
  readonly #scope: AsyncScope

  /** Dicts are made by openAsync(). */
  constructor(scope: AsyncScope) {
    super(scope)
    this.#scope = scope
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

  /** Gives an entry its time to live anew: as long as it was given when it was last set. False if absent. */
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
   * Removes the rows of expired entries from the store, in all namespaces; returns how many. A store
   * that removes them itself, such as Redis, leaves few or none.
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

  // Events

  /**
   * Calls `handler` with each event: of the entries of this dict and of the namespaces within it; and
   * of the whole store for `'error'` and `'warning'`. Of a store behind a server, only what this
   * process does is told. Throws OptionError for an event that does not exist.
   */
  on<E extends keyof DictEvents>(
    event: E,
    handler: Handler<DictEvents<K, Frozen<ValueAt<S, K>>>[E]>,
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

  async stats(): Promise<DictStats> {
    this.#scope.assertOpen()
    const { engine, events } = this.#scope
    return { ...(await engine.stats()), errors: events.errors.told }
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
    if (this.#scope.lease.isClosed) return
    await this.#scope.lease.release()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}
