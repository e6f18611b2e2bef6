/**
 * Walking the entries of a namespace in steps, each of which reads and lets go of the store: a paused
 * iteration holds no snapshot and no pages.
 *
 * An entry that exists throughout is seen once. One that comes, goes or changes meanwhile may be seen
 * or not, in either state; our own changes are seen.
 */
import type { KeySpace } from '../keys/key-space.js'
import type { Engine } from './engine.js'
import type { Entry } from './entry.js'
import {
  boundsOf,
  collectedRange,
  type EntryRange,
  entryOfRow,
  FIRST_STEP_ROWS,
  inOrder,
  keyOfRowOrEntry,
  modeOf,
  type RowFilter,
  STEP_ROWS,
  type Wanted,
} from './entry-range.js'
import { findRow, ROWS } from './row.js'

/** The live entries of a range, one by one. */
export function scanEntries(
  engine: Engine,
  space: KeySpace,
  range: EntryRange,
  wanted: Wanted,
): Generator<Entry> {
  const entries =
    range.order === 'insertion' || space.isHidden
      ? collected(engine, space, range, wanted)
      : inKeyOrder(engine, space, range, wanted)
  return range.limit === undefined ? entries : atMost(entries, range.limit)
}

/** The keys of the live entries of a range: of most rows, nothing else is made. */
export function scanKeys(engine: Engine, space: KeySpace, range: EntryRange): Generator<string> {
  const isCollected = range.order === 'insertion' || space.isHidden
  const keys = isCollected
    ? keysOf(collected(engine, space, range, 'keys'))
    : keysInOrder(engine, space, range)
  return range.limit === undefined ? keys : atMost(keys, range.limit)
}

function* atMost<T>(items: Iterable<T>, limit: number): Generator<T> {
  let left = limit
  if (left <= 0) return
  for (const item of items) {
    yield item
    if (--left === 0) return
  }
}

function* keysOf(entries: Iterable<Entry>): Generator<string> {
  for (const { key } of entries) yield key
}

function* keysInOrder(engine: Engine, space: KeySpace, range: EntryRange): Generator<string> {
  for (const step of steps(engine, space, range, 'keys', keyOfRowOrEntry)) {
    for (const read of step.rows) {
      const key = step.liveKey(read)
      if (key !== undefined) yield key
    }
    step.assertReadable()
  }
}

function* inKeyOrder(
  engine: Engine,
  space: KeySpace,
  range: EntryRange,
  wanted: Wanted,
): Generator<Entry> {
  for (const step of steps(engine, space, range, wanted, entryOfRow)) {
    for (const read of step.rows) {
      const entry = step.live(read)
      if (entry !== undefined) yield entry
    }
    step.assertReadable()
  }
}

type ReadRow<Row> = (...row: Parameters<typeof entryOfRow>) => Row | undefined

function* steps<Row extends Entry | string>(
  engine: Engine,
  space: KeySpace,
  range: EntryRange,
  wanted: Wanted,
  read: ReadRow<Row>,
): Generator<Step<Row>> {
  const placeOf = (key: string) => findRow(engine.reader(), space, key, 'owned', engine)?.storageKey
  let bounds = boundsOf(space, range, placeOf)
  for (let rows = FIRST_STEP_ROWS; ; rows = STEP_ROWS) {
    const filter = { space, prefix: range.prefix, wanted, codec: engine.codec }
    const step = new Step(engine, filter, read)
    const last = engine.reader().walk(ROWS, bounds, rows, step.visit)
    if (last === undefined) return
    yield step
    bounds = { ...bounds, after: last }
  }
}

/** The entries of one step, decoded while the store lends their records. */
class Step<Row extends Entry | string> {
  readonly #engine: Engine
  readonly #filter: RowFilter
  readonly #writes: number
  readonly #read: ReadRow<Row>
  readonly rows: Row[] = []
  /** The first row that could not be read: told when the scan comes to it. */
  #failure: { readonly error: unknown } | undefined

  constructor(engine: Engine, filter: RowFilter, read: ReadRow<Row>) {
    this.#read = read
    this.#engine = engine
    this.#filter = filter
    this.#writes = engine.writes
  }

  readonly visit = (storageKey: Uint8Array, bytes: Uint8Array): void => {
    if (this.#failure !== undefined) return
    try {
      const row = this.#read(this.#filter, storageKey, bytes)
      if (row !== undefined) this.rows.push(row)
    } catch (error) {
      this.#failure = { error }
    }
  }

  /** Something was written here since the step was read: each row may be gone, or another. */
  get #isOld(): boolean {
    return this.#engine.writes !== this.#writes || this.#engine.live.isDirty
  }

  /** The key of a row of the step, if its entry is there now. */
  liveKey(read: Entry | string): string | undefined {
    if (typeof read !== 'string') return this.live(read)?.key
    return this.#isOld ? this.#engine.entry(this.#filter.space, read, 'frozen')?.key : read
  }

  /** An entry of the step as it is now; undefined if it is gone. */
  live(read: Entry): Entry | undefined {
    const engine = this.#engine
    const { space, wanted } = this.#filter
    const entry = this.#isOld ? engine.entry(space, read.key, modeOf(wanted)) : read
    if (entry === undefined || engine.isInvalidated(space, entry)) return undefined
    return entry.expiresAt === 0 || !entry.isExpiredAt(engine.now()) ? entry : undefined
  }

  /** Throws what the first row was that could not be read. Call after the entries before it. */
  assertReadable(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }
}

/**
 * There is no index by insertion, nor one by key where keys are hidden: all keys of the range are
 * collected, with their numbers.
 */
function* collected(
  engine: Engine,
  space: KeySpace,
  range: EntryRange,
  wanted: Wanted,
): Generator<Entry> {
  const found = [...inKeyOrder(engine, space, collectedRange(space, range), 'keys')]
  const { writes } = engine
  for (const bare of inOrder(space, range, found)) {
    const isEnough = wanted === 'keys' && engine.writes === writes
    const entry = isEnough ? bare : engine.entry(space, bare.key, modeOf(wanted))
    if (entry !== undefined) yield entry
  }
}
