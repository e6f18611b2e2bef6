/** The pace of the sweeper on a machine that is always busy: a simulation. */
import { expect, test } from 'vitest'
import type { Clock, Timer } from '../../src/clock.js'
import { Sweeper } from '../../src/expiry/sweeper.js'

/** Every timer comes late, as where eight processes share two cores. */
class BusyClock implements Clock {
  static readonly LATE_MS = 25
  #now = 0
  #next: { readonly at: number; readonly callback: () => void } | undefined

  now(): number {
    return this.#now
  }

  monotonic(): number {
    return this.#now
  }

  after(delayMs: number, callback: () => void): Timer {
    this.#next = { at: this.#now + delayMs + BusyClock.LATE_MS, callback }
    return {
      cancel: () => {
        this.#next = undefined
      },
    }
  }

  endOfTurn(callback: () => void): Timer {
    return this.after(0, callback)
  }

  spend(ms: number): void {
    this.#now += ms
  }

  runUntil(end: number): void {
    while (this.#next !== undefined && this.#next.at <= end) {
      const { at, callback } = this.#next
      this.#next = undefined
      this.#now = Math.max(this.#now, at)
      callback()
    }
    this.#now = end
  }
}

test('rows that expire all the time on a busy machine do not pile up', () => {
  const clock = new BusyClock()
  const EXPIRING_PER_MS = 0.3
  let removed = 0
  let longestMs = 0
  const due = () => Math.floor(clock.now() * EXPIRING_PER_MS) - removed
  const work = {
    isDue: () => due() > 0,
    delegate: () => false,
    claim: () => true,
    release: () => {},
    step(rows: number) {
      const lateMs = clock.now() - removed / EXPIRING_PER_MS
      const taken = Math.min(rows, due())
      // The process is interrupted while it works: few rows take as long as many.
      const rowsMs = 4 + taken / 64
      removed += taken
      clock.spend(rowsMs + 10)
      longestMs = Math.max(longestMs, rowsMs)
      return { state: taken < rows ? ('done' as const) : ('more' as const), rowsMs, lateMs }
    },
  }
  const sweeper = new Sweeper({
    clock,
    work,
    onError: (error) => expect.unreachable(String(error)),
  })
  sweeper.start()
  const backlogs: number[] = []
  for (let second = 1; second <= 120; second++) {
    clock.runUntil(second * 1_000)
    backlogs.push(due())
  }
  sweeper.stop()
  // So much expires in a little more than the time after which it hurries.
  const MOST = EXPIRING_PER_MS * 7_000
  expect(Math.max(...backlogs)).toBeLessThan(MOST)
  expect(longestMs).toBeLessThan(10)
})
