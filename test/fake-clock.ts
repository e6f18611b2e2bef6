/** A clock that stands still until a test moves it. */
import type { Clock, Timer } from '../src/clock.js'

interface Alarm {
  readonly at: number
  readonly callback: () => void
}

export class FakeClock implements Clock {
  #now: number
  /** What somebody has set the wall clock forward or back by. */
  #jumpedMs = 0
  readonly #alarms = new Set<Alarm>()

  constructor(now = 1_750_000_000_000) {
    this.#now = now
  }

  now(): number {
    return this.#now + this.#jumpedMs
  }

  monotonic(): number {
    return this.#now
  }

  after(delayMs: number, callback: () => void): Timer {
    const alarm = { at: this.#now + delayMs, callback }
    this.#alarms.add(alarm)
    return { cancel: () => void this.#alarms.delete(alarm) }
  }

  endOfTurn(callback: () => void): Timer {
    return this.after(0, callback)
  }

  /** Sets the wall clock forward or back. No time passes. */
  jump(ms: number): void {
    this.#jumpedMs += ms
  }

  /** Lets time pass, and calls what becomes due, soonest first. Zero ends the turn. */
  advance(ms: number): void {
    const end = this.#now + ms
    for (;;) {
      const [next] = [...this.#alarms].sort((a, b) => a.at - b.at)
      if (next === undefined || next.at > end) break
      this.#alarms.delete(next)
      this.#now = Math.max(this.#now, next.at)
      next.callback()
    }
    this.#now = end
  }
}
