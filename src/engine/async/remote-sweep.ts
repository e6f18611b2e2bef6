/** Removing rows of an AsyncStore whose time has come, where it does not do so itself. */
import type { Clock } from '../../clock.js'
import { isExpired } from '../../codec/record.js'
import type { AsyncStore } from '../../store/async-store.js'
import type { DeadlineHint } from '../../store/sync-store.js'
import { ROWS, readableFields } from '../row.js'
import type { RemoteWrites } from './remote-writes.js'

/** Rows that are looked at in one step. */
const SWEEP_STEP_ROWS = 256

/** Steps in a row in which others were faster with every row: then they are sweeping, too. */
const MAX_IDLE_STEPS = 10

export interface SweepParts {
  readonly store: AsyncStore
  readonly writes: RemoteWrites
  readonly clock: Clock
  /** Told of each row that went. */
  readonly expired: (storageKey: Uint8Array, record: Uint8Array) => void
}

/** Removes expired rows of all namespaces; resolves to how many. */
export async function sweepRemote(parts: SweepParts): Promise<number> {
  const { store, clock } = parts
  let removed = 0
  for (let idle = 0; idle < MAX_IDLE_STEPS; ) {
    const hints = await store.due(ROWS, clock.now(), SWEEP_STEP_ROWS)
    if (hints.length === 0) return removed
    const gone = await Promise.all(hints.map((hint) => expire(parts, clock.now(), hint)))
    const count = gone.filter(Boolean).length
    removed += count
    idle = count === 0 ? idle + 1 : 0
  }
  return removed
}

/**
 * Removes a row if it is due; true if it went. One that cannot be read stays, without its deadline: it
 * must not come up in every sweep.
 */
async function expire(
  { store, writes, expired }: SweepParts,
  now: number,
  { key, deadline }: DeadlineHint,
): Promise<boolean> {
  const record = await store.get(ROWS, key)
  if (record === undefined) return false
  const fields = readableFields(key, record)
  const check = { bucket: ROWS, key, starts: record }
  const right = fields?.grace?.until ?? fields?.expiresAt ?? 0
  if (right === deadline && isExpired(deadline, now)) {
    const operation = { kind: 'delete', bucket: ROWS, key, noted: 'expire' } as const
    const isGone = await writes.commit([check], [operation])
    if (isGone) expired(key, record)
    return isGone
  }
  if (right !== deadline) {
    await writes.commit([check], [{ kind: 'put', bucket: ROWS, key, record, deadline: right }])
  }
  return false
}
