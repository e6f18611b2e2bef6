/**
 * Leases over an asynchronous store: every change of a row goes with a check that the row is as it was
 * when the change was decided, so that two owners cannot be. lease-rules.ts says what is decided.
 *
 * The rules are those of synchronous stores; what differs is that a decision may have to be made again
 * because somebody was faster, and that a holder cannot be fenced with what it writes under other keys
 * where a batch is atomic for one key only.
 */
import type { Clock } from '../../clock.js'
import { LockLostError } from '../../errors/lock-errors.js'
import { StoreError } from '../../errors/store-errors.js'
import { lifeOf, type ProcessIdentity, processIdentity } from '../../process-identity.js'
import type { AsyncStore, RowCheck, RowOperation } from '../../store/async-store.js'
import {
  decodeLease,
  encodeLease,
  LEASES,
  type LeaseRow,
  stateBytes,
  tokenBytes,
} from './lease-row.js'
import {
  type Blocked,
  grantedRow,
  type Instant,
  leftRow,
  queuedRow,
  releasedRow,
  renewedRow,
  verdictOn,
} from './lease-rules.js'
import type { Asked, Awaitable, ClaimTerms, Lease, LeaseTable } from './lease-table.js'

/** Where the store tells of changes, only deaths and deadlines are left to look for. */
const LOOK_EVERY_MS = 1_000
const LOOK_EVERY_UNHEARD_MS = 100

/** Each time somebody else was faster, and has what we wanted or soon will. */
const MAX_TRIES = 64

/** The store drops rows of dead owners so long after their deadline: clocks differ by less. */
const KEPT_AFTER_MS = 3_600_000

/**
 * The row of a released lease stays for so long, with its token. If it went at once, somebody who was
 * given a token before, and is slow, could still take the lease with a token that is less than the last.
 */
const RELEASED_KEPT_MS = 60_000

/** What to make of a row. */
type Next = { readonly row: LeaseRow } | 'leave'

export class AsyncLeases implements LeaseTable {
  readonly #store: AsyncStore
  readonly #clock: Clock
  readonly #process: ProcessIdentity = processIdentity()

  constructor(store: AsyncStore, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  get lookEveryMs(): number {
    return this.#store.hears ? LOOK_EVERY_MS : LOOK_EVERY_UNHEARD_MS
  }

  claim(keys: readonly Uint8Array[], terms: ClaimTerms): Promise<(Lease | Blocked)[]> {
    return Promise.all(keys.map((key) => this.#claim(key, terms)))
  }

  async look(asked: readonly Asked[]): Promise<(Blocked | undefined)[]> {
    const rows = await this.#store.getMany(
      LEASES,
      asked.map(({ key }) => key),
    )
    return asked.map(({ terms }, index) => {
      const bytes = rows[index]
      const row = bytes && decodeLease(bytes)
      const verdict = verdictOn(row, { process: this.#process, ...terms }, this.#now(), lifeOf)
      return verdict.kind === 'taken' ? verdict.blocked : undefined
    })
  }

  renew(leases: readonly Lease[]): Promise<boolean[]> {
    return Promise.all(
      leases.map((lease) =>
        this.#changeHeld(lease, (row) => renewedRow(row, this.#process, this.#now())),
      ),
    )
  }

  release(leases: readonly Lease[]): Promise<boolean[]> {
    return Promise.all(
      leases.map((lease) =>
        this.#changeHeld(
          lease,
          (row) => releasedRow(row, this.#process, this.#now()) ?? this.#freedRow(row),
        ),
      ),
    )
  }

  /** True at the moment of asking only. For fenced writes, put heldCheck() into the batch. */
  async assertHeld(lease: Lease): Promise<void> {
    const bytes = await this.#store.get(LEASES, lease.key)
    if (heldRow(bytes, lease) === undefined) throw new LockLostError(lease.token)
  }

  async leave(key: Uint8Array, queueAs: string): Promise<void> {
    await this.#change(key, (row) =>
      row?.waiters.some(({ id }) => id === queueAs)
        ? { row: leftRow(row, queueAs) ?? this.#freedRow(row) }
        : 'leave',
    )
  }

  onChange(listener: () => void): () => void {
    return this.#store.onInvalidate((bucket, key) => {
      if (key === undefined || bucket === LEASES) listener()
    })
  }

  async #claim(key: Uint8Array, terms: ClaimTerms): Promise<Lease | Blocked> {
    const claimant = { process: this.#process, ...terms }
    const { leaseMs } = terms
    let answer: Lease | Blocked | undefined
    await this.#change(key, async (row) => {
      const verdict = verdictOn(row, claimant, this.#now(), lifeOf)
      if (verdict.kind === 'free') {
        // Asked for after the row was read: so it is greater than that of any owner before.
        const token = await this.#store.nextVersions(1)
        answer = { kind: 'lease', key, token, leaseMs }
        return { row: grantedRow(token, claimant, this.#now(), verdict.waiters) }
      }
      answer = verdict.blocked
      const queued = verdict.isQueued || row === undefined ? undefined : queuedRow(row, claimant)
      return queued === undefined ? 'leave' : { row: queued }
    })
    // #change() has asked at least once, or thrown.
    return answer as Lease | Blocked
  }

  /** Changes the row of a lease that is still held; false if it was lost. */
  async #changeHeld(lease: Lease, next: (row: LeaseRow) => LeaseRow): Promise<boolean> {
    let isHeld = false
    await this.#change(lease.key, (row) => {
      isHeld = row?.token === lease.token && row.owner !== undefined
      return isHeld && row !== undefined ? { row: next(row) } : 'leave'
    })
    return isHeld
  }

  /** Reads, decides, and writes if nobody has written meanwhile; else again. */
  async #change(
    key: Uint8Array,
    decide: (row: LeaseRow | undefined) => Awaitable<Next>,
  ): Promise<void> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const bytes = await this.#store.get(LEASES, key)
      const next = await decide(bytes && decodeLease(bytes))
      if (next === 'leave') return
      const check: RowCheck = { bucket: LEASES, key, starts: bytes && stateOf(bytes) }
      const operations = [operationOf(key, next.row)]
      if (await this.#store.commit({ promise: 'committed', checks: [check], operations })) return
    }
    throw new StoreError(
      `A lease in "${this.#store.location}" was changed by others each of ${MAX_TRIES} times that it should be changed here.`,
    )
  }

  /** The row of a lease that nobody has or wants. */
  #freedRow(row: LeaseRow): LeaseRow {
    const { wall, monotonic } = this.#now()
    const ended = { deadline: wall, bootDeadline: monotonic }
    return { ...row, beat: row.beat + 1, owner: undefined, waiters: [], ...ended }
  }

  #now(): Instant {
    return { wall: this.#clock.now(), monotonic: this.#clock.monotonic() }
  }
}

/** For a batch whose operations count only while the lease is held. */
export function heldCheck({ key, token }: Lease): RowCheck {
  return { bucket: LEASES, key, starts: tokenBytes(token) }
}

/** With which deadline the row of a lease is put. */
export function leaseDeadline(row: LeaseRow): number {
  return Math.ceil(row.deadline) + (row.owner === undefined ? RELEASED_KEPT_MS : KEPT_AFTER_MS)
}

function heldRow(bytes: Uint8Array | undefined, lease: Lease): LeaseRow | undefined {
  const row = bytes && decodeLease(bytes)
  return row?.token === lease.token && row.owner !== undefined ? row : undefined
}

/** The bytes by which this state of the row is known; of a damaged one, all that there are. */
function stateOf(bytes: Uint8Array): Uint8Array {
  const row = decodeLease(bytes)
  return row === undefined ? bytes : stateBytes(row)
}

function operationOf(key: Uint8Array, row: LeaseRow): RowOperation {
  const record = encodeLease(row)
  return { kind: 'put', bucket: LEASES, key, record, deadline: leaseDeadline(row) }
}
