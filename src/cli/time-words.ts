/** Times as words of the command line. */
import { type Duration, durationMs } from '../duration.js'
import { usageError } from './cli-error.js'

/** `10m`, or `never` for null. Throws a usage error. */
export function ttlOf(word: string, option: string): Duration | null {
  if (word === 'never') return null
  const duration = (/^\d+$/.test(word) ? Number(word) : word) as Duration
  try {
    durationMs(duration, option)
    return duration
  } catch (cause) {
    throw usageError(
      `${option} takes a number with a unit (250ms, 10s, 5m, 1.5h, 30d, 2w), milliseconds, or "never", and got ${JSON.stringify(word)}.`,
      { cause },
    )
  }
}

/** An ISO date and time in milliseconds. Throws a usage error. */
export function instantOf(word: string, option: string): number {
  const ms = /^\d{4}-\d\d-\d\d/.test(word) ? Date.parse(word) : Number.NaN
  if (ms > 0) return ms
  throw usageError(
    `${option} takes an ISO date and time such as 2026-01-31T12:00:00Z, and got ${JSON.stringify(word)}.`,
  )
}
