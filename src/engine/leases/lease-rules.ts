/**
 * Who may have a lease. Pure rules, the same for every kind of store.
 *
 * An owner loses its lease when it is provably dead, at once; or when it has not renewed it in time,
 * be it stopped, stuck or out of reach. TIME: within one boot, by a clock that nobody can set. Between
 * hosts, by the wall clock, and no longer than a whole lease: so a clock that was set back makes
 * nobody wait for hours, if whoever waits says which beat it has seen for so long (`seen`).
 *
 * FAIRNESS: those who wait are in the row, first come, first served. A released lease is kept for the
 * first of them for its turn, and then for whoever comes.
 */
import type { Life, ProcessIdentity } from '../../process-identity.js'
import type { LeaseRow, Waiter } from './lease-row.js'

/** How long a released lease is kept for the first who waits: many wake-ups, and little to lose. */
export const TURN_MS = 200

/** More who wait do not fit in a row; they are served after those who do. */
const MAX_WAITERS = 256

/** An instant, by both clocks. */
export interface Instant {
  readonly wall: number
  readonly monotonic: number
}

/** One state of a lease. */
export interface Beat {
  readonly token: number
  readonly beat: number
}

/** Who asks for a lease, and how. */
export interface Claimant {
  readonly process: ProcessIdentity
  readonly leaseMs: number
  /** The place in the queue, for those who want to be served in order. */
  readonly queueAs?: string | undefined
  /** A state that was seen unchanged for as long as it was to last. */
  readonly seen?: Beat | undefined
}

/** Somebody else has the lease. */
export interface Blocked extends Beat {
  readonly kind: 'blocked'
  readonly owner: ProcessIdentity | undefined
  /** When it is worth asking again, if nothing changes before. */
  readonly retryMs: number
  /** How long the owner has from each renewal on. */
  readonly leaseMs: number
}

export type Verdict =
  | { readonly kind: 'free'; readonly waiters: readonly Waiter[] }
  | { readonly kind: 'taken'; readonly blocked: Blocked; readonly isQueued: boolean }

/** Whether a claimant may have the lease of a row, as of now. */
export function verdictOn(
  row: LeaseRow | undefined,
  claimant: Claimant,
  at: Instant,
  lifeOf: (process: ProcessIdentity) => Life,
): Verdict {
  if (row === undefined) return { kind: 'free', waiters: [] }
  const { queueAs, seen } = claimant
  const others = row.waiters.filter(({ id }) => id !== queueAs)
  const leftMs = timeLeft(row, claimant.process, at)
  const isOver = leftMs <= 0 || (seen?.token === row.token && seen.beat === row.beat)
  const isFree = row.owner === undefined ? isOver || isTurnOf(row, claimant, lifeOf) : isOver
  if (isFree || (row.owner !== undefined && lifeOf(row.owner) === 'dead')) {
    return { kind: 'free', waiters: others }
  }
  const { token, beat, owner, leaseMs } = row
  const blocked: Blocked = { kind: 'blocked', token, beat, owner, retryMs: leftMs, leaseMs }
  return { kind: 'taken', blocked, isQueued: others.length < row.waiters.length }
}

/** The row of a lease that was just given. */
export function grantedRow(
  token: number,
  claimant: Claimant,
  at: Instant,
  waiters: readonly Waiter[],
): LeaseRow {
  const { process, leaseMs } = claimant
  return { token, beat: 0, owner: process, waiters, ...until(leaseMs, process, at) }
}

/** The row with the claimant at the end of its queue; undefined if it is full. */
export function queuedRow(row: LeaseRow, claimant: Claimant): LeaseRow | undefined {
  const { queueAs, process } = claimant
  if (queueAs === undefined || row.waiters.length >= MAX_WAITERS) return undefined
  return { ...row, beat: row.beat + 1, waiters: [...row.waiters, { id: queueAs, process }] }
}

/** The row without one who waited; undefined if there is nothing left to keep a row for. */
export function leftRow(row: LeaseRow, queueAs: string): LeaseRow | undefined {
  const waiters = row.waiters.filter(({ id }) => id !== queueAs)
  if (waiters.length === 0 && row.owner === undefined) return undefined
  return { ...row, beat: row.beat + 1, waiters }
}

/** The row with a whole lease before it again. */
export function renewedRow(row: LeaseRow, process: ProcessIdentity, at: Instant): LeaseRow {
  return { ...row, beat: row.beat + 1, ...until(row.leaseMs, process, at) }
}

/** The row of a lease that its owner gave back; undefined if nobody waits. */
export function releasedRow(
  row: LeaseRow,
  process: ProcessIdentity,
  at: Instant,
): LeaseRow | undefined {
  if (row.waiters.length === 0) return undefined
  return { ...row, beat: row.beat + 1, owner: undefined, ...until(TURN_MS, process, at) }
}

/** Those who wait and cannot come any more are passed over. */
function isTurnOf(
  row: LeaseRow,
  { queueAs }: Claimant,
  lifeOf: (process: ProcessIdentity) => Life,
): boolean {
  const first = row.waiters.find(({ id, process }) => id === queueAs || lifeOf(process) !== 'dead')
  return first === undefined || first.id === queueAs
}

function timeLeft(row: LeaseRow, observer: ProcessIdentity, at: Instant): number {
  const isSameBoot = row.bootId !== 'unknown' && row.bootId === observer.bootId
  const left = isSameBoot ? row.bootDeadline - at.monotonic : row.deadline - at.wall
  // More than a whole lease cannot be left: a clock was set back.
  return Math.min(left, row.leaseMs)
}

function until(leaseMs: number, { bootId }: ProcessIdentity, at: Instant) {
  return {
    leaseMs,
    deadline: at.wall + leaseMs,
    bootDeadline: at.monotonic + leaseMs,
    bootId,
  }
}
