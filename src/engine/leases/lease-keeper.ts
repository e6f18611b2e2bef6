/**
 * Keeps leases alive while they are held, and tells their holders when one is lost.
 *
 * All leases that are due soon are renewed in one go, since each renewal is a commit.
 */
import type { Clock, Timer } from '../../clock.js'
import { LockLostError } from '../../errors/lock-errors.js'
import type { Awaitable, Lease, LeaseTable } from './lease-table.js'

/** A lease is renewed when this part of it has passed: two renewals may fail before it is lost. */
const RENEW_AFTER = 1 / 3

/** Renewals that are due within this part of a lease go along; one that failed is repeated after it. */
const RENEW_WITH = 1 / 12

/** A lease that is held here. */
export class HeldLease {
  readonly lease: Lease
  readonly #lost = new AbortController()
  isReleased = false
  /** By the monotonic clock: when its time ends. */
  endsAt = 0
  /** And when it is to be renewed. */
  renewAt = 0

  /** Called once, when the lease is given back or lost. */
  readonly end: () => void

  constructor(lease: Lease, now: number, onEnd: () => void) {
    this.lease = lease
    this.end = onEnd
    this.renewed(now)
  }

  renewed(now: number): void {
    const { leaseMs } = this.lease
    this.endsAt = now + leaseMs
    this.renewAt = now + leaseMs * RENEW_AFTER
  }

  /** Aborted with a LockLostError when somebody else has taken the lease over, or may have. */
  get lost(): AbortSignal {
    return this.#lost.signal
  }

  lose(): void {
    this.#lost.abort(new LockLostError(this.lease.token))
  }
}

export class LeaseKeeper {
  readonly #table: LeaseTable
  readonly #clock: Clock
  readonly #onError: (error: unknown) => void
  readonly #held = new Set<HeldLease>()
  #timer: Timer | undefined
  #isRenewing = false

  constructor(table: LeaseTable, clock: Clock, onError: (error: unknown) => void) {
    this.#table = table
    this.#clock = clock
    this.#onError = onError
  }

  /** Keeps a lease that was just given. `onEnd` is called once, when it is given back or lost. */
  hold(lease: Lease, onEnd: () => void = () => {}): HeldLease {
    const held = new HeldLease(lease, this.#clock.monotonic(), onEnd)
    this.#held.add(held)
    this.#schedule()
    return held
  }

  /** Ends the care for a lease that its caller has given back by itself. */
  released(held: HeldLease): void {
    this.#forget(held)
    held.end()
  }

  /** Gives a lease back. False if it was lost or given back before; that is no error. */
  async release(held: HeldLease): Promise<boolean> {
    return (await this.releaseEach([held])) > 0
  }

  /** The same for several leases at once; returns how many were held until now. */
  async releaseEach(all: readonly HeldLease[]): Promise<number> {
    const held = all.filter(({ isReleased }) => !isReleased)
    if (held.length === 0) return 0
    for (const each of held) this.#forget(each)
    try {
      const released = await this.#table.release(held.map(({ lease }) => lease))
      return released.filter((isOurs) => isOurs).length
    } finally {
      for (const each of held) each.end()
    }
  }

  /** Gives all leases back, and tells their holders that they are lost: the store is closing. */
  releaseAll(): Awaitable<unknown> {
    const all = [...this.#held]
    if (all.length === 0) return
    // A synchronous table is done when this returns, as the store closes next.
    const released = this.#table.release(all.map(({ lease }) => lease))
    for (const held of all) this.#lose(held)
    return released
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#isRenewing) return
    let soonest = Number.POSITIVE_INFINITY
    for (const held of this.#held) soonest = Math.min(soonest, held.renewAt)
    if (soonest === Number.POSITIVE_INFINITY) return
    this.#timer = this.#clock.after(Math.max(0, soonest - this.#clock.monotonic()), () => {
      this.#timer = undefined
      void this.#renewDue()
    })
  }

  async #renewDue(): Promise<void> {
    const now = this.#clock.monotonic()
    const due = [...this.#held].filter(
      ({ renewAt, lease }) => renewAt <= now + lease.leaseMs * RENEW_WITH,
    )
    this.#isRenewing = true
    try {
      const kept = await this.#table.renew(due.map(({ lease }) => lease))
      due.forEach((held, index) => {
        if (kept[index]) held.renewed(now)
        else this.#lose(held)
      })
    } catch (error) {
      this.#onError(error)
      this.#retry(due)
    } finally {
      this.#isRenewing = false
    }
    this.#schedule()
  }

  /** The store failed: what has time left is tried again; the rest somebody else may have. */
  #retry(due: readonly HeldLease[]): void {
    const now = this.#clock.monotonic()
    for (const held of due) {
      if (held.endsAt <= now) this.#lose(held)
      else held.renewAt = now + held.lease.leaseMs * RENEW_WITH
    }
  }

  #lose(held: HeldLease): void {
    if (held.isReleased) return
    this.#forget(held)
    held.lose()
    held.end()
  }

  #forget(held: HeldLease): void {
    held.isReleased = true
    this.#held.delete(held)
    if (this.#held.size > 0) return
    this.#timer?.cancel()
    this.#timer = undefined
  }
}
