/**
 * What was committed lately, by any process: a bounded log (store/bounded-log.ts) in the bucket `changes`.
 *
 *     u8 kind │ u48 writer │ u48 version │ u8 hasRecord │ var length, storage key │ record
 *
 * A set is logged without its record, which is in its row. What went is logged with it.
 */
import { ByteReader, varintLength, writeUint48, writeVarint } from '../bytes.js'
import type { Clock } from '../clock.js'
import { BoundedLog, LARGEST_LOGGED } from '../store/bounded-log.js'
import type { StoreReader, StoreTransaction } from '../store/sync-store.js'
import type { Change, ChangeKind } from './change.js'
import type { CommitHook } from './commit-hooks.js'
import type { Session } from './session.js'

export const CHANGES = 'changes'

/** Positions are stored: new kinds come last. */
const KINDS: readonly ChangeKind[] = ['set', 'delete', 'expire', 'evict', 'clear']

/** A change as it was logged. */
export interface LoggedChange {
  readonly kind: ChangeKind
  /** Which engine has made it: a number that it has drawn by lot. */
  readonly writer: number
  /** Of a set: the version that the record got. */
  readonly version: number
  readonly storageKey: Uint8Array
  readonly record: Uint8Array | undefined
}

export interface ChangePage {
  readonly changes: readonly LoggedChange[]
  /** Where to read on. */
  readonly next: number
  /** Changes before these were dropped unread. */
  readonly hasMissed: boolean
}

export class ChangeLog implements CommitHook {
  readonly isLast = true
  readonly #log: BoundedLog
  readonly #foreignChanges: () => number
  /** The foreign changes at which nobody watched: only a commit can change that. */
  #quietAt: number | undefined
  /** Tells the changes of this engine from those of others. */
  readonly writer: number

  /** `foreignChanges` moves when somebody else has committed; see Engine. */
  constructor(clock: Clock, writer: number, foreignChanges: () => number) {
    this.#log = new BoundedLog(CHANGES, clock)
    this.writer = writer
    this.#foreignChanges = foreignChanges
  }

  wantsChanges(reader: StoreReader): boolean {
    const changes = this.#foreignChanges()
    if (changes === this.#quietAt) return false
    const isWatched = this.#log.isWatched(reader)
    this.#quietAt = isWatched ? undefined : changes
    return isWatched
  }

  beforeCommit(session: Session): void {
    const { changes, tx } = session
    if (changes === undefined || changes.length === 0) return
    if (!this.#log.isWatched(tx)) return
    const rows = latestSets(changes).map((change) => encodeChange(change, this.writer))
    this.#log.append(tx, rows)
    session.hasWritten = true
  }

  /** Says that somebody watches; returns the number of the next change. Call again within WATCH_MS. */
  watch(tx: StoreTransaction): number {
    this.#quietAt = undefined
    return this.#log.watch(tx)
  }

  /** The changes from a number on, at most `limit` of them. */
  read(reader: StoreReader, from: number, limit: number): ChangePage {
    const { rows, next, hasMissed } = this.#log.read(reader, from, limit)
    return { changes: rows.map(decodeChange), next, hasMissed }
  }
}

/** Without the sets of keys that the same transaction set again. */
function latestSets(changes: readonly Change[]): readonly Change[] {
  const seen = new Set<string>()
  const kept = changes.toReversed().filter(({ kind, storageKey }) => {
    if (kind !== 'set') return true
    const id = Buffer.from(storageKey).toString('latin1')
    const isLatest = !seen.has(id)
    seen.add(id)
    return isLatest
  })
  return kept.reverse()
}

function encodeChange(change: Change, writer: number): Uint8Array {
  const { kind, storageKey, entry } = change
  const isKept = kind !== 'set' && (change.record?.length ?? 0) <= LARGEST_LOGGED
  const record = isKept ? change.record : undefined
  const length =
    14 +
    varintLength(storageKey.length) +
    storageKey.length +
    (record === undefined ? 0 : record.length)
  const bytes = Buffer.alloc(length)
  bytes[0] = KINDS.indexOf(kind)
  let at = writeUint48(bytes, 1, writer)
  at = writeUint48(bytes, at, kind === 'set' ? (entry?.version ?? 0) : 0)
  bytes[at++] = record === undefined ? 0 : 1
  at = writeVarint(bytes, at, storageKey.length)
  bytes.set(storageKey, at)
  if (record !== undefined) bytes.set(record, at + storageKey.length)
  return bytes
}

function decodeChange(bytes: Uint8Array): LoggedChange {
  const kind = KINDS[bytes[0] as number] ?? 'set'
  const fields = new ByteReader(bytes, 1)
  const writer = fields.uint48()
  const version = fields.uint48()
  const hasRecord = bytes[fields.offset] === 1
  const rest = new ByteReader(bytes, fields.offset + 1)
  const storageKey = rest.take(rest.varint())
  const record = hasRecord ? bytes.subarray(rest.offset) : undefined
  return { kind, writer, version, storageKey, record }
}
