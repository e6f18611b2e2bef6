/** Entries whose time has come but whose rows are still there. */
import { latin1Of } from '../bytes.js'
import { type KeySpace, namespacePrefix } from '../keys/key-space.js'
import type { DeadlineHint, StoreReader } from '../store/sync-store.js'
import { pathOf, readCount } from './count.js'
import type { Engine } from './engine.js'
import { hasDeadline } from './expired-counts.js'
import type { FurtherDue } from './further-due.js'
import { ROWS } from './row.js'
import type { Session } from './session.js'
import { countInvalidated, sweepTags } from './tag-sweep.js'
import { hasInvalidated } from './tags.js'

/**
 * Rows of one sweep transaction. Its disk sync takes as long for few rows as for many; and the rows must
 * not hold the write lock for more than some milliseconds.
 */
const SWEEP_STEP_ROWS = 1_024

/** How many live entries a namespace has. */
export function sizeOf(engine: Engine, space: KeySpace): number {
  const reader = engine.reader()
  const count = readCount(reader, space)
  if (count === 0) return 0
  const live = count - engine.expiredCounts.of(reader, space, count, engine.now())
  return hasInvalidated(reader, space) ? live - countInvalidated(reader, space, engine.now()) : live
}

/** Removes the rows of all entries that are gone, in all namespaces; returns how many entries went. */
export function sweep(engine: Engine, further?: FurtherDue): number {
  let removed = sweepTags(engine)
  for (;;) {
    const hints = engine.reader().due(ROWS, engine.now(), SWEEP_STEP_ROWS)
    if (hints.length === 0) break
    removed += engine.transaction((session) => expireRows(engine, session, hints))
  }
  while (further?.isDue(engine.reader())) {
    removed += engine.transaction((session) => further.expire(session, SWEEP_STEP_ROWS))
  }
  return removed
}

/** Removes the rows that still have these deadlines and are due; returns how many entries went. */
export function expireRows(
  engine: Engine,
  session: Session,
  hints: readonly DeadlineHint[],
): number {
  const spaces = new Map<string, KeySpace>()
  let removed = 0
  let space: KeySpace | undefined
  for (const { key, deadline } of hints) {
    // What expires together mostly belongs together.
    if (space === undefined || !space.owns(key)) {
      const prefix = namespacePrefix(key)
      const id = latin1Of(prefix)
      space = spaces.get(id) ?? engine.space(pathOf(session.tx, prefix) ?? [])
      spaces.set(id, space)
    }
    if (session.expire(space, key, deadline)) removed++
  }
  return removed
}

/** Those hints of which anything is left to do: others have been removed, or never were. */
export function stillDue(
  reader: StoreReader,
  hints: readonly DeadlineHint[],
): readonly DeadlineHint[] {
  return hints.filter((hint) => hasDeadline(reader, hint))
}
