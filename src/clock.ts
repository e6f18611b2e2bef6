/** The only place that touches the wall clock and timers, so that tests can own time. */

/** Something that a Clock will call, until it is cancelled. */
export interface Timer {
  cancel(): void
}

/** Time as the library sees it. Timers never keep the process alive. */
export interface Clock {
  /** Milliseconds since 1970-01-01 UTC, as in Date.now(). */
  now(): number
  /** Milliseconds from an arbitrary start, never stepping back. For measuring, not for storing. */
  monotonic(): number
  /** Calls `callback` once after `delayMs`. */
  after(delayMs: number, callback: () => void): Timer
  /** Calls `callback` once, when the current turn of the event loop ends. */
  endOfTurn(callback: () => void): Timer
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs).unref()
    return { cancel: () => clearTimeout(timer) }
  },
  endOfTurn(callback) {
    const immediate = setImmediate(callback).unref()
    return { cancel: () => clearImmediate(immediate) }
  },
}
