/**
 * Walking the entries of a namespace in steps, each of which reads and lets go of the store: a paused
 * iteration holds no snapshot and no pages.
 *
 * An entry that exists throughout is seen once. One that comes, goes or changes meanwhile may be seen
 * or not, in either state; our own changes are seen.
 */
import type { DecodedRecord } from '../codec/record.js'
import type { KeySpace } from '../keys/key-space.js'
import type { ScanRange } from '../store/sync-store.js'
import type { Engine } from './engine.js'
import { Entry, type ValueMode } from './entry.js'
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

/** What the entries of a scan are for: their keys only, or values of a kind. */
export type Wanted = 'keys' | ValueMode

/** The live entries of a range, one by one. */
export function* scanEntries(
  engine: Engine,
  space: KeySpace,
  range: EntryRange,
  wanted: Wanted,
): Generator<Entry> {
  let left = range.limit ?? Number.POSITIVE_INFINITY
  if (left <= 0) return
  const entries =
    range.order === 'insertion'
      ? inserted(engine, space, range, wanted)
      : inKeyOrder(engine, space, range, wanted)
  for (const entry of entries) {
    yield entry
    if (--left === 0) return
  }
}

function* inKeyOrder(
  engine: Engine,
  space: KeySpace,
  range: EntryRange,
  wanted: Wanted,
): Generator<Entry> {
  let bounds = boundsOf(engine, space, range)
  for (let rows = FIRST_STEP_ROWS; ; rows = STEP_ROWS) {
    const step = new Step(engine, space, range.prefix, wanted)
    const last = engine.reader().walk(ROWS, bounds, rows, step.visit)
    if (last === undefined) return
    yield* step.live()
    bounds = { ...bounds, after: last }
  }
}

/** The entries of one step, decoded while the store lends their records. */
class Step {
  readonly #engine: Engine
  readonly #space: KeySpace
  readonly #prefix: string | undefined
  readonly #wanted: Wanted
  readonly #writes: number
  readonly #entries: Entry[] = []
  /** The first row that could not be read: told when the scan comes to it. */
  #failure: { readonly error: unknown } | undefined

  constructor(engine: Engine, space: KeySpace, prefix: string | undefined, wanted: Wanted) {
    this.#engine = engine
    this.#space = space
    this.#prefix = prefix
    this.#wanted = wanted
    this.#writes = engine.writes
  }

  readonly visit = (storageKey: Uint8Array, bytes: Uint8Array): void => {
    if (this.#failure !== undefined) return
    try {
      const record = fieldsOfRow(this.#space, storageKey, bytes)
      if (record.isHole) return
      const key = keyOfRow(this.#space, storageKey, record)
      // A prefix longer than the head of hashed keys: its bounds take in other keys, too.
      if (this.#prefix !== undefined && !key.startsWith(this.#prefix)) return
      this.#entries.push(this.#entry(key, record))
    } catch (error) {
      this.#failure = { error }
    }
  };

  *live(): Generator<Entry> {
    const engine = this.#engine
    for (const read of this.#entries) {
      // Something was written here since the step was read: the row may be gone, or another.
      const isOld = engine.writes !== this.#writes || engine.live.isDirty
      const entry = isOld ? engine.entry(this.#space, read.key, modeOf(this.#wanted)) : read
      if (entry === undefined) continue
      if (entry.expiresAt === 0 || !entry.isExpiredAt(engine.now())) yield entry
    }
    if (this.#failure !== undefined) throw this.#failure.error
  }

  #entry(key: string, record: DecodedRecord): Entry {
    const { codec } = this.#engine
    if (this.#wanted === 'keys') return Entry.bare(key, record, codec)
    if (this.#wanted === 'frozen' && record.isPlain) return Entry.frozen(key, record, codec)
    return Entry.copied(key, record, codec)
  }
}

/** There is no index by insertion: all keys of the range are collected, with their numbers. */
function* inserted(
  engine: Engine,
  space: KeySpace,
  range: EntryRange,
  wanted: Wanted,
): Generator<Entry> {
  const found = [...inKeyOrder(engine, space, { ...range, reverse: false }, 'keys')]
  found.sort(range.reverse ? (a, b) => b.seq - a.seq : (a, b) => a.seq - b.seq)
  const { writes } = engine
  for (const bare of found) {
    const isEnough = wanted === 'keys' && engine.writes === writes
    const entry = isEnough ? bare : engine.entry(space, bare.key, modeOf(wanted))
    if (entry !== undefined) yield entry
  }
}

function modeOf(wanted: Wanted): ValueMode {
  return wanted === 'keys' ? 'frozen' : wanted
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
