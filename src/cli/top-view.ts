/** What "top" shows: what changed between two looks at a store, for people and for programs. */
import type { Activity, LeaseReport, ProcessReport } from '../engine/activity/activity.js'
import { tableOf } from './output/table.js'
import { counted, shownBytes, shownKey, shownPath, shownSpan } from './output/text.js'

/** A look at a store. */
export interface Look {
  readonly at: number
  readonly store: string
  readonly location: string
  readonly entries: number
  readonly sizeBytes: number
  readonly activity: Activity
}

/** What one process did between two looks. */
interface ProcessRates {
  readonly pid: number
  readonly thread: number
  readonly host: string
  readonly readsPerSecond: number
  /** Undefined if nothing was read. */
  readonly hitRate: number | undefined
  readonly commitsPerSecond: number
  readonly pendingWrites: number
  readonly cache: ProcessReport['cache']
  readonly isSweeping: boolean
}

export interface TopFacts extends Omit<Look, 'activity'> {
  /** Of all processes. Undefined if nothing was read, or nobody has told yet. */
  readonly hitRate: number | undefined
  readonly processes: readonly ProcessRates[]
  readonly hottest: ProcessReport['hottest']
  readonly locks: readonly LeaseReport[]
  /** The process that removes expired rows at present. */
  readonly sweeper: number | undefined
}

const SHOWN_KEYS = 10
const SHOWN_LOCKS = 10

/** The last two different reports of each process: rates are what happened between them. */
export class Reports {
  #known: readonly ReportPair[] = []

  /** Takes in what processes report now. Those who did not report anew keep their pairs. */
  take(reports: readonly ProcessReport[]): readonly ReportPair[] {
    this.#known = reports.map((now) => {
      const known = this.#known.find((each) => isSame(each.now, now))
      return known?.now.at === now.at ? known : { now, before: known?.now }
    })
    return this.#known
  }
}

interface ReportPair {
  readonly now: ProcessReport
  readonly before: ProcessReport | undefined
}

export function factsOf(look: Look, reports: Reports): TopFacts {
  const { activity, ...rest } = look
  const { processes, leases } = activity
  const rates = reports.take(processes).map(ratesOf)
  const reads = rates.reduce((sum, { readsPerSecond }) => sum + readsPerSecond, 0)
  const hits = rates.reduce(
    (sum, { readsPerSecond, hitRate = 0 }) => sum + readsPerSecond * hitRate,
    0,
  )
  return {
    ...rest,
    hitRate: reads === 0 ? undefined : hits / reads,
    processes: rates,
    hottest: hottestOf(processes),
    locks: leases.filter(({ name }) => name !== 'sweeper'),
    sweeper:
      processes.find(({ isSweeping }) => isSweeping)?.pid ??
      leases.find(({ name }) => name === 'sweeper')?.owner?.pid,
  }
}

export function shownFacts(facts: TopFacts): string {
  const { store, location, entries, sizeBytes, hitRate, processes, hottest, locks, sweeper } = facts
  const head = [
    `${store} ${location}`,
    `${counted(entries, 'entry', 'entries')}, ${shownBytes(sizeBytes)}, hit rate ${shownShare(hitRate)}, ` +
      `sweeper ${sweeper === undefined ? 'idle' : `in ${sweeper}`}`,
  ]
  const parts = [`${head.join('\n')}\n`, shownProcesses(processes)]
  if (hottest.length > 0) {
    parts.push(
      tableOf(hottest, [
        { title: 'HOTTEST KEYS', of: ({ namespace, key }) => shownPlace(namespace, key) },
        { title: 'READS', of: ({ reads }) => String(reads), align: 'end' },
      ]),
    )
  }
  if (locks.length > 0) parts.push(shownLocks(locks, facts.at))
  return parts.join('\n')
}

function shownProcesses(processes: TopFacts['processes']): string {
  if (processes.length === 0) return 'No process has reported yet.\n'
  return tableOf(processes, [
    { title: 'PID', of: ({ pid, thread }) => (thread === 0 ? `${pid}` : `${pid}.${thread}`) },
    { title: 'READS/S', of: (each) => String(Math.round(each.readsPerSecond)), align: 'end' },
    { title: 'HITS', of: ({ hitRate }) => shownShare(hitRate), align: 'end' },
    { title: 'COMMITS/S', of: (each) => String(Math.round(each.commitsPerSecond)), align: 'end' },
    { title: 'PENDING', of: ({ pendingWrites }) => String(pendingWrites), align: 'end' },
    { title: 'CACHED', of: ({ cache }) => String(cache.entries), align: 'end' },
    { title: 'CACHE', of: ({ cache }) => shownBytes(cache.sizeBytes), align: 'end' },
  ])
}

function shownLocks(locks: readonly LeaseReport[], now: number): string {
  return tableOf(locks.slice(0, SHOWN_LOCKS), [
    { title: 'LOCK', of: ({ name }) => name },
    { title: 'HELD BY', of: ({ owner, life }) => (owner ? `${owner.pid} (${life})` : 'nobody') },
    { title: 'LEFT', of: ({ deadline }) => shownSpan(Math.max(0, deadline - now)), align: 'end' },
    { title: 'WAITING', of: ({ waiters }) => String(waiters), align: 'end' },
  ])
}

function shownPlace(namespace: readonly string[], key: string): string {
  return namespace.length === 0 ? shownKey(key) : `${shownPath(namespace)}  ${shownKey(key)}`
}

function shownShare(share: number | undefined): string {
  return share === undefined ? '–' : `${(share * 100).toFixed(1)}%`
}

/** Without an earlier report, since the process opened the store: only the share is meaningful then. */
function ratesOf({ now, before }: ReportPair): ProcessRates {
  const since = (count: (report: ProcessReport) => number) =>
    count(now) - (before === undefined ? 0 : count(before))
  const seconds = before === undefined ? 0 : (now.at - before.at) / 1_000
  const perSecond = (count: number) => (seconds > 0 ? count / seconds : 0)
  const hits = since((report) => report.hits)
  const reads = hits + since((report) => report.misses)
  const { pid, thread, host, pendingWrites, cache, isSweeping } = now
  return {
    pid,
    thread,
    host,
    readsPerSecond: perSecond(reads),
    hitRate: reads > 0 ? hits / reads : undefined,
    commitsPerSecond: perSecond(since((report) => report.commits)),
    pendingWrites,
    cache,
    isSweeping,
  }
}

function isSame(a: ProcessReport, b: ProcessReport): boolean {
  return (
    a.pid === b.pid && a.thread === b.thread && a.startTime === b.startTime && a.host === b.host
  )
}

/** Over all processes. */
function hottestOf(processes: readonly ProcessReport[]): TopFacts['hottest'] {
  const sums = new Map<string, ProcessReport['hottest'][number]>()
  for (const each of processes.flatMap(({ hottest }) => hottest)) {
    const id = JSON.stringify([each.namespace, each.key])
    sums.set(id, { ...each, reads: each.reads + (sums.get(id)?.reads ?? 0) })
  }
  return [...sums.values()].sort((a, b) => b.reads - a.reads).slice(0, SHOWN_KEYS)
}
