/**
 * When pending writes are committed: at the end of the turn, unless commits are so slow that they
 * would take more than a twentieth of the time. Then they wait, and each takes more writes with it.
 */
import type { Clock, Timer } from '../clock.js'

/** Time between commits, in multiples of what the last one took: 19 leaves it 5 % of the time. */
const PAUSE_PER_COMMIT = 19

/** A single slow commit (a busy disk) must not hold writes back for long. */
const LONGEST_PAUSE_MS = 100

/** A full disk stays full for a while; each attempt is an error event. */
const RETRY_MS = 1_000

export class FlushSchedule {
  readonly #clock: Clock
  readonly #flush: () => void
  #timer: Timer | undefined
  #earliest = 0

  constructor(clock: Clock, flush: () => void) {
    this.#clock = clock
    this.#flush = flush
  }

  /** Something is pending. */
  request(): void {
    if (this.#timer !== undefined) return
    const waitMs = this.#earliest - this.#clock.monotonic()
    const run = () => {
      this.#timer = undefined
      this.#flush()
    }
    this.#timer = waitMs <= 0 ? this.#clock.endOfTurn(run) : this.#clock.after(waitMs, run)
  }

  /** A commit has failed: tries again after a while. */
  retry(): void {
    this.#earliest = this.#clock.monotonic() + RETRY_MS
    this.request()
  }

  /** Runs a commit, for whatever reason, and remembers how long it took. */
  timed<T>(commit: () => T): T {
    const start = this.#clock.monotonic()
    try {
      return commit()
    } finally {
      const end = this.#clock.monotonic()
      this.#earliest = end + Math.min((end - start) * PAUSE_PER_COMMIT, LONGEST_PAUSE_MS)
    }
  }

  cancel(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }
}
