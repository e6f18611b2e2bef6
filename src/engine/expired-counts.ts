/**
 * How many entries of a namespace have expired and still have their rows: what its stored count has too
 * many.
 *
 * Few are counted by the deadline index, each row looked up: hints may be stale. Of many, that takes
 * longer than going through the rows as they lie. What was counted is remembered until somebody
 * commits, and what has expired since is added to it.
 */
import { equalBytes } from '../bytes.js'
import { isExpired } from '../codec/record.js'
import { type KeySpace, namespacePrefix } from '../keys/key-space.js'
import type { DeadlineHint, StoreReader, SyncStore } from '../store/sync-store.js'
import { ROWS, readableFields } from './row.js'

/** Rows or hints of one step: they are in memory together. */
const STEP_ROWS = 1_000

/** To look up a hint takes about as long as to go by so many rows. */
const ROWS_PER_HINT = 4

const NO_KEY = new Uint8Array(0)

interface Known {
  readonly changeId: number
  /** All deadlines up to it are counted. */
  readonly upTo: number
  readonly expired: number
}

export class ExpiredCounts {
  readonly #store: SyncStore
  readonly #known = new Map<KeySpace, Known>()

  constructor(store: SyncStore) {
    this.#store = store
  }

  /** `reader` is the store, or a transaction; `rows` how many entries the namespace has, about. */
  of(reader: StoreReader, space: KeySpace, rows: number, now: number): number {
    const upTo = Math.floor(now)
    // What a transaction has changed is in no change id.
    if (reader !== this.#store) return countExpired(reader, space, { from: 0, upTo }, rows)
    // Before anything is counted: a commit meanwhile makes the next call count again.
    const changeId = this.#store.changeId()
    const known = this.#known.get(space)
    const isValid = known?.changeId === changeId && known.upTo <= upTo
    const [before, from] = isValid ? [known.expired, known.upTo + 1] : [0, 0]
    const expired = before + countExpired(reader, space, { from, upTo }, rows)
    this.#known.set(space, { changeId, upTo, expired })
    return expired
  }
}

/** Deadlines, both included. */
interface Span {
  readonly from: number
  readonly upTo: number
}

function countExpired(reader: StoreReader, space: KeySpace, span: Span, rows: number): number {
  const mostHints = Math.max(STEP_ROWS, rows / ROWS_PER_HINT)
  let expired = 0
  let looked = 0
  let from: DeadlineHint = { deadline: span.from, key: NO_KEY }
  for (;;) {
    const hints = reader.due(ROWS, span.upTo, STEP_ROWS, from)
    for (const hint of hints) {
      const isHere = equalBytes(namespacePrefix(hint.key), space.prefix)
      if (isHere && hasDeadline(reader, hint)) expired++
    }
    const last = hints.at(-1)
    if (last === undefined || hints.length < STEP_ROWS) return expired
    looked += hints.length
    if (looked >= mostHints) return countByRows(reader, space, span)
    from = { deadline: last.deadline, key: Uint8Array.of(...last.key, 0) }
  }
}

function countByRows(reader: StoreReader, space: KeySpace, { from, upTo }: Span): number {
  let expired = 0
  const bounds = space.bounds()
  let after: Uint8Array | undefined
  do {
    const range = after === undefined ? bounds : { ...bounds, after }
    after = reader.walk(ROWS, range, STEP_ROWS, (key, record) => {
      const fields = readableFields(key, record)
      if (fields?.isCounted !== true || fields.expiresAt < from) return
      if (isExpired(fields.expiresAt, upTo)) expired++
    })
  } while (after !== undefined)
  return expired
}

/** Whether the row still has the deadline of its hint. One that cannot be read counts as an entry. */
export function hasDeadline(reader: StoreReader, hint: DeadlineHint): boolean {
  const record = reader.get(ROWS, hint.key)
  return record !== undefined && readableFields(hint.key, record)?.expiresAt === hint.deadline
}
