/** The part of a dict that many take part in: locks, and values that are computed once. */
import type { ComputeContext, GetOrSetOptions } from '../engine/compute/compute-options.js'
import type {
  ManyContext,
  Memoized,
  MemoizedMany,
  MemoizeManyOptions,
  MemoizeOptions,
  MemoizeTarget,
} from '../engine/compute/memoize-options.js'
import type { Lock, LockOptions, TryLockOptions } from '../engine/leases/locks.js'
import { checkFunction, OR_INSERT } from '../errors/checked-argument.js'
import { MEMOIZED } from './computed-write.js'
import { EntryMap } from './entry-map.js'
import type { Frozen, KeyIn, KeyOf, ValueAt } from './face.js'
import type { Scope } from './scope.js'
import { ScopeHost } from './scope-host.js'
import { checkedTags } from './set-options.js'

export class ComputeMap<S extends object, K = KeyOf<S>> extends EntryMap<S, K> {
  readonly #scope: Scope
  readonly #host: ScopeHost

  constructor(scope: Scope) {
    super(scope)
    this.#scope = scope
    this.#host = new ScopeHost(scope)
  }

  // Compute once: among all tasks of all processes that share the store

  /**
   * The value of a key. If it is absent or expired, one caller of all runs `fn`, and all get what it
   * returns; undefined is passed on and not stored. An error reaches all who wait in this process, and
   * is not stored. Rejects with what `fn` throws, ComputeTimeoutError, the reason of `signal`, and as
   * set() throws.
   */
  getOrSet<L extends KeyIn<K>>(
    key: L,
    fn: (
      context: ComputeContext<L, Frozen<ValueAt<S, L>>>,
    ) => ValueAt<S, L> | PromiseLike<ValueAt<S, L>>,
    options?: GetOrSetOptions<ValueAt<S, L>>,
  ): Promise<Frozen<ValueAt<S, L>>>
  getOrSet<L extends KeyIn<K>>(
    key: L,
    fn: (
      context: ComputeContext<L, Frozen<ValueAt<S, L>>>,
    ) => ValueAt<S, L> | undefined | PromiseLike<ValueAt<S, L> | undefined>,
    options?: GetOrSetOptions<ValueAt<S, L>>,
  ): Promise<Frozen<ValueAt<S, L>> | undefined>
  async getOrSet(
    key: KeyIn<K>,
    fn: (context: ComputeContext<never, never>) => unknown,
    options?: GetOrSetOptions<never>,
  ): Promise<unknown> {
    checkFunction(fn, 'getOrSet()', OR_INSERT)
    const isPlain = options === undefined || (!options.refresh && !options.earlyRefresh)
    const value = isPlain ? this.get(key) : undefined
    if (value !== undefined) return value
    const given = { given: key, text: this.#scope.key(key) }
    const { recipes } = this.#scope
    return recipes.getOrSet(this.#host, given, fn, options ?? {})
  }

  /**
   * A function that returns what `fn` returned for equal arguments before, in any process. Arguments are
   * compared by content; see MemoizeOptions for what cannot be.
   */
  memoize<A extends readonly unknown[], R>(
    fn: (...args: A) => R | PromiseLike<R>,
    options: MemoizeOptions<A, R> = {},
  ): Memoized<A, R> {
    return this.#scope.recipes.memoize((name) => this.#target(name), fn, options)
  }

  /**
   * A function of many items that calls `fn` with those only whose values are not there, in batches,
   * and returns the values in the order of the items. A batch is stored when it is done.
   */
  memoizeMany<T, R>(
    fn: (items: T[], context: ManyContext) => readonly R[] | PromiseLike<readonly R[]>,
    options: MemoizeManyOptions<T, R> = {},
  ): MemoizedMany<T, R> {
    return this.#scope.recipes.memoizeMany((name) => this.#target(name), fn, options)
  }

  // Locks: held by one task of one process at a time. They have nothing to do with the key's entry.

  /**
   * Locks a key, waiting for it if need be; first come, first served. Rejects with LockTimeoutError
   * after `timeout`, or with the reason of `signal`.
   */
  async lock(key: KeyIn<K>, options?: LockOptions): Promise<Lock> {
    return this.#scope.leasing.locks.lock(this.#scope.lockName(key), options)
  }

  /** Locks a key if that is possible without waiting; else undefined. */
  async tryLock(key: KeyIn<K>, options?: TryLockOptions): Promise<Lock | undefined> {
    return this.#scope.leasing.locks.tryLock(this.#scope.lockName(key), options)
  }

  /** Runs `fn` while holding the lock of a key, and returns what it returns. Rejects as lock() does. */
  async withLock<T>(
    key: KeyIn<K>,
    fn: (lock: Lock) => T | PromiseLike<T>,
    options?: LockOptions,
  ): Promise<T> {
    checkFunction(fn, 'withLock()')
    return this.#scope.leasing.locks.withLock(this.#scope.lockName(key), fn, options)
  }

  #target(name: string): MemoizeTarget {
    const scope = this.#scope.hidden(MEMOIZED, name)
    const target = new ComputeMap<Record<string, unknown>>(scope)
    // Defined: what is assigned to a dict is refused.
    const more = {
      host: new ScopeHost(scope),
      invalidateTag: (...tags: string[]) => scope.engine.invalidate(scope.space, checkedTags(tags)),
    }
    return Object.defineProperties(
      target,
      Object.getOwnPropertyDescriptors(more),
    ) as typeof target & typeof more
  }
}
