/** Asking those who share a synchronous store what they do. */
import { systemClock } from '../../clock.js'
import type { StoreRow, StoreTransaction } from '../../store/sync-store.js'
import type { Engine } from '../engine.js'
import { META } from '../format-identity.js'
import { LEASES } from '../leases/lease-row.js'
import {
  type Activity,
  decodeReport,
  isFresh,
  leaseReport,
  REPORTS,
  WANTED,
  WANTED_MS,
  wantedRow,
  wantedUntil,
} from './activity.js'

/** Rows read at a time: more than there are processes or locks, most often. */
const MOST_ROWS = 1_000

/** What they said last; from now on for a while, they say more. What the dead left behind is removed. */
export function localActivity(engine: Engine): Activity {
  const { store } = engine
  const now = systemClock.now()
  const rows = store.scan(META, REPORTS, MOST_ROWS)
  const reports = rows.map((row) => ({ row, report: decodeReport(row.record) }))
  const stale = reports.filter(({ report }) => !isFresh(report, now)).map(({ row }) => row)
  const isAsked = wantedUntil(store.get(META, WANTED)) > now + WANTED_MS / 2
  if (!isAsked || stale.length > 0) {
    const promise = engine.durability === 'commit' ? 'committed' : 'synced'
    store.transaction(promise, (tx) => ask(tx, now, stale))
  }
  const leases = store.scan(LEASES, {}, MOST_ROWS)
  return {
    processes: reports.flatMap(({ report }) => (isFresh(report, now) ? report : [])),
    leases: leases.flatMap(({ key, record }) => leaseReport(key, record) ?? []),
  }
}

function ask(tx: StoreTransaction, now: number, stale: readonly StoreRow[]): void {
  tx.put(META, WANTED, wantedRow(now), 0)
  for (const { key } of stale) tx.delete(META, key)
}
