/** The part of a dict that many take part in: locks, and values that are computed once. */
import type { Lock, LockOptions, TryLockOptions } from '../engine/leases/locks.js'
import { EntryMap } from './entry-map.js'
import type { KeyIn, KeyOf } from './face.js'
import type { Scope } from './scope.js'

export class ComputeMap<S extends object, K = KeyOf<S>> extends EntryMap<S, K> {
  readonly #scope: Scope

  constructor(scope: Scope) {
    super(scope)
    this.#scope = scope
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
    return this.#scope.leasing.locks.withLock(this.#scope.lockName(key), fn, options)
  }
}
