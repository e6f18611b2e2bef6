/** Walking the entries of an AsyncStore in steps, as scan.ts does it with a synchronous one. */
import type { Clock } from '../../clock.js'
import type { ValueCodec } from '../../codec/value-codec.js'
import type { KeySpace } from '../../keys/key-space.js'
import type { AsyncStore } from '../../store/async-store.js'
import type { Entry } from '../entry.js'
import {
  boundKeys,
  boundsOf,
  collectedRange,
  type EntryRange,
  entryOfRow,
  FIRST_STEP_ROWS,
  inOrder,
  STEP_ROWS,
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
  /** Those of entries that were not invalidated by tag. */
  readonly kept: (entries: readonly Entry[]) => Promise<readonly Entry[]>
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
  const entries = range.order === 'insertion' || space.isHidden ? collected : inKeyOrder
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
    const read = rows.flatMap(({ key, record }) => entryOfRow(filter, key, record) ?? [])
    yield* fresh(source, await source.kept(read), writes)
    bounds = { ...bounds, after: last.key }
  }
}

/**
 * There is no index by insertion, nor one by key where keys are hidden: all keys of the range are
 * collected, with their numbers.
 */
async function* collected(
  source: ScanSource,
  space: KeySpace,
  range: EntryRange,
  wanted: Wanted,
): AsyncGenerator<Entry> {
  const before = source.writes()
  const found: Entry[] = []
  const rows = collectedRange(space, range)
  for await (const entry of inKeyOrder(source, space, rows, 'keys')) found.push(entry)
  const inRange = inOrder(space, range, found)
  if (wanted === 'keys') {
    yield* fresh(source, inRange, before)
    return
  }
  for (let at = 0; at < inRange.length; at += STEP_ROWS) {
    const writes = source.writes()
    const keys = inRange.slice(at, at + STEP_ROWS).map(({ key }) => key)
    const entries = await source.entries(keys)
    yield* fresh(
      source,
      entries.flatMap((entry) => entry ?? []),
      writes,
    )
  }
}

/**
 * The live ones of entries that were read when `writes` was what it is given as. If something was
 * written here since, an entry may be gone, or another: then they are read again, a few at a time.
 */
async function* fresh(
  source: ScanSource,
  read: readonly Entry[],
  since: number,
): AsyncGenerator<Entry> {
  let writes = since
  let known: readonly (Entry | undefined)[] = read
  let start = 0
  for (let at = 0; at < read.length; at++) {
    if (source.writes() !== writes || at >= start + known.length) {
      writes = source.writes()
      start = at
      known = await source.entries(read.slice(at, at + FIRST_STEP_ROWS).map(({ key }) => key))
    }
    const entry = known[at - start]
    if (entry !== undefined && !entry.isExpiredAt(source.clock.now())) yield entry
  }
}
