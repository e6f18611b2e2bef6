/**
 * Which process this is, so that another can tell later whether it still lives.
 *
 * A pid alone does not say: pids are used again, begin anew with each boot, and mean other processes
 * in other containers. On Linux the kernel tells the rest:
 *
 *     startTime     /proc/PID/stat, field 22    ticks since boot, the same in all containers
 *     bootId        /proc/sys/kernel/random/boot_id
 *     pidNamespace  the link /proc/self/ns/pid
 *
 * Elsewhere these are 'unknown', and so is the life of most processes.
 */
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/** Plain data: it may be stored, and compared field by field. */
export interface ProcessIdentity {
  /** Its number, which may be used again. */
  readonly pid: number
  /** When the process started, in the kernel's words; or 'unknown'. */
  readonly startTime: string
  /** Another one after each boot; or 'unknown'. */
  readonly bootId: string
  /** Where the pid counts; or 'unknown'. */
  readonly pidNamespace: string
  /** The name of the machine, or of the container. */
  readonly host: string
}

/** Whether a process still runs: see lifeOf(). */
export type Life = 'alive' | 'dead' | 'unknown'

const UNKNOWN = 'unknown'

let own: ProcessIdentity | undefined

/** That of this process: the same in all its threads. */
export function processIdentity(): ProcessIdentity {
  own ??= Object.freeze({
    pid: process.pid,
    startTime: factOf(() => statOf('self').startTime),
    bootId: factOf(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()),
    pidNamespace: factOf(() => readlinkSync('/proc/self/ns/pid')),
    host: hostname(),
  })
  return own
}

/**
 * Whether a process still runs. `'dead'` is certain, and so is `'alive'`; a process of another
 * container, of another host, or on a system that does not tell is `'unknown'`.
 * `observer` is who asks: this process.
 */
export function lifeOf(identity: ProcessIdentity, observer = processIdentity()): Life {
  const { pid, bootId, pidNamespace } = identity
  // For kill(2), 0 and negative numbers are groups.
  if (!Number.isSafeInteger(pid) || pid <= 0) return 'unknown'
  const isSameHost = identity.host === observer.host
  if (bootId === UNKNOWN || observer.bootId === UNKNOWN) {
    return isSameHost && !existsPid(pid) ? 'dead' : 'unknown'
  }
  // With another name it may be another machine, and not this one before it was booted.
  if (bootId !== observer.bootId) return isSameHost ? 'dead' : 'unknown'
  if (pidNamespace === UNKNOWN || pidNamespace !== observer.pidNamespace) return 'unknown'
  if (!existsPid(pid)) return 'dead'
  return isProcOurs() ? lifeInProc(identity) : 'unknown'
}

function lifeInProc({ pid, startTime }: ProcessIdentity): Life {
  let stat: ProcStat
  try {
    stat = statOf(pid)
  } catch {
    // It ended just now; or /proc hides the processes of other users.
    return existsPid(pid) ? 'unknown' : 'dead'
  }
  // A zombie runs no more: it only waits for its parent to hear of it.
  if (stat.state === 'Z' || stat.state === 'X') return 'dead'
  if (startTime === UNKNOWN) return 'unknown'
  return stat.startTime === startTime ? 'alive' : 'dead'
}

/**
 * The kernel's number of this thread, by which locks in shared memory name their holder; undefined where
 * the system does not tell. That of the first thread is the pid.
 */
export function threadNumber(): number | undefined {
  try {
    // One for each pid namespace that the thread is in; the innermost, in which it counts, is last.
    const [, number] =
      /^NSpid:.*?(\d+)$/m.exec(readFileSync('/proc/thread-self/status', 'latin1')) ?? []
    return number === undefined ? undefined : Number(number)
  } catch {
    return undefined
  }
}

/** The process of a thread, and whether the thread is stopped; undefined if that is not known here. */
export function processOfThread(
  thread: number,
): { readonly pid: number; readonly isStopped: boolean } | undefined {
  if (!isProcOurs()) return undefined
  try {
    const status = readFileSync(`/proc/${thread}/status`, 'latin1')
    const [, pid] = /^Tgid:\s*(\d+)$/m.exec(status) ?? []
    if (pid === undefined) return undefined
    // T: by a signal. t: by a debugger.
    return { pid: Number(pid), isStopped: /^State:\s*[Tt]/m.test(status) }
  } catch {
    // It has ended, or is hidden.
    return undefined
  }
}

/** Signal 0 is not sent, but checked. */
function existsPid(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

/** A container may see the /proc of another pid namespace, whose numbers mean others. */
function isProcOurs(): boolean {
  return factOf(() => readlinkSync('/proc/self')) === String(process.pid)
}

interface ProcStat {
  readonly state: string
  readonly startTime: string
}

function statOf(pid: number | 'self'): ProcStat {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
  // The second field is the program's name, in parentheses; it may hold spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [state, startTime] = [fields[0], fields[19]]
  if (state === undefined || startTime === undefined) throw new Error('an unknown form of stat')
  return { state, startTime }
}

/** What the system does not tell is 'unknown', whatever the reason: callers must do without. */
function factOf(look: () => string): string {
  try {
    return look() || UNKNOWN
  } catch {
    return UNKNOWN
  }
}
