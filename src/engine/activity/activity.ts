/**
 * What the processes that share a store tell of themselves, while somebody wants to know.
 *
 * Nobody reports for nothing. Who asks leaves a row that says until when he wants to hear; reporters
 * look for it once a second, which writes nothing, and put a row of their own each time they see it.
 * All are rows of the bucket `meta`, which every store has:
 *
 *     'reports wanted'   → {"until": ms}
 *     'report <process>' → {"pid": …, "thread": …, "at": ms, "hits": …, "hottest": […], …}
 *
 * Over an AsyncStore both have deadlines, and go with them.
 */
import { threadId } from 'node:worker_threads'
import { type Life, lifeOf, type ProcessIdentity, processIdentity } from '../../process-identity.js'
import { decodeLease } from '../leases/lease-row.js'
import { SWEEPER } from '../sweep-work.js'

export const WANTED = Buffer.from('reports wanted')
const REPORT = 'report '
/** All keys of reports: a space is before any character that follows one. */
export const REPORTS = { from: Buffer.from(REPORT), to: Buffer.from('report!') } as const
/** Whoever asks is waited for so long after he last did. */
export const WANTED_MS = 5_000
/** A report is no more than this says of the present. */
export const FRESH_MS = 10_000

/** How often a process looks whether it is asked, while it is. */
export const LOOK_MS = 1_000

/** A key that was read much. */
export interface HotKey {
  /** The names of its namespace from the root down; empty for the root. */
  readonly namespace: readonly string[]
  /** The key in that namespace. */
  readonly key: string
  /** In how many of the last looks it had been read: more for hotter keys. */
  readonly reads: number
}

/** What one thread of a process told of itself. Counters are those of its dict's store. */
export interface ProcessReport extends ProcessIdentity {
  /** Its number among the threads of the process; 0 for the main one. */
  readonly thread: number
  /** When it reported, in milliseconds since 1970-01-01 UTC. */
  readonly at: number
  /** Reads answered by the read cache. */
  readonly hits: number
  /** Reads that went to the store. */
  readonly misses: number
  /** Commits that were made. */
  readonly commits: number
  /** Commits that failed; what they held was kept and tried again. */
  readonly failedCommits: number
  /** Writes that no commit has taken yet. */
  readonly pendingWrites: number
  /** What the read cache holds; sizes in bytes. */
  readonly cache: { readonly entries: number; readonly sizeBytes: number }
  /** Whether it removes expired rows at present. */
  readonly isSweeping: boolean
  /** Hottest first. */
  readonly hottest: readonly HotKey[]
}

/** A lease, of a lock or of a value that is being computed. */
export interface LeaseReport {
  /** A digest of what is leased: a key's name may have to stay hidden. `sweeper` for the sweeper's. */
  readonly name: string
  /** Undefined if it was given back, and the first who waits may take it. */
  readonly owner: ProcessIdentity | undefined
  /** Whether the owner still runs. */
  readonly life: Life
  /** How many wait for it. */
  readonly waiters: number
  /** When it ends unless it is renewed, in milliseconds since 1970-01-01 UTC. */
  readonly deadline: number
}

/** What goes on in a store. */
export interface Activity {
  /** Each thread that has reported lately. */
  readonly processes: readonly ProcessReport[]
  /** What is locked or being computed, at most a thousand of them. */
  readonly leases: readonly LeaseReport[]
}

/** What the engine of this thread counts. */
export type Counts = Omit<ProcessReport, keyof ProcessIdentity | 'thread' | 'at'>

/** A report of this thread. */
export function ownReport(at: number, counts: Counts): ProcessReport {
  return { ...processIdentity(), thread: threadId, at, ...counts }
}

/** The row that says until when somebody wants to hear, of one who asks now. */
export function wantedRow(now: number): Uint8Array {
  return Buffer.from(JSON.stringify({ until: now + WANTED_MS }))
}

/** Whether a report tells of the present, and of somebody who may still live. */
export function isFresh(report: ProcessReport | undefined, now: number): report is ProcessReport {
  return report !== undefined && now - report.at < FRESH_MS && lifeOf(report) !== 'dead'
}

export function reportKey({ pid, thread, startTime, host }: ProcessReport): Uint8Array {
  return Buffer.from(`${REPORT}${host} ${pid} ${startTime} ${thread}`)
}

/** Undefined for bytes that are no report. */
export function decodeReport(record: Uint8Array): ProcessReport | undefined {
  try {
    const report: ProcessReport = JSON.parse(Buffer.from(record).toString('utf8'))
    return typeof report.at === 'number' && Array.isArray(report.hottest) ? report : undefined
  } catch {
    return undefined
  }
}

/** Until when reports are wanted; 0 for a row that says nothing. */
export function wantedUntil(record: Uint8Array | undefined): number {
  if (record === undefined) return 0
  try {
    return Number(JSON.parse(Buffer.from(record).toString('utf8')).until) || 0
  } catch {
    return 0
  }
}

const NAME_BYTES = 6

/** What a row of the leases says; undefined for one that says nothing. */
export function leaseReport(key: Uint8Array, record: Uint8Array): LeaseReport | undefined {
  const row = decodeLease(record)
  if (row === undefined) return undefined
  const { owner, waiters, deadline } = row
  const isSweeper = Buffer.from(SWEEPER).equals(key)
  return {
    name: isSweeper ? 'sweeper' : Buffer.from(key).toString('hex', 0, NAME_BYTES),
    owner,
    life: owner === undefined ? 'unknown' : lifeOf(owner),
    waiters: waiters.length,
    deadline,
  }
}
