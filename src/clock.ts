/** The only place that touches the wall clock and timers, so that tests can own time. */

/** Something that a Clock will call, until it is cancelled. */
export interface Timer {
  /** What was to be called is not called. May be called twice, and afterwards. */
  cancel(): void
}

/** Whether a timer keeps the process alive: only while a caller of the library awaits what it does. */
export type TimerHold = 'awaited' | undefined

/** Time as the library sees it. */
export interface Clock {
  /** Milliseconds since 1970-01-01 UTC, as in Date.now(). */
  now(): number
  /**
   * Milliseconds since the machine was started, never stepping back, whoever sets the clock. The same
   * for all processes on Linux, macOS and Windows. It may stand still while the machine sleeps.
   */
  monotonic(): number
  /** Calls `callback` once after `delayMs`, however long that is. */
  after(delayMs: number, callback: () => void, hold?: TimerHold): Timer
  /** Calls `callback` once, when the current turn of the event loop ends. */
  endOfTurn(callback: () => void): Timer
}

/** performance.now() counts from the start of this thread; what it is read from, from that of the machine. */
const THREAD_START_MS = Number(process.hrtime.bigint()) / 1e6 - performance.now()

/** Node's setTimeout() fires at once for longer ones. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => THREAD_START_MS + performance.now(),
  after(delayMs, callback, hold) {
    const wait = (leftMs: number) => {
      const timer = setTimeout(
        () => (leftMs > LONGEST_TIMEOUT_MS ? wait(leftMs - LONGEST_TIMEOUT_MS) : callback()),
        Math.min(leftMs, LONGEST_TIMEOUT_MS),
      )
      if (hold !== 'awaited') timer.unref()
      cancel = () => clearTimeout(timer)
    }
    let cancel = () => {}
    wait(delayMs)
    return { cancel: () => cancel() }
  },
  endOfTurn(callback) {
    // Not unref'd: it would wait for the next event, whenever that comes. It holds the process no longer
    // than this turn.
    const immediate = setImmediate(callback)
    return { cancel: () => clearImmediate(immediate) }
  },
}

/**
 * Resolves in the next turn of the event loop, others' work done. Unlike a Timer it keeps the process
 * alive: for work that a caller is waiting for.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** Half of the longest that Node's timers take. */
const LONG_MS = 2 ** 30

/**
 * Keeps the process alive until it is cancelled: while somebody waits for the answer of a server, whose
 * connection may be gone.
 */
export function keepAlive(): Timer {
  const timer = setInterval(() => {}, LONG_MS)
  return { cancel: () => clearInterval(timer) }
}
