/**
 * A lock that several can hold: at most `limit` at once, among all processes.
 *
 * It is made of `limit` locks. Whoever wants in tries each without waiting, and then waits for one of
 * them: so those who wait queue at different locks, and each is served in its order there.
 */
import type { Lock, LockOptions, TryLockOptions } from '../engine/leases/locks.js'
import { OptionError } from '../errors/option-error.js'

/** A dict, as far as a semaphore needs it. */
export interface LockingDict {
  lock(key: string, options?: LockOptions): Promise<Lock>
  tryLock(key: string, options?: TryLockOptions): Promise<Lock | undefined>
}

/** More slots than that are a queue, and each try asks for all of them. */
const MOST_SLOTS = 1_000

/** A lock that several can hold: at most `limit` at once, among all processes. */
export class Semaphore {
  readonly #dict: LockingDict
  readonly #slots: readonly string[]
  #next = 0

  /** At most `limit` hold `key` at once. All processes must give the same limit. */
  constructor(dict: LockingDict, key: string, limit: number) {
    if (!Number.isInteger(limit) || limit < 1 || limit > MOST_SLOTS) {
      throw new OptionError(
        'limit',
        `The limit of a semaphore must be from 1 to ${MOST_SLOTS}, and was ${limit}.`,
      )
    }
    this.#dict = dict
    this.#slots = Array.from({ length: limit }, (_, slot) => `${key}\0semaphore\0${slot}`)
  }

  /** Gets in if that is possible without waiting; else undefined. Release the lock to get out. */
  async tryAcquire(options?: TryLockOptions): Promise<Lock | undefined> {
    for (const slot of this.#slots) {
      const lock = await this.#dict.tryLock(slot, options)
      if (lock !== undefined) return lock
    }
    return undefined
  }

  /** Gets in, waiting for it if need be. Rejects as lock() does. */
  async acquire(options: LockOptions = {}): Promise<Lock> {
    const { lease } = options
    const free = await this.tryAcquire(lease === undefined ? {} : { lease })
    // Those who wait here spread over the slots; those of other processes do so by themselves.
    const slot = this.#slots[this.#next++ % this.#slots.length] as string
    return free ?? this.#dict.lock(slot, options)
  }

  /** Runs `fn` inside. */
  async run<T>(fn: (lock: Lock) => T | PromiseLike<T>, options?: LockOptions): Promise<T> {
    const lock = await this.acquire(options)
    try {
      return await fn(lock)
    } finally {
      await lock.release()
    }
  }
}
