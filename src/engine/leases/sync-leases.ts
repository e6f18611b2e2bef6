/**
 * Leases over a synchronous store: every decision is made inside a write transaction, so that two
 * owners cannot be. lease-rules.ts says what is decided.
 */
import type { Clock } from '../../clock.js'
import { LockLostError } from '../../errors/lock-errors.js'
import { type Life, lifeOf, type ProcessIdentity, processIdentity } from '../../process-identity.js'
import type { StoreReader, StoreTransaction } from '../../store/sync-store.js'
import { decodeLease, encodeLease, LEASES, type LeaseRow } from './lease-row.js'
import {
  type Blocked,
  type Claimant,
  grantedRow,
  type Instant,
  leftRow,
  queuedRow,
  releasedRow,
  renewedRow,
  verdictOn,
} from './lease-rules.js'
import type { Asked, ClaimTerms, Lease, LeaseTable } from './lease-table.js'

/** Often enough that a crash is hardly felt, and cheap: one look at the system for each owner. */
const LOOK_EVERY_MS = 100

/** Rows that tidy() looks at in one transaction. */
const TIDY_STEP_ROWS = 256

type LeaseReader = Pick<StoreReader, 'get'>

/** What leases need of a transaction. */
export type LeaseTransaction = Pick<StoreTransaction, 'get' | 'put' | 'delete' | 'nextVersion'>

export interface SyncLeaseParts {
  readonly clock: Clock
  /** Runs `fn` in a write transaction of the store. */
  readonly transact: <T>(fn: (tx: LeaseTransaction) => T) => T
  /** The transaction that is running, or else the store. */
  readonly reader: () => StoreReader
  /** The store's own, where it tells of commits. */
  readonly onCommit: (listener: () => void) => () => void
}

export class SyncLeases implements LeaseTable {
  readonly lookEveryMs = LOOK_EVERY_MS
  readonly #parts: SyncLeaseParts
  readonly #process: ProcessIdentity = processIdentity()

  constructor(parts: SyncLeaseParts) {
    this.#parts = parts
  }

  claim(keys: readonly Uint8Array[], terms: ClaimTerms): (Lease | Blocked)[] {
    return this.#parts.transact((tx) => keys.map((key) => this.claimIn(tx, key, terms)))
  }

  /** Like claim(), as part of a transaction of the caller's. */
  claimIn(tx: LeaseTransaction, key: Uint8Array, terms: ClaimTerms): Lease | Blocked {
    const claimant = this.#claimant(terms)
    const row = readLease(tx, key)
    const verdict = verdictOn(row, claimant, this.#now(), lifeOf)
    if (verdict.kind === 'taken') {
      const queued = verdict.isQueued ? undefined : queuedRow(row as LeaseRow, claimant)
      if (queued !== undefined) writeLease(tx, key, queued)
      return verdict.blocked
    }
    const { leaseMs } = terms
    const token = tx.nextVersion()
    writeLease(tx, key, grantedRow(token, claimant, this.#now(), verdict.waiters))
    return { kind: 'lease', key, token, leaseMs }
  }

  look(asked: readonly Asked[]): (Blocked | undefined)[] {
    const reader = this.#parts.reader()
    const life = lifeOnce()
    return asked.map(({ key, terms }) => {
      const verdict = verdictOn(readLease(reader, key), this.#claimant(terms), this.#now(), life)
      return verdict.kind === 'taken' ? verdict.blocked : undefined
    })
  }

  renew(leases: readonly Lease[]): boolean[] {
    return this.#parts.transact((tx) => leases.map((lease) => this.renewIn(tx, lease)))
  }

  /** Like renew() of one lease, as part of a transaction of the caller's. */
  renewIn(tx: LeaseTransaction, lease: Lease): boolean {
    const row = heldRow(tx, lease)
    if (row === undefined) return false
    writeLease(tx, lease.key, renewedRow(row, this.#process, this.#now()))
    return true
  }

  release(leases: readonly Lease[]): boolean[] {
    return this.#parts.transact((tx) => leases.map((lease) => this.releaseIn(tx, lease)))
  }

  /** Gives one lease back, as part of a transaction of the caller's: with what was done under the lease. */
  releaseIn(tx: LeaseTransaction, lease: Lease): boolean {
    const row = heldRow(tx, lease)
    if (row === undefined) return false
    writeLease(tx, lease.key, releasedRow(row, this.#process, this.#now()))
    return true
  }

  assertHeld(lease: Lease): void {
    assertHeld(this.#parts.reader(), lease)
  }

  leave(key: Uint8Array, queueAs: string): void {
    this.#parts.transact((tx) => {
      const row = readLease(tx, key)
      if (row?.waiters.some(({ id }) => id === queueAs)) writeLease(tx, key, leftRow(row, queueAs))
    })
  }

  onChange(listener: () => void): () => void {
    return this.#parts.onCommit(listener)
  }

  /** Removes what dead owners left behind and nobody has asked for since; returns how many rows. */
  tidy(): number {
    let removed = 0
    let after: Uint8Array | undefined
    for (;;) {
      const range = after === undefined ? {} : { after }
      const keys = this.#parts.reader().scan(LEASES, range, TIDY_STEP_ROWS)
      if (keys.length === 0) return removed
      after = keys.at(-1)?.key
      const over = keys.filter(({ record }) => isAbandoned(decodeLease(record)))
      if (over.length === 0) continue
      removed += this.#parts.transact(
        (tx) =>
          over.filter(({ key }) => isAbandoned(readLease(tx, key)) && tx.delete(LEASES, key))
            .length,
      )
    }
  }

  #claimant({ leaseMs, queueAs, seen }: ClaimTerms): Claimant {
    return { process: this.#process, leaseMs, queueAs, seen }
  }

  #now(): Instant {
    const { clock } = this.#parts
    return { wall: clock.now(), monotonic: clock.monotonic() }
  }
}

/**
 * Throws LockLostError unless the lease is still its holder's. For fenced steps: what the transaction
 * writes is then written by the one owner there is, however long it slept before.
 */
export function assertHeld(tx: LeaseReader, lease: Lease): void {
  if (heldRow(tx, lease) === undefined) throw new LockLostError(lease.token)
}

/** The row of a lease, unless somebody else has taken it over. It may be past its deadline. */
function heldRow(reader: LeaseReader, lease: Lease): LeaseRow | undefined {
  const row = readLease(reader, lease.key)
  return row?.token === lease.token && row.owner !== undefined ? row : undefined
}

function readLease(reader: LeaseReader, key: Uint8Array): LeaseRow | undefined {
  const bytes = reader.get(LEASES, key)
  return bytes && decodeLease(bytes)
}

function writeLease(tx: LeaseTransaction, key: Uint8Array, row: LeaseRow | undefined): void {
  if (row === undefined) tx.delete(LEASES, key)
  else tx.put(LEASES, key, encodeLease(row), 0)
}

/** Asks the system once for each process: many leases may have one owner. */
function lifeOnce(): typeof lifeOf {
  const known = new Map<string, Life>()
  return (process) => {
    const id = JSON.stringify(process)
    const life = known.get(id) ?? lifeOf(process)
    known.set(id, life)
    return life
  }
}

/** Whether nobody who lives, or may live, has or wants the lease. */
function isAbandoned(row: LeaseRow | undefined): boolean {
  if (row === undefined) return false
  const isDead = (process: ProcessIdentity | undefined): boolean =>
    process === undefined || lifeOf(process) === 'dead'
  return isDead(row.owner) && row.waiters.every(({ process }) => isDead(process))
}
