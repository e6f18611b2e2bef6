/** Asking those who share an AsyncStore what they do. */
import { systemClock } from '../../clock.js'
import { type AsyncStore, commonRows } from '../../store/async-store.js'
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

/** What they said last; from now on for a while, they say more. */
export async function remoteActivity(store: AsyncStore): Promise<Activity> {
  const rows = commonRows(store)
  const now = systemClock.now()
  const [wanted, reports, leases] = await Promise.all([
    rows.get(META, WANTED),
    rows.scan(META, REPORTS, MOST_ROWS),
    rows.scan(LEASES, {}, MOST_ROWS),
  ])
  const isAsked = wantedUntil(wanted) > now + WANTED_MS / 2
  if (!isAsked) {
    const record = wantedRow(now)
    const deadline = now + WANTED_MS
    const operations = [{ kind: 'put', bucket: META, key: WANTED, record, deadline } as const]
    await rows.commit({ promise: 'committed', checks: [], operations })
  }
  return {
    processes: reports.flatMap(({ record }) => {
      const report = decodeReport(record)
      return isFresh(report, now) ? report : []
    }),
    leases: leases.flatMap(({ key, record }) => leaseReport(key, record) ?? []),
  }
}
