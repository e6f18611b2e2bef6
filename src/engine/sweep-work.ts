/** The sweeper's work on an engine's store: which rows are due, and removing them under a lease. */
import { LockLostError } from '../errors/lock-errors.js'
import type { StoreReader } from '../store/sync-store.js'
import { publishSweep } from './diagnostics.js'
import type { Engine } from './engine.js'
import { expireRows } from './expired.js'
import type { FurtherDue } from './further-due.js'
import { leaseKey } from './leases/lease-key.js'
import type { Lease } from './leases/lease-table.js'
import { assertHeld, type SyncLeases } from './leases/sync-leases.js'
import { ROWS } from './row.js'
import type { Session } from './session.js'

/** A step takes milliseconds. After so long without one, another process may sweep. */
const LEASE_MS = 10_000

/** Rows are left alone for so long: whoever wants to hear of an expiry removes the row at once. */
const LEEWAY_MS = 1_000

/** One lease for the whole store. */
export const SWEEPER = leaseKey('sweep', Buffer.from('rows'))

/** Somebody who sweeps beside this thread. */
export interface SweepHelper {
  readonly isWorking: boolean
  /** Starts, if much is due by then. False if it does not. */
  start(latest: number): boolean
}

interface SweepStep {
  readonly state: 'more' | 'done' | 'lost'
  readonly rowsMs: number
  readonly lateMs: number
}

export class SweepWork {
  /** Entries removed so far. */
  removed = 0
  readonly #engine: Engine
  readonly #leases: SyncLeases
  readonly #further: readonly FurtherDue[]
  readonly #helper: SweepHelper | undefined
  #lease: Lease | undefined
  #renewedAt = 0
  #lateMs = 0

  constructor(
    engine: Engine,
    leases: SyncLeases,
    further: readonly FurtherDue[],
    helper?: SweepHelper,
  ) {
    this.#helper = helper
    this.#engine = engine
    this.#leases = leases
    this.#further = further
  }

  isDue(): boolean {
    const { store } = this.#engine
    return store.due(ROWS, this.#latest(), 1).length > 0 || this.#isFurtherDue(store)
  }

  delegate(): boolean {
    const helper = this.#helper
    if (helper === undefined || helper.isWorking) return helper !== undefined
    return helper.start(this.#latest())
  }

  claim(): boolean {
    const terms = { leaseMs: LEASE_MS }
    const [blocked] = this.#leases.look([{ key: SWEEPER, terms }])
    if (blocked !== undefined) return false
    const [answer] = this.#leases.claim([SWEEPER], terms)
    this.#lease = answer?.kind === 'lease' ? answer : undefined
    this.#renewedAt = this.#engine.clock.monotonic()
    return this.#lease !== undefined
  }

  step(rows: number): SweepStep {
    const lease = this.#lease
    if (lease === undefined) return { state: 'lost', rowsMs: 0, lateMs: 0 }
    const { clock, store } = this.#engine
    const [start, removed] = [clock.monotonic(), this.removed]
    let rowsMs = 0
    try {
      const state = this.#engine.transaction((session) => {
        const begun = clock.monotonic()
        const result = this.#stepIn(session, lease, rows)
        rowsMs = clock.monotonic() - begun
        return result
      })
      const tookMs = clock.monotonic() - start
      publishSweep({ location: store.location, removed: this.removed - removed, tookMs })
      return { state, rowsMs, lateMs: this.#lateMs }
    } catch (error) {
      this.#lease = undefined
      if (error instanceof LockLostError) return { state: 'lost', rowsMs, lateMs: 0 }
      throw error
    }
  }

  release(): void {
    const lease = this.#lease
    this.#lease = undefined
    if (lease !== undefined) this.#leases.release([lease])
  }

  #stepIn(session: Session, lease: Lease, rows: number): 'more' | 'done' {
    assertHeld(session.tx, lease)
    const latest = this.#latest()
    const hints = session.tx.due(ROWS, latest, rows)
    this.#lateMs = hints[0] === undefined ? 0 : latest - hints[0].deadline
    this.removed += expireRows(this.#engine, session, hints)
    if (hints.length < rows) {
      for (const each of this.#further) this.removed += each.expire(session, rows - hints.length)
    }
    if (hints.length < rows && !this.#isFurtherDue(session.tx)) {
      this.#lease = undefined
      this.#leases.releaseIn(session.tx, lease)
      session.hasWritten = true
      return 'done'
    }
    this.#renew(session, lease)
    return 'more'
  }

  #renew(session: Session, lease: Lease): void {
    const now = this.#engine.clock.monotonic()
    if (now - this.#renewedAt < LEASE_MS / 3) return
    this.#renewedAt = now
    this.#leases.renewIn(session.tx, lease)
    session.hasWritten = true
  }

  #isFurtherDue(reader: StoreReader): boolean {
    return this.#further.some((each) => each.isDue(reader))
  }

  #latest(): number {
    return this.#engine.now() - LEEWAY_MS
  }
}
