/** How long to wait before the next attempt: longer each time, up to a bound, never quite the same. */

const FIRST_MS = 50
/** A server that comes back is noticed within this. */
const LONGEST_MS = 2_000
/** Of the delay: many clients of one server must not all come back at once. */
const JITTER = 0.2

/** `attempts` failed so far. */
export function backOffMs(attempts: number): number {
  const delay = Math.min(FIRST_MS * 2 ** Math.min(attempts, 10), LONGEST_MS)
  return delay * (1 - JITTER * Math.random())
}
