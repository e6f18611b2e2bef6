/**
 * Removes the rows of expired entries in the background, a few at a time: one process for each store.
 *
 * Every process looks at the head of the deadline index now and then, which writes nothing. If rows
 * are due, it asks for the sweeper's lease, works in steps, and gives the lease back. A step re-checks
 * the lease inside its transaction; one who has lost it writes nothing. Two at once would do no harm,
 * as each row is re-read before it goes.
 *
 * PACE. A step takes as many rows as fit in its time. Between steps the event loop has at least as
 * long as the step took; longer, if it turns out to be busy. But not for ever: on a machine that is
 * always busy, rows would expire faster than they go, and the store would grow without bound. Once the
 * sweeper is seconds behind, it goes on however busy the loop is.
 */
import type { Clock, Timer } from '../clock.js'

/** Between looks while nothing is due. With it, a crashed sweeper's work is taken over. */
const LOOK_MS = 1_000
/** After a failure: a full disk stays full for a while, and each attempt is an error event. */
const RETRY_MS = 5_000

const FIRST_ROWS = 32
const LEAST_ROWS = 8
const MOST_ROWS = 256
/**
 * A step whose rows take longer makes the next one smaller; one of half that makes it larger. The
 * commit comes on top: it takes as long for few rows as for many.
 */
const STEP_MS = 3

/** Pauses between steps, in multiples of what the step took. */
const SHORTEST_PAUSE = 1
const LONGEST_PAUSE = 16
const MOST_PAUSE_MS = 500
/** Rows that have been due for longer mean that the sweeper does not keep up. */
const BEHIND_MS = 5_000
const LEAST_ROWS_BEHIND = 64
const LONGEST_PAUSE_BEHIND = 2
/** A timer that comes so much too late says that the event loop is busy with other things. */
const BUSY_MS = 5

export interface StepResult {
  readonly state: 'more' | 'done' | 'lost'
  /** How long the rows took, without beginning and committing the transaction. */
  readonly rowsMs: number
  /** For how long the first of them had been due; 0 if there were none. */
  readonly lateMs: number
}

export interface SweepWork {
  /** Whether any row is due. Writes nothing. */
  isDue(): boolean
  /** Whether a thread of its own does it, which does not hold up this one; starts one where much is due. */
  delegate(): boolean
  /** Takes the lease; false if somebody else has it. */
  claim(): boolean
  /** Removes up to so many rows, if the lease is still held; with the last ones it is given back. */
  step(rows: number): StepResult
  /** Gives the lease back, if it is held. */
  release(): void
}

export interface SweeperParts {
  readonly clock: Clock
  readonly work: SweepWork
  readonly onError: (error: unknown) => void
}

export class Sweeper {
  readonly #parts: SweeperParts
  #timer: Timer | undefined
  #isLeading = false
  #rows = FIRST_ROWS
  #pause = SHORTEST_PAUSE
  #isBehind = false
  #isStopped = true

  constructor(parts: SweeperParts) {
    this.#parts = parts
  }

  /** Whether this process removes rows at present. */
  get isLeading(): boolean {
    return this.#isLeading
  }

  start(): void {
    if (!this.#isStopped) return
    this.#isStopped = false
    this.#wait(LOOK_MS)
  }

  /** Stops, and gives the lease back. Call before the store is closed. */
  stop(): void {
    if (this.#isStopped) return
    this.#isStopped = true
    this.#timer?.cancel()
    if (!this.#isLeading) return
    this.#isLeading = false
    try {
      this.#parts.work.release()
    } catch (error) {
      // It runs out by itself.
      this.#parts.onError(error)
    }
  }

  #wait(delayMs: number): void {
    const { clock } = this.#parts
    const wakesAt = clock.monotonic() + delayMs
    this.#timer = clock.after(delayMs, () => this.#wake(clock.monotonic() - wakesAt))
  }

  #wake(lateMs: number): void {
    let waitMs: number
    try {
      waitMs = this.#work(lateMs)
    } catch (error) {
      this.#isLeading = false
      waitMs = RETRY_MS
      this.#parts.onError(error)
    }
    if (!this.#isStopped) this.#wait(waitMs)
  }

  /** Does what there is to do; how long to wait then. */
  #work(lateMs: number): number {
    const { work } = this.#parts
    if (!this.#isLeading) {
      if (!work.isDue() || work.delegate() || !work.claim()) return LOOK_MS
      this.#isLeading = true
      this.#pause = SHORTEST_PAUSE
    } else {
      const pause = lateMs > BUSY_MS ? this.#pause * 2 : this.#pause / 2
      const longest = this.#isBehind ? LONGEST_PAUSE_BEHIND : LONGEST_PAUSE
      this.#pause = Math.min(Math.max(pause, SHORTEST_PAUSE), longest)
    }
    return this.#step()
  }

  #step(): number {
    const { clock, work } = this.#parts
    const start = clock.monotonic()
    const { state, rowsMs, lateMs } = work.step(this.#rows)
    const tookMs = clock.monotonic() - start
    this.#isBehind = lateMs > BEHIND_MS
    const least = this.#isBehind ? LEAST_ROWS_BEHIND : LEAST_ROWS
    if (rowsMs > STEP_MS) this.#rows = Math.max(least, this.#rows >> 1)
    else if (rowsMs < STEP_MS / 2) this.#rows = Math.min(MOST_ROWS, this.#rows * 2)
    this.#isLeading = state === 'more'
    return this.#isLeading ? Math.min(Math.max(1, tookMs * this.#pause), MOST_PAUSE_MS) : LOOK_MS
  }
}
