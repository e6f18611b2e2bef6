/** Ranges of keys as Redis takes them: BYLEX bounds of a sorted set, least first. */
import { compareBytes } from '../../bytes.js'
import type { ScanRange } from '../sync-store.js'

const INCLUDED = Buffer.from('[')
const EXCLUDED = Buffer.from('(')

/** The lower and the upper bound, whatever the direction. */
export function lexBounds({ from, to, after, reverse }: ScanRange): [Buffer, Buffer] {
  let low = from === undefined ? Buffer.from('-') : Buffer.concat([INCLUDED, from])
  let high = to === undefined ? Buffer.from('+') : Buffer.concat([EXCLUDED, to])
  if (after === undefined) return [low, high]
  const bound = Buffer.concat([EXCLUDED, after])
  if (reverse) {
    if (to === undefined || compareBytes(after, to) < 0) high = bound
  } else if (!isBelow(after, from)) {
    low = bound
  }
  return [low, high]
}

export function isBelow(key: Uint8Array, bound: Uint8Array | undefined): boolean {
  return bound !== undefined && compareBytes(key, bound) < 0
}
