/** From suspicion to finding: looking again with writers shut out, and putting right what can be. */
import { equalBytes } from '../../bytes.js'
import { type KeySpace, namespacePrefix } from '../../keys/key-space.js'
import { COUNTS, countIn, pathIn, pathOf, writeCount } from '../count.js'
import { ROWS, readableFields } from '../row.js'
import type { Session } from '../session.js'
import type { Finding, Suspicion } from './finding.js'
import { quarantine } from './quarantine.js'
import { sideRepair } from './side-rows.js'

/** Rows counted at a time. */
const COUNT_STEP_ROWS = 1_000

/** How to look again. */
export interface Settling {
  readonly repair: boolean
  /** Nobody has changed the store since the inspection saw it, or it saw a snapshot. */
  readonly isExact: boolean
}

/** The finding, if it is still one; repaired, if that was asked for and can be done. */
export function settled(
  session: Session,
  suspicion: Suspicion,
  settling: Settling,
): Finding | undefined {
  const { kind, space, storageKey, key, what } = suspicion
  const repairs = repairOf(session, suspicion, settling)
  if (repairs === 'gone') return undefined
  const isRepaired = settling.repair && repairs !== undefined
  if (isRepaired) repairs()
  return { kind, namespace: space?.path, key: key ?? hexOf(storageKey), what, isRepaired }
}

/** How to put it right, undefined if that is not possible, or `'gone'` if nothing is wrong (any more). */
function repairOf(
  session: Session,
  { kind, space, storageKey, missing = 0 }: Suspicion,
  { isExact }: Settling,
): (() => void) | undefined | 'gone' {
  const { tx } = session
  if (space === undefined) {
    return storageKey !== undefined && pathOf(tx, storageKey) !== undefined ? 'gone' : undefined
  }
  if (storageKey === undefined) return countRepair(session, space, missing, isExact)
  const record = tx.get(ROWS, storageKey)
  switch (kind) {
    case 'chain':
      return record === undefined ? () => session.closeGap(space, storageKey) : 'gone'
    case 'record':
      if (record === undefined) return 'gone'
      return () => quarantine(session, space, storageKey)
    case 'deadline': {
      const deadline = record && readableFields(storageKey, record)?.dueAt
      if (record === undefined || !deadline) return 'gone'
      const [hint] = tx.due(ROWS, deadline, 1, { deadline, key: storageKey })
      if (hint !== undefined && equalBytes(hint.key, storageKey)) return 'gone'
      return () => tx.put(ROWS, storageKey, record, deadline)
    }
    case 'access':
    case 'tag':
      return sideRepair(session, kind, storageKey)
    default:
      // The bytes are what was written: perhaps a class is not registered here. Nothing to repair.
      return record === undefined ? 'gone' : undefined
  }
}

function countRepair(
  session: Session,
  space: KeySpace,
  missing: number,
  isExact: boolean,
): (() => void) | 'gone' {
  const tx = session.reader()
  const row = tx.get(COUNTS, space.prefix)
  const counted = countIn(row)
  const right =
    isExact || counted === undefined ? (counted ?? 0) + missing : entriesIn(session, space)
  const isNamed = JSON.stringify(pathIn(row)) === JSON.stringify(space.path)
  return counted === right && isNamed ? 'gone' : () => writeCount(tx, space, right)
}

function entriesIn({ tx }: Session, space: KeySpace): number {
  let entries = 0
  const bounds = space.bounds()
  let after: Uint8Array | undefined
  do {
    const range = after === undefined ? bounds : { ...bounds, after }
    after = tx.walk(ROWS, range, COUNT_STEP_ROWS, (key, record) => {
      const isHere = equalBytes(namespacePrefix(key), space.prefix)
      if (isHere && readableFields(key, record)?.isCounted !== false) entries++
    })
  } while (after !== undefined)
  return entries
}

function hexOf(bytes: Uint8Array | undefined): string | undefined {
  return bytes && `0x${Buffer.from(bytes).toString('hex')}`
}
