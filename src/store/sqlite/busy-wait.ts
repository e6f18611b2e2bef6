/**
 * Waiting for a lock of SQLite.
 *
 * SQLite's own waiting sleeps up to 100 ms between two looks. Beside writers that commit without a
 * pause, a waiter that looks so seldom starves. Ours looks often, and at random moments, so that each
 * of many waiters gets its turn.
 */
import { systemClock } from '../../clock.js'
import { StoreBusyError } from '../../errors/store-errors.js'
import { sqliteCode } from './sqlite-errors.js'

/** About as long as a small commit takes: a look costs some microseconds. */
const LONGEST_NAP_MS = 2

const nap = new Int32Array(new SharedArrayBuffer(4))

/**
 * Runs `attempt` until it meets no lock of another connection.
 * Throws StoreBusyError if that takes longer than `timeoutMs`, and anything else that it throws.
 */
export function whenFree<T>(file: string, timeoutMs: number, attempt: () => T): T {
  const start = systemClock.monotonic()
  for (;;) {
    try {
      return attempt()
    } catch (error) {
      if (!isBusy(error)) throw error
      if (systemClock.monotonic() - start > timeoutMs) {
        throw new StoreBusyError(file, timeoutMs, { cause: error })
      }
      Atomics.wait(nap, 0, 0, Math.random() * LONGEST_NAP_MS)
    }
  }
}

/** PROTOCOL is what a reader gets that lost a race for a place in the log too often. */
function isBusy(error: unknown): boolean {
  const code = sqliteCode(error)
  return code === 'BUSY' || code === 'PROTOCOL'
}
