/** Looking through a store, and what "check" and "repair" print of it. */
import type { Finding, VerifyReport } from '../engine/upkeep/finding.js'
import type { VerifyOptions } from '../engine/upkeep/verify.js'
import type { Io } from './io.js'
import { progressOf } from './output/progress.js'
import type { Report } from './output/report.js'
import type { Column } from './output/table.js'
import { counted, shownKey, shownPath } from './output/text.js'
import type { AnyDict } from './store-place.js'

/** verify(), with how far it is, until Ctrl-C. */
export async function verified(
  dict: AnyDict,
  options: Pick<VerifyOptions, 'repair'>,
  io: Io,
): Promise<VerifyReport> {
  const progress = progressOf(io, 'looking', undefined)
  return dict
    .verify({ ...options, signal: io.signal, onProgress: progress.at })
    .finally(progress.end)
}

const COLUMNS: readonly Column<Finding>[] = [
  { title: 'KIND', of: ({ kind }) => kind },
  { title: 'NAMESPACE', of: ({ namespace }) => (namespace ? shownPath(namespace) || '/' : '?') },
  { title: 'KEY', of: ({ key }) => (key === undefined ? '' : shownKey(key)) },
  { title: 'REPAIRED', of: ({ isRepaired }) => (isRepaired ? 'yes' : 'no') },
  { title: 'WHAT', of: ({ what }) => what },
]

export async function reportOf(
  report: Report,
  { details, ...sums }: VerifyReport,
  quarantined: number,
): Promise<void> {
  await report.table(details, COLUMNS)
  const { entries, namespaces, findings, repaired, staleHints, durationMs } = sums
  const facts = { entries, namespaces, findings, repaired, staleHints, quarantined, durationMs }
  await report.say(facts, () => {
    const parts = [
      `${counted(entries, 'entry', 'entries')} looked at`,
      findings === 0 ? 'nothing found' : counted(findings, 'finding'),
    ]
    if (repaired > 0) parts.push(`${repaired} repaired`)
    if (findings > details.length) parts.push(`the first ${details.length} are shown`)
    if (quarantined > 0) parts.push(`${counted(quarantined, 'record')} in quarantine`)
    return parts.join(', ')
  })
}
