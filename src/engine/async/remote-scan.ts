/** Walking the entries of an AsyncStore in steps, as scan.ts does it with a synchronous one. */
import type { Clock } from '../../clock.js'
import type { ValueCodec } from '../../codec/value-codec.js'
import type { KeySpace } from '../../keys/key-space.js'
import type { AsyncStore } from '../../store/async-store.js'
import type { Entry } from '../entry.js'
import {
  boundKeys,
  boundsOf,
  type EntryRange,
  entryOfRow,
  FIRST_STEP_ROWS,
  STEP_ROWS,
  sortByInsertion,
  type Wanted,
} from '../entry-range.js'
import { ROWS } from '../row.js'

/** Where a scan of one namespace gets its entries from. */
export interface ScanSource {
  readonly store: AsyncStore
  readonly codec: ValueCodec
  readonly clock: Clock
  /** Where keys are stored; undefined for those that are not. */
  readonly places: (keys: readonly string[]) => Promise<(Uint8Array | undefined)[]>
  /** The live entries of keys that were found before; undefined for those that went. */
  readonly entries: (keys: readonly string[]) => Promise<(Entry | undefined)[]>
  /** Moves with each write made here: tells that rows that were read may be old. */
  readonly writes: () => number
}

/** The live entries of a range, one by one. */
export async function* scanRemote(
  source: ScanSource,
  space: KeySpace,
  range: EntryRange,
  wanted: Wanted,
): AsyncGenerator<Entry, undefined> {
  let left = range.limit ?? Number.POSITIVE_INFINITY
  if (left <= 0) return undefined
  const entries = range.order === 'insertion' ? inserted : inKeyOrder
  for await (const entry of entries(source, space, range, wanted)) {
    yield entry
    if (--left === 0) return undefined
  }
  return undefined
}

async function* inKeyOrder(
  source: ScanSource,
  space: KeySpace,
  range: EntryRange,
  wanted: Wanted,
): AsyncGenerator<Entry> {
  const keys = boundKeys(range)
  const places = keys.length === 0 ? [] : await source.places(keys)
  const filter = { space, prefix: range.prefix, wanted, codec: source.codec }
  let bounds = boundsOf(space, range, (key) => places[keys.indexOf(key)])
  for (let limit = FIRST_STEP_ROWS; ; limit = STEP_ROWS) {
    const writes = source.writes()
    const rows = await source.store.scan(ROWS, bounds, limit)
    const last = rows.at(-1)
    if (last === undefined) return
    for (const row of rows) {
      const read = entryOfRow(filter, row.key, row.record)
      if (read === undefined) continue
      // Something was written here since the step was read: the row may be gone, or another.
      const isOld = source.writes() !== writes
      const entry = isOld ? (await source.entries([read.key]))[0] : read
      if (entry !== undefined && !entry.isExpiredAt(source.clock.now())) yield entry
    }
    bounds = { ...bounds, after: last.key }
  }
}

/** There is no index by insertion: all keys of the range are collected, with their numbers. */
async function* inserted(
  source: ScanSource,
  space: KeySpace,
  range: EntryRange,
  wanted: Wanted,
): AsyncGenerator<Entry> {
  const before = source.writes()
  const found: Entry[] = []
  const upwards = { ...range, reverse: false }
  for await (const entry of inKeyOrder(source, space, upwards, 'keys')) found.push(entry)
  sortByInsertion(found, range.reverse)
  for (let at = 0; at < found.length; at += STEP_ROWS) {
    const step = found.slice(at, at + STEP_ROWS)
    const writes = wanted === 'keys' ? before : source.writes()
    const entries = wanted === 'keys' ? step : await source.entries(step.map(({ key }) => key))
    for (const [index, { key }] of step.entries()) {
      const isOld = source.writes() !== writes
      const entry = isOld ? (await source.entries([key]))[0] : entries[index]
      if (entry !== undefined && !entry.isExpiredAt(source.clock.now())) yield entry
    }
  }
}
