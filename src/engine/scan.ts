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
  modeOf,
  type RowFilter,
  STEP_ROWS,
  type Wanted,
} from './entry-range.js'
import { findRow, ROWS } from './row.js'

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
    range.order === 'insertion' || space.isHidden
      ? collected(engine, space, range, wanted)
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
  const placeOf = (key: string) => findRow(engine.reader(), space, key, 'owned', engine)?.storageKey
  let bounds = boundsOf(space, range, placeOf)
  for (let rows = FIRST_STEP_ROWS; ; rows = STEP_ROWS) {
    const step = new Step(engine, { space, prefix: range.prefix, wanted, codec: engine.codec })
    const last = engine.reader().walk(ROWS, bounds, rows, step.visit)
    if (last === undefined) return
    yield* step.live()
    bounds = { ...bounds, after: last }
  }
}

/** The entries of one step, decoded while the store lends their records. */
class Step {
  readonly #engine: Engine
  readonly #filter: RowFilter
  readonly #writes: number
  readonly #entries: Entry[] = []
  /** The first row that could not be read: told when the scan comes to it. */
  #failure: { readonly error: unknown } | undefined

  constructor(engine: Engine, filter: RowFilter) {
    this.#engine = engine
    this.#filter = filter
    this.#writes = engine.writes
  }

  readonly visit = (storageKey: Uint8Array, bytes: Uint8Array): void => {
    if (this.#failure !== undefined) return
    try {
      const entry = entryOfRow(this.#filter, storageKey, bytes)
      if (entry !== undefined) this.#entries.push(entry)
    } catch (error) {
      this.#failure = { error }
    }
  };

  *live(): Generator<Entry> {
    const engine = this.#engine
    const { space, wanted } = this.#filter
    for (const read of this.#entries) {
      // Something was written here since the step was read: the row may be gone, or another.
      const isOld = engine.writes !== this.#writes || engine.live.isDirty
      const entry = isOld ? engine.entry(space, read.key, modeOf(wanted)) : read
      if (entry === undefined || engine.isInvalidated(space, entry)) continue
      if (entry.expiresAt === 0 || !entry.isExpiredAt(engine.now())) yield entry
    }
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
