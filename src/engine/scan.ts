/**
 * Walking the entries of a namespace in steps, each of which reads and lets go of the store: a paused
 * iteration holds no snapshot and no pages.
 *
 * An entry that exists throughout is seen once. One that comes, goes or changes meanwhile may be seen
 * or not, in either state; our own changes are seen.
 */
import type { KeySpace } from '../keys/key-space.js'
import type { ScanRange } from '../store/sync-store.js'
import type { Engine } from './engine.js'
import { Entry } from './entry.js'
import { fieldsOfRow, findRow, keyOfRow, ROWS } from './row.js'

/** Which entries, in which order. All bounds together. */
export interface EntryRange {
  readonly gt?: string | undefined
  readonly gte?: string | undefined
  readonly lt?: string | undefined
  readonly lte?: string | undefined
  readonly prefix?: string | undefined
  readonly limit?: number | undefined
  readonly reverse?: boolean | undefined
  readonly order?: 'key' | 'insertion' | undefined
}

/** The first step is small, since many scans look at a few entries only. */
const FIRST_STEP_ROWS = 16
const STEP_ROWS = 256

/** The live entries of a range, one by one. */
export function* scanEntries(engine: Engine, space: KeySpace, range: EntryRange): Generator<Entry> {
  let left = range.limit ?? Number.POSITIVE_INFINITY
  if (left <= 0) return
  for (const entry of range.order === 'insertion'
    ? inserted(engine, space, range)
    : walk(engine, space, range)) {
    yield entry
    if (--left === 0) return
  }
}

function* walk(engine: Engine, space: KeySpace, range: EntryRange): Generator<Entry> {
  let bounds = boundsOf(engine, space, range)
  for (let rows = FIRST_STEP_ROWS; ; rows = STEP_ROWS) {
    const step = engine.reader().scan(ROWS, bounds, rows)
    const last = step.at(-1)
    if (last === undefined) return
    const { writes } = engine
    for (const { key: storageKey, record } of step) {
      const fields = fieldsOfRow(storageKey, record)
      if (fields.isHole) continue
      const key = keyOfRow(space, storageKey, fields)
      // The bounds of a prefix longer than the head of hashed keys take in others, plain ones as well.
      if (range.prefix !== undefined && !key.startsWith(range.prefix)) continue
      // Something was written here since the step was read: the row may be gone, or another.
      const entry =
        engine.writes === writes && !engine.live.isDirty
          ? Entry.whole(key, fields, engine.codec)
          : engine.entry(space, key, 'copy')
      if (entry === undefined || entry.isExpiredAt(engine.now())) continue
      yield entry
    }
    bounds = { ...bounds, after: last.key }
  }
}

/** There is no index by insertion: all keys of the range are collected, with their numbers. */
function* inserted(engine: Engine, space: KeySpace, range: EntryRange): Generator<Entry> {
  const found: { key: string; seq: number }[] = []
  for (const { key, seq } of walk(engine, space, { ...range, reverse: false }))
    found.push({ key, seq })
  found.sort(range.reverse ? (a, b) => b.seq - a.seq : (a, b) => a.seq - b.seq)
  for (const { key } of found) {
    const entry = engine.entry(space, key, 'copy')
    if (entry !== undefined) yield entry
  }
}

/** Keys are ordered as they are stored: long ones by their first bytes, then by digest. */
function boundsOf(engine: Engine, space: KeySpace, range: EntryRange): ScanRange {
  const { gt, gte, lt, lte, prefix } = range
  let { from, to } = prefix === undefined ? space.bounds() : space.prefixBounds(prefix)
  const place = (key: string) => findRow(engine.reader(), space, key, 'owned')?.storageKey
  const raise = (bound: Uint8Array) => {
    if (Buffer.compare(bound, from) > 0) from = bound
  }
  const lower = (bound: Uint8Array) => {
    if (Buffer.compare(bound, to) < 0) to = bound
  }
  if (gte !== undefined) raise(place(gte) ?? space.encode(gte))
  if (gt !== undefined) raise(beyond(space, gt, place(gt)))
  if (lt !== undefined) lower(place(lt) ?? space.encode(lt))
  if (lte !== undefined) lower(beyond(space, lte, place(lte)))
  return { from, to, reverse: range.reverse ?? false }
}

/** The first position after a key. A long key that is not there comes before all with its digest. */
function beyond(space: KeySpace, key: string, found: Uint8Array | undefined): Uint8Array {
  const storageKey = found ?? space.encode(key)
  return found === undefined && space.isHashed(storageKey)
    ? storageKey
    : Buffer.concat([storageKey, Uint8Array.of(0)])
}
