/**
 * Who goes to the gate's lock next, so that nobody has to wait inside native code, where there is no
 * limit. See docs/decisions/0031.
 *
 * It lies in the gate's lock file, which LMDB maps into every process, in memory that LMDB does not use:
 * the gate has no readers, and their slots are longer than what a reader writes there.
 *
 *     0     magic
 *     64    the writers' mutex; 128 where LMDB's header is longer. Its word is the number of the thread
 *           that holds it, and 0 if nobody does; the kernel puts it right when that thread dies
 *     640   the ticket: who is inside, or about to be
 *     644   the reservation: who comes next
 *
 *     ticket, reservation    thread (22 bits) │ how many times it came (10 bits); 0 for nobody
 *
 * A ticket is only admission. The mutex is what excludes: whoever has a ticket takes it, too, and finds
 * it free. So a ticket that a dead, stopped or slow thread left behind may be taken over while the mutex
 * is free, and a wrong judgement costs a short wait in native code, and nothing else. Programs that know
 * nothing of tickets are waited for, as long as they hold the mutex.
 */
import { readFileSync, statSync } from 'node:fs'
import { systemClock } from '../../clock.js'
import { type LockHolder, StoreBusyError } from '../../errors/store-errors.js'
import { processOfThread, threadNumber } from '../../process-identity.js'
import { LOCK_MAGIC, mappedWords } from './mapped-words.js'

const VIEW_BYTES = 648
const TICKET = 160
const RESERVATION = 161

/** Linux numbers threads up to 2^22. */
const THREAD_BITS = 22
const THREAD_MASK = 2 ** THREAD_BITS - 1
const COUNT_MASK = 2 ** (32 - THREAD_BITS) - 1

/** The kernel's FUTEX_TID_MASK: above are flags. */
const OWNER_MASK = 0x3fffffff

/** Where the header may end, in words. */
const MUTEX_PLACES = [16, 32]
/** Which words of a mutex are its kind and its owner, and the kind of one that is robust and shared. */
const MUTEX_LAYOUTS = [
  { libc: 'glibc', kindAt: 4, kind: 128 | 16, ownerAt: 0 },
  { libc: 'musl', kindAt: 0, kind: 128 | 4, ownerAt: 1 },
]

/**
 * A thread that has come back and back for so long is stopped by a reservation. Each hand-over leaves the
 * lock unused for the time of a nap, so turns that are shorter would cost more than they give.
 */
const TURN_MS = 8
/** Whoever has waited for so long comes next, whoever was inside meanwhile. */
const PATIENCE_MS = 250
/**
 * A ticket or a reservation that does not move for so long, with nobody inside, is that of somebody who
 * died or stands still. To go inside takes microseconds.
 */
const IDLE_MS = 10
/** The same for a reservation alone: whoever has it looks much more often. */
const IDLE_RESERVATION_MS = 3

/**
 * A nap is a part of what was waited already, or since one was next: so long is a lock that has become free
 * left unused.
 */
const NAP_PART = 1 / 10
const SHORTEST_NAP_MS = 0.02
const LONGEST_NAP_MS = 2
const LONGEST_NAP_OF_NEXT_MS = 0.5

const nap = new Int32Array(new SharedArrayBuffer(4))

/** The admission of an open gate, whose lock file this is; undefined where its memory cannot be had. */
export function admissionTo(lockFile: string): Admission | undefined {
  const thread = threadNumber()
  if (thread === undefined || thread > THREAD_MASK) return undefined
  // Behind its end, memory is not shared.
  if (statSync(lockFile).size < VIEW_BYTES) return undefined
  const words = mappedWords(lockFile, VIEW_BYTES)
  if (words === undefined || words[0] !== LOCK_MAGIC) return undefined
  const owner = ownerWord(words)
  return owner === undefined ? undefined : new Admission(lockFile, words, owner, thread)
}

/** The index of the word that names the mutex's owner. */
function ownerWord(words: Uint32Array): number | undefined {
  for (const place of MUTEX_PLACES) {
    for (const { kindAt, kind, ownerAt } of MUTEX_LAYOUTS) {
      if (words[place + kindAt] === kind) return place + ownerAt
    }
  }
  return undefined
}

export class Admission {
  readonly #lockFile: string
  readonly #words: Uint32Array
  readonly #ownerWord: number
  readonly #thread: number
  #count = 0
  /** The ticket that this thread has. */
  #mine = 0
  /** The ticket for whose holder this thread has waited in vain, and since when it had. */
  #inVain = 0
  #inVainSince = 0

  constructor(lockFile: string, words: Uint32Array, ownerWord: number, thread: number) {
    this.#lockFile = lockFile
    this.#words = words
    this.#ownerWord = ownerWord
    this.#thread = thread
  }

  /** Takes the ticket. Throws StoreBusyError, about `path`, if that takes longer than `limitMs`. */
  enter(path: string, limitMs: number): void {
    const mine = this.#nextTicket()
    if (Atomics.load(this.#words, RESERVATION) === 0 && this.#take(0, mine)) return
    this.#wait(path, limitMs, mine)
  }

  /** Inside: whether the mutex is where it was looked for. */
  isRight(): boolean {
    return this.#owner() === this.#thread
  }

  /** Gives the ticket back, unless somebody has taken it over. */
  leave(): void {
    Atomics.compareExchange(this.#words, TICKET, this.#mine, 0)
  }

  #nextTicket(): number {
    this.#count = (this.#count + 1) & COUNT_MASK
    return ((this.#count << THREAD_BITS) | this.#thread) >>> 0
  }

  /** The thread that holds the mutex; 0 if nobody does. */
  #owner(): number {
    return Atomics.load(this.#words, this.#ownerWord) & OWNER_MASK
  }

  /** Exchanges the ticket, if it is still `from` and nobody is inside. */
  #take(from: number, mine: number): boolean {
    if (Atomics.compareExchange(this.#words, TICKET, from, mine) !== from) return false
    this.#mine = mine
    if (this.#owner() === 0) return true
    this.leave()
    return false
  }

  #wait(path: string, limitMs: number, mine: number): void {
    const start = systemClock.monotonic()
    const looks = new Looks(this.#words, start)
    let nextSince: number | undefined
    this.#refuseKnown(path, start)
    try {
      for (;;) {
        const now = systemClock.monotonic()
        const isInside = this.#owner() !== 0
        const { ticket, reservation } = looks.look(now, isInside)
        const isIdle = looks.idleMs(now) > (ticket === 0 ? IDLE_RESERVATION_MS : IDLE_MS)
        const isNext = reservation === 0 || reservation === mine || isIdle
        if (!isInside && isNext && (ticket === 0 || isIdle) && this.#take(ticket, mine)) {
          // What is there after so long is another's who does not come.
          if (isIdle) Atomics.compareExchange(this.#words, RESERVATION, reservation, 0)
          return
        }
        const waitedMs = now - start
        if (waitedMs >= limitMs) {
          this.#inVain = isInside ? ticket : 0
          this.#inVainSince = start
          throw this.#busy(path, waitedMs, this.#holder(ticket))
        }
        const mayReserve =
          reservation === 0 && (looks.turnMs(now) > TURN_MS || waitedMs > PATIENCE_MS)
        if (mayReserve && Atomics.compareExchange(this.#words, RESERVATION, 0, mine) === 0) {
          nextSince = now
        }
        const part = (now - (nextSince ?? start)) * NAP_PART
        const longest = nextSince === undefined ? LONGEST_NAP_MS : LONGEST_NAP_OF_NEXT_MS
        const napMs = Math.min(Math.max(part, SHORTEST_NAP_MS), longest)
        Atomics.wait(nap, 0, 0, Math.min(napMs * (0.5 + Math.random()), limitMs - waitedMs))
      }
    } finally {
      Atomics.compareExchange(this.#words, RESERVATION, mine, 0)
    }
  }

  /** Throws at once if this thread has waited in vain for a process that stands still where it stood. */
  #refuseKnown(path: string, now: number): void {
    const ticket = Atomics.load(this.#words, TICKET)
    if (ticket === 0 || ticket !== this.#inVain || this.#owner() === 0) return
    const holder = this.#holder(ticket)
    if (holder?.isStopped) throw this.#busy(path, now - this.#inVainSince, holder)
  }

  #busy(path: string, waitedMs: number, holder: LockHolder | undefined): StoreBusyError {
    return new StoreBusyError(path, Math.round(waitedMs), { holder })
  }

  /** Whose thread is inside. A process of another container is not known here. */
  #holder(ticket: number): LockHolder | undefined {
    const thread = this.#owner() || ticket & THREAD_MASK
    const found = processOfThread(thread)
    return found !== undefined && mayHaveMapped(found.pid, this.#lockFile) ? found : undefined
  }
}

/** What a waiter has seen of the words, and for how long nothing of it has moved. */
class Looks {
  readonly #words: Uint32Array
  ticket = 0
  reservation = 0
  /** Since when both are what they are, and nobody was inside whenever it was looked. */
  #idleSince: number
  /** Who had the ticket last, and since when nobody else was seen with it. */
  #thread = 0
  #threadSince: number

  constructor(words: Uint32Array, now: number) {
    this.#words = words
    this.#idleSince = now
    this.#threadSince = now
  }

  look(now: number, isInside: boolean): this {
    const ticket = Atomics.load(this.#words, TICKET)
    const reservation = Atomics.load(this.#words, RESERVATION)
    if (isInside || ticket !== this.ticket || reservation !== this.reservation) {
      this.#idleSince = now
    }
    const thread = ticket & THREAD_MASK
    if (thread !== 0 && thread !== this.#thread) {
      this.#thread = thread
      this.#threadSince = now
    }
    this.ticket = ticket
    this.reservation = reservation
    return this
  }

  /** For how long one thread has been inside, or come back. */
  turnMs(now: number): number {
    return now - this.#threadSince
  }

  idleMs(now: number): number {
    return now - this.#idleSince
  }
}

/** Whether a process has this file mapped, or lets nobody see what it has. */
function mayHaveMapped(pid: number, file: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/maps`, 'utf8').includes(file)
  } catch {
    return true
  }
}
