/** Reading ranges of a named database: rows by key, hints by deadline. */
import { MAX_UINT48 } from '../../bytes.js'
import {
  type DeadlineHint,
  type RowVisitor,
  SCAN_STEP_BYTES,
  type ScanRange,
} from '../sync-store.js'
import type { NativeDatabase, NativeRange, NativeSnapshot } from './native.js'

const DEADLINE_BYTES = 6

/** The least key that LMDB allows: the end of a downward scan that has no lower bound. */
const LEAST_KEY = Uint8Array.of(0)

/** Shows the next rows of a range, lent; returns the last key. From the snapshot, if there is one. */
export function walkRows(
  database: NativeDatabase,
  range: ScanRange,
  limit: number,
  visit: RowVisitor,
  transaction?: NativeSnapshot,
): Uint8Array | undefined {
  let last: Uint8Array | undefined
  let bytes = 0
  const wanted = { ...nativeRange(range, limit), transaction }
  for (const { key, value } of database.getRange(wanted)) {
    visit(key, value)
    last = key
    bytes += value.length
    if (bytes >= SCAN_STEP_BYTES) break
  }
  return last && Uint8Array.prototype.slice.call(last)
}

/** For databases of which it is known that they are small. */
export function everyKey(database: NativeDatabase): Uint8Array[] {
  return [...database.getKeys(nativeRange({}, Number.MAX_SAFE_INTEGER))]
}

/** The hints of a deadline index up to `now`; see StoreReader.due(). */
export function hintsUpTo(
  database: NativeDatabase,
  now: number,
  limit: number,
  from?: DeadlineHint,
  transaction?: NativeSnapshot,
): DeadlineHint[] {
  const start = deadlineKey(from?.deadline ?? 0, from?.key)
  const range = nativeRange({ from: start, to: deadlineKey(Math.floor(now) + 1) }, limit)
  const hints: DeadlineHint[] = []
  for (const key of database.getKeys({ ...range, transaction })) {
    // Too short to name a row: nothing that was ever written here.
    if (key.length <= DEADLINE_BYTES) continue
    // The key is lent.
    const own = Uint8Array.prototype.slice.call(key, DEADLINE_BYTES)
    hints.push({ deadline: readDeadline(key), key: own })
  }
  return hints
}

/** Whether there are so many hints up to `now`. However many: one call of native code skips them. */
export function hasHints(database: NativeDatabase, now: number, hints: number): boolean {
  const range = { from: deadlineKey(0), to: deadlineKey(Math.floor(now) + 1) }
  const last = database.getKeys({ ...nativeRange(range, 1), offset: hints - 1 })
  for (const _ of last) return true
  return false
}

/** The key of a hint; without a row's key, the least one of that deadline. */
function deadlineKey(deadline: number, key: Uint8Array = new Uint8Array(0)): Uint8Array {
  const bytes = Buffer.allocUnsafe(DEADLINE_BYTES + key.length)
  writeDeadline(bytes, deadline)
  bytes.set(key, DEADLINE_BYTES)
  return bytes
}

/** Storage keys are shorter, unless they are of somebody else's making. */
const lent = Buffer.allocUnsafeSlow(1_024)

/** The same as deadlineKey(), lent until the next call: making bytes takes longer than filling them. */
export function lentDeadlineKey(deadline: number, key: Uint8Array): Uint8Array {
  const length = DEADLINE_BYTES + key.length
  if (length > lent.length) return deadlineKey(deadline, key)
  writeDeadline(lent, deadline)
  for (let at = 0; at < key.length; at++) lent[DEADLINE_BYTES + at] = key[at] as number
  return lent.subarray(0, length)
}

function writeDeadline(target: Uint8Array, deadline: number): void {
  const whole = Math.min(Math.max(0, Math.ceil(deadline)), MAX_UINT48)
  const high = Math.floor(whole / 2 ** 32)
  target[0] = high >>> 8
  target[1] = high
  target[2] = whole >>> 24
  target[3] = whole >>> 16
  target[4] = whole >>> 8
  target[5] = whole
}

function readDeadline(bytes: Uint8Array): number {
  const high = ((bytes[0] as number) << 8) | (bytes[1] as number)
  const low =
    ((bytes[2] as number) << 24) |
    ((bytes[3] as number) << 16) |
    ((bytes[4] as number) << 8) |
    (bytes[5] as number)
  return high * 2 ** 32 + (low >>> 0)
}

function nativeRange(range: ScanRange, limit: number): NativeRange {
  const { from, to, after, reverse = false } = range
  if (!reverse) {
    const resumes = after !== undefined && (from === undefined || Buffer.compare(after, from) >= 0)
    return {
      start: resumes ? after : (from ?? LEAST_KEY),
      end: to,
      reverse,
      limit,
      exclusiveStart: resumes,
      inclusiveEnd: false,
    }
  }
  const resumes = after !== undefined && (to === undefined || Buffer.compare(after, to) < 0)
  return {
    start: resumes ? after : to,
    end: from ?? LEAST_KEY,
    reverse,
    limit,
    exclusiveStart: true,
    inclusiveEnd: true,
  }
}
