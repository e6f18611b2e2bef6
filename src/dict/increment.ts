import { kindOf } from '../errors/checked-argument.js'
import { NotANumberError } from '../errors/value-errors.js'

/** `current` plus `by`; from 0 if there is no current value. Numbers and bigints do not mix. */
export function increased(
  shown: () => string,
  current: unknown,
  by: number | bigint,
): number | bigint {
  if (typeof by === 'bigint') {
    if (current === undefined) return by
    if (typeof current === 'bigint') return current + by
  } else if (Number.isFinite(by)) {
    if (current === undefined) return by
    if (typeof current === 'number') return current + by
  } else {
    throw new RangeError(
      `increment() must add a finite number, and was given ${typeof by === 'number' ? by : kindOf(by)}.`,
    )
  }
  throw new NotANumberError(shown(), describe(current, by))
}

function describe(current: unknown, by: number | bigint): string {
  const type = current === null ? 'null' : typeof current
  return type === 'number' || type === 'bigint'
    ? `a ${type}, which ${typeof by} does not add to`
    : `a value of type ${type}`
}
