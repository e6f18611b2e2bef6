/** Giving a store limits, other limits, or none. */
import { equalBytes } from '../../bytes.js'
import { namespacePrefix } from '../../keys/key-space.js'
import type { StoreTransaction } from '../../store/sync-store.js'
import { pathOf } from '../count.js'
import type { Engine } from '../engine.js'
import { META } from '../format-identity.js'
import { ROWS, readableFields } from '../row.js'
import { clearAccounts } from './accounts.js'
import { type Capacity, META_LIMITS } from './capacity.js'
import { clearQueues } from './eviction-queue.js'
import { Ledger } from './ledger.js'
import {
  decodeLimits,
  encodeLimits,
  isUnlimitedTable,
  LimitGroups,
  type LimitTable,
  shapeOf,
} from './limits.js'

/** Rows read at a time when all are counted anew. */
const STEP_ROWS = 1_000

/**
 * Stores the limits, for all processes at once, and removes what is over them. Where they have another
 * shape than before, all entries are counted and queued anew, in one transaction. Undefined leaves
 * the limits as they are.
 */
export function setLimits(engine: Engine, capacity: Capacity, table: LimitTable | undefined): void {
  const stored = engine.store.get(META, META_LIMITS)
  const wanted = wantedRow(stored, table)
  if (!isSame(stored, wanted)) {
    engine.transaction(({ tx }) => {
      // Another process may have come first.
      const now = tx.get(META, META_LIMITS)
      if (isSame(now, wanted)) return
      capacity.reread()
      if (wanted === undefined) tx.delete(META, META_LIMITS)
      else tx.put(META, META_LIMITS, wanted, 0)
      if (shapeIn(now) !== shapeIn(wanted)) begin(engine, tx, wanted)
    })
    capacity.enforce()
  }
  capacity.adopt(wanted)
}

function wantedRow(
  stored: Uint8Array | undefined,
  table: LimitTable | undefined,
): Uint8Array | undefined {
  if (table === undefined) return stored
  return isUnlimitedTable(table) ? undefined : encodeLimits(table)
}

/** Counts and queues everything that is there. */
function begin(engine: Engine, tx: StoreTransaction, wanted: Uint8Array | undefined): void {
  clearQueues(tx)
  clearAccounts(tx)
  if (wanted === undefined) return
  const spaceAt = (path: readonly string[]) => engine.space(path)
  const ledger = new Ledger(tx, new LimitGroups(decodeLimits(wanted), spaceAt), spaceAt)
  let after: Uint8Array | undefined
  for (;;) {
    const rows = tx.scan(ROWS, after === undefined ? {} : { after }, STEP_ROWS)
    if (rows.length === 0) break
    for (const { key, record } of rows) {
      const fields = readableFields(key, record)
      if (fields === undefined || fields.isHole) continue
      const path = pathOf(tx, namespacePrefix(key)) ?? []
      ledger.enter(engine.space(path), key, { seq: fields.seq, bytes: record.length })
    }
    after = rows.at(-1)?.key
  }
  ledger.finish()
}

function isSame(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : equalBytes(a, b)
}

function shapeIn(row: Uint8Array | undefined): string | undefined {
  return row && shapeOf(decodeLimits(row))
}
