/**
 * Limits of a store, for one engine: which there are, and which entries were read since the queues
 * last heard of it.
 *
 * Reads never write. They are noted, and enter the queues with this process's next transaction; or
 * with one of their own when there are many or a second has passed, but only if somebody has changed
 * the store since: while nobody writes, nobody needs to know what is read.
 */

import { equalBytes } from '../../bytes.js'
import type { Timer } from '../../clock.js'
import type { KeySpace } from '../../keys/key-space.js'
import type { StoreReader, StoreTransaction } from '../../store/sync-store.js'
import type { AccessObserver } from '../access-marks.js'
import type { CommitHook } from '../commit-hooks.js'
import type { Engine } from '../engine.js'
import type { Entry } from '../entry.js'
import { META } from '../format-identity.js'
import type { RowObserver } from '../row-observer.js'
import type { Session } from '../session.js'
import { Ledger } from './ledger.js'
import { decodeLimits, LimitGroups } from './limits.js'

/** In the meta bucket. */
export const META_LIMITS = Buffer.from('limits')

/** Reads noted before they are written down. Past 10,000, SIEVE does worse than FIFO. */
const MOST_VISITS = 1_000
const VISITS_MS = 1_000

/**
 * With less room than that, writes that may be refused are committed at once, so that the call that
 * made them throws: more than any process has pending.
 */
const PENDING_ENTRIES = 100_000
const PENDING_BYTES = 64 * 2 ** 20

interface Visit {
  readonly space: KeySpace
  readonly seq: number
}

/** So small a part of the least `maxBytes` fits at any rate, with all that comes with it on disk. */
const SURE_TO_FIT = 1 / 8

export class Capacity implements CommitHook, AccessObserver {
  readonly everyRead = false
  readonly #engine: Engine
  readonly #onError: (error: unknown) => void
  #stored: Uint8Array | undefined
  /** The foreignChanges of the engine at which #stored was read; undefined to read it again. */
  #readAt: number | undefined
  #groups: LimitGroups | undefined
  #ledger: Ledger | undefined
  #visits: Visit[] = []
  #timer: Timer | undefined
  #changeAtVisits = 0
  #stopMarking: (() => void) | undefined

  constructor(engine: Engine, onError: (error: unknown) => void) {
    this.#engine = engine
    this.#onError = onError
    engine.hooks.add(this)
  }

  /** Takes the limits of the store as they are now. */
  adopt(stored: Uint8Array | undefined): void {
    this.#stored = stored
    this.#groups =
      stored && new LimitGroups(decodeLimits(stored), (path) => this.#engine.space(path))
    const { hooks } = this.#engine
    hooks.mayRefuse = this.#groups?.mayRefuse ?? false
    hooks.largestPending = (this.#groups?.leastBytes ?? Number.POSITIVE_INFINITY) * SURE_TO_FIT
    if (this.#groups === undefined) {
      this.#stopMarking?.()
      this.#stopMarking = undefined
      this.#visits = []
    } else {
      this.#stopMarking ??= this.#engine.accesses.add(this)
    }
  }

  wantsChanges(_reader: StoreReader): boolean {
    return false
  }

  /** The limits were written here. */
  reread(): void {
    this.#readAt = undefined
  }

  observeRows(tx: StoreTransaction): RowObserver | undefined {
    const { foreignChanges } = this.#engine
    // Another process may have set other limits since the last transaction.
    if (this.#readAt !== foreignChanges) this.#adoptNew(tx.get(META, META_LIMITS))
    this.#readAt = foreignChanges
    const groups = this.#groups
    this.#ledger = groups && new Ledger(tx, groups, (path) => this.#engine.space(path))
    return this.#ledger
  }

  beforeCommit(session: Session): void {
    const ledger = this.#ledger
    if (ledger === undefined) return
    for (const { space, seq } of this.#takeVisits()) ledger.visited(space, seq)
    ledger.makeRoom(session)
    ledger.finish()
    this.#engine.hooks.mayRefuse = ledger.mayRefuse(PENDING_ENTRIES, PENDING_BYTES)
  }

  /** Removes what is over the limits now, after they were lowered. */
  enforce(): void {
    this.#engine.transaction((session) => this.#ledger?.enforce(session))
  }

  accessed(space: KeySpace, _key: string, entry: Entry): void {
    if (this.#visits.length === 0) this.#changeAtVisits = this.#engine.store.changeId()
    this.#visits.push({ space, seq: entry.seq })
    if (this.#visits.length >= MOST_VISITS) this.#writeVisitsSoon(0)
    else this.#writeVisitsSoon(VISITS_MS)
  }

  #adoptNew(stored: Uint8Array | undefined): void {
    const isKnown =
      stored === undefined
        ? this.#stored === undefined
        : this.#stored !== undefined && equalBytes(stored, this.#stored)
    if (!isKnown) this.adopt(stored)
  }

  #writeVisitsSoon(delayMs: number): void {
    if (this.#timer !== undefined && delayMs > 0) return
    this.#timer?.cancel()
    const { clock } = this.#engine
    const run = () => {
      this.#timer = undefined
      this.#writeVisits()
    }
    this.#timer = delayMs === 0 ? clock.endOfTurn(run) : clock.after(delayMs, run)
  }

  #writeVisits(): void {
    const engine = this.#engine
    if (engine.isClosed || this.#visits.length === 0) return
    if (engine.store.changeId() === this.#changeAtVisits) {
      // Nobody writes: keep the newest, and look again when something more is read.
      this.#visits = this.#visits.slice(-MOST_VISITS)
      return
    }
    try {
      engine.transaction(() => {})
    } catch (error) {
      this.#onError(error)
    }
  }

  #takeVisits(): readonly Visit[] {
    const visits = this.#visits
    this.#visits = []
    if (visits.length > 0) this.#engine.accesses.renew()
    return visits
  }
}
