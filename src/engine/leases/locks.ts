/**
 * Locks of keys: leases that people hold.
 *
 * Tasks of one process queue here, and their process has one place in the queue of each lease. So two
 * tasks exclude each other as two processes do, and are served in their order.
 */
import { randomUUID } from 'node:crypto'
import type { Clock } from '../../clock.js'
import { type Duration, durationMs } from '../../duration.js'
import { LockTimeoutError } from '../../errors/lock-errors.js'
import { refuseUnknown } from '../../errors/unknown-option.js'
import type { KeySpace } from '../../keys/key-space.js'
import type { HeldLease, LeaseKeeper } from './lease-keeper.js'
import { leaseKey } from './lease-key.js'
import type { Beat } from './lease-rules.js'
import type { Awaitable, Lease, LeaseTable } from './lease-table.js'
import type { LeaseWatch } from './lease-watch.js'
import { stopAfter } from './stop-signal.js'
import { Turns } from './turns.js'

/** Long enough for a process that is busy or swapped out for a while; short enough to wait for. */
export const DEFAULT_LEASE_MS = 10_000

/** Options of lock() and withLock(). */
export interface LockOptions extends TryLockOptions {
  /** How long to wait; then LockTimeoutError. @default for ever */
  readonly timeout?: Duration | undefined
  /** Ends the wait with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** Options of tryLock(). */
export interface TryLockOptions {
  /**
   * How long the holder may be stopped or blocked before somebody else may take the lock over. It is
   * renewed in the background while it is held, so the work may take longer. @default '10s'
   */
  readonly lease?: Duration | undefined
}

export interface LocksParts {
  readonly table: LeaseTable
  readonly keeper: LeaseKeeper
  readonly watch: LeaseWatch
  readonly clock: Clock
}

/** What is locked: the key as the user gave it, and the name of its lease. */
export interface LockName {
  readonly key: string
  /** The key for messages. */
  readonly shown: string
  readonly leaseKey: Uint8Array
}

/** What locking a key of a namespace locks. */
export function lockName(space: KeySpace, key: string): LockName {
  return { key, shown: space.shown(key), leaseKey: leaseKey('lock', space.encode(key)) }
}

export class Locks {
  readonly #parts: LocksParts
  readonly #turns = new Turns()
  /** The place of this process in queues. */
  readonly #queueAs = randomUUID()

  constructor(parts: LocksParts) {
    this.#parts = parts
  }

  async lock(name: LockName, options: LockOptions = {}): Promise<Lock> {
    refuseUnknown(options, ['timeout', 'lease', 'signal'], 'lock()')
    const { timeout = Number.POSITIVE_INFINITY, signal } = options
    const timeoutMs = durationMs(timeout, 'timeout')
    const leaseMs = leaseOf(options)
    const late = () => new LockTimeoutError(name.shown, timeoutMs)
    const stop = stopAfter(this.#parts.clock, timeoutMs, late, signal)
    try {
      await this.#turns.take(nameOf(name), stop.signal)
      const lock = await this.#inTurn(name, () => this.#claim(name, leaseMs, stop.signal))
      // #claim() gives a lease or throws.
      return lock as Lock
    } finally {
      stop.done()
    }
  }

  async tryLock(name: LockName, options: TryLockOptions = {}): Promise<Lock | undefined> {
    refuseUnknown(options, ['lease'], 'tryLock()')
    const leaseMs = leaseOf(options)
    if (this.#turns.isTaken(nameOf(name))) return undefined
    await this.#turns.take(nameOf(name), new AbortController().signal)
    return this.#inTurn(name, async () => {
      const [answer] = await this.#parts.table.claim([name.leaseKey], { leaseMs })
      return answer?.kind === 'lease' ? answer : undefined
    })
  }

  async withLock<T>(
    name: LockName,
    fn: (lock: Lock) => T | PromiseLike<T>,
    options?: LockOptions,
  ): Promise<T> {
    await using lock = await this.lock(name, options)
    return await fn(lock)
  }

  /** Makes a lock of the lease that `claim` gives. The turn ends with it; or now, if there is none. */
  async #inTurn(
    name: LockName,
    claim: () => Promise<Lease | undefined>,
  ): Promise<Lock | undefined> {
    const pass = () => this.#turns.pass(nameOf(name))
    let lease: Lease | undefined
    try {
      lease = await claim()
    } finally {
      if (lease === undefined) pass()
    }
    return lease && new Lock(name.key, this.#parts.keeper.hold(lease, pass), this.#parts)
  }

  async #claim(name: LockName, leaseMs: number, signal: AbortSignal): Promise<Lease> {
    const { table, watch } = this.#parts
    const key = name.leaseKey
    const queueAs = this.#queueAs
    let seen: Beat | undefined
    try {
      for (;;) {
        signal.throwIfAborted()
        const [answer] = await table.claim([key], { leaseMs, queueAs, seen })
        if (answer?.kind === 'lease') return answer
        if (answer !== undefined) seen = await watch.wait(key, { leaseMs, queueAs }, answer, signal)
      }
    } catch (error) {
      await table.leave(key, queueAs)
      throw error
    }
  }
}

/** A lock that was given. It ends with release(), or when it is lost. */
export class Lock {
  /** The key that is locked. */
  readonly key: string
  /**
   * Greater than that of every lock before, of any key. Give it to what you change elsewhere: whoever
   * has seen a greater one refuses yours.
   */
  readonly token: number
  /**
   * Aborted, with a LockLostError as its reason, when the lock was not renewed in time and somebody
   * else has it, or may have it. Not aborted by release().
   */
  readonly lost: AbortSignal
  readonly #held: HeldLease
  readonly #parts: LocksParts

  /** Locks are made by lock(). */
  constructor(key: string, held: HeldLease, parts: LocksParts) {
    this.key = key
    this.token = held.lease.token
    this.lost = held.lost
    this.#held = held
    this.#parts = parts
  }

  /**
   * Throws LockLostError unless the lock is still held here. In a transaction of a synchronous dict,
   * nobody can take it over before the transaction has ended: call it there, and what you write is
   * safe. Of an asynchronous dict it returns a promise.
   */
  assertHeld(): Awaitable<void> {
    return this.#parts.table.assertHeld(this.#held.lease)
  }

  /** Gives the lock back. False if it was lost or released before: that harms nobody. */
  release(): Promise<boolean> {
    return this.#parts.keeper.release(this.#held)
  }

  /** Gives the lock back: for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.release()
  }
}

function leaseOf({ lease = DEFAULT_LEASE_MS }: TryLockOptions): number {
  return durationMs(lease, 'lease')
}

function nameOf({ leaseKey }: LockName): string {
  return Buffer.from(leaseKey).toString('latin1')
}
