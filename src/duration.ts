/** Durations as people write them. Nothing below the public methods sees a duration string. */
import { OptionError } from './errors/option-error.js'

const UNIT_MS = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

/** Milliseconds, or a number with a unit: `'250ms'`, `'10s'`, `'1.5h'`, `'30d'`, `'2w'`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd' | 'w'}`

const PATTERN = /^(\d+(?:\.\d+)?)(ms|s|m|h|d|w)$/

/**
 * A duration in milliseconds. Infinity is allowed and means for ever.
 * Throws RangeError for zero, negative numbers and NaN, OptionError for anything unreadable.
 */
export function durationMs(duration: Duration, option: string): number {
  const ms = typeof duration === 'number' ? duration : parse(duration, option)
  if (!(ms > 0)) {
    throw new RangeError(
      `${option} must be greater than 0 milliseconds, and was ${String(duration)}. Use null for "for ever", or delete() to remove.`,
    )
  }
  return ms
}

function parse(text: unknown, option: string): number {
  const match = typeof text === 'string' ? PATTERN.exec(text) : null
  if (match === null) {
    throw new OptionError(
      option,
      `${option} must be milliseconds or a number with a unit (ms, s, m, h, d, w), such as '10m', and was ${describe(text)}.`,
    )
  }
  return Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS]
}

function describe(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : typeof value
}
