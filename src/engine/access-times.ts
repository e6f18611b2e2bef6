/**
 * When each entry was last read or written, coarsely: for `maxIdle`, and for getEntry().
 *
 *     bucket accessed   storage key → u48 milliseconds since 1970-01-01 UTC
 *
 * The store's deadline index of the bucket holds the very same times, and so is an index by time of
 * access. A row is rewritten when it is older than a grain: a fiftieth of `maxIdle`. Reads write
 * nothing. They are noted once in a grain, and written together: after a few seconds, or at the end.
 *
 * A row may be missing (for an entry written by a process without `maxIdle`), and it may be left over.
 * Neither is damage: the first is made by the next access, the second goes when its time comes.
 */
import { ByteReader, writeUint48 } from '../bytes.js'
import type { Timer } from '../clock.js'
import { type KeySpace, namespacePrefix } from '../keys/key-space.js'
import type { StoreReader, StoreTransaction } from '../store/sync-store.js'
import type { AccessObserver } from './access-marks.js'
import type { CommitHook } from './commit-hooks.js'
import { pathOf } from './count.js'
import type { Engine } from './engine.js'
import type { FurtherDue } from './further-due.js'
import { grainMsOf, MOST_NOTED, noteWithinMs, oldestKept } from './idleness.js'
import { placeOf } from './row.js'
import type { Session } from './session.js'

export const ACCESSED = 'accessed'

/** Rows of a namespace that was cleared, removed at a time. */
const CLEAR_STEP_ROWS = 1_000

interface Noted {
  readonly space: KeySpace
  readonly key: string
  readonly at: number
}

export class AccessTimes implements AccessObserver, CommitHook, FurtherDue {
  readonly everyRead = false
  readonly #engine: Engine
  readonly #maxIdleMs: number
  readonly #grainMs: number
  readonly #onError: (error: unknown) => void
  readonly #noted = new Map<string, Noted>()
  #timer: Timer | undefined

  /** Takes part in all that the engine does from now on. */
  constructor(engine: Engine, maxIdleMs: number, onError: (error: unknown) => void) {
    this.#engine = engine
    this.#maxIdleMs = maxIdleMs
    this.#grainMs = grainMsOf(maxIdleMs)
    this.#onError = onError
    engine.hooks.add(this)
    engine.accesses.add(this)
  }

  /** When a key was last accessed, as far as this process knows; undefined if nobody does. */
  of(space: KeySpace, key: string): number | undefined {
    const noted = this.#noted.get(space.idOf(key))
    if (noted !== undefined) return noted.at
    const reader = this.#engine.reader()
    const { storageKey, fields } = placeOf(reader, space, key, 'owned')
    return fields === undefined ? undefined : readTime(reader, storageKey)
  }

  accessed(space: KeySpace, key: string): void {
    this.wasRead(space, key, this.#engine.now())
  }

  /** Notes that a key was last accessed then. */
  wasRead(space: KeySpace, key: string, at: number): void {
    this.#noted.set(space.idOf(key), { space, key, at })
    if (this.#noted.size >= MOST_NOTED) this.#write()
    this.#timer ??= this.#engine.clock.after(noteWithinMs(this.#grainMs), () => {
      this.#write()
      this.#timer = this.#engine.clock.after(this.#grainMs / 2, () => {
        this.#timer = undefined
        this.#engine.accesses.renew()
      })
    })
  }

  wantsChanges(): boolean {
    return true
  }

  beforeCommit(session: Session): void {
    const { tx, now } = session
    for (const { kind, storageKey, space } of session.changes ?? []) {
      if (kind === 'set') setTime(tx, storageKey, now, 0)
      else if (kind === 'clear') clearTimes(tx, space)
      else dropTime(tx, storageKey)
    }
  }

  /** Reads that were only noted so far are written before the store closes. */
  closing(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#write()
  }

  isDue(reader: StoreReader): boolean {
    return reader.due(ACCESSED, this.#latest(), 1).length > 0
  }

  expire(session: Session, rows: number): number {
    // What was read here, and not written yet, is not idle.
    this.#writeIn(session)
    const { tx } = session
    const hints = tx.due(ACCESSED, this.#latest(), rows)
    let removed = 0
    for (const { key, deadline } of hints) {
      const prefix = namespacePrefix(key)
      const isTrue = readTime(tx, key) === deadline
      const space = this.#engine.space(pathOf(tx, prefix) ?? [])
      // The row of an entry that went has its access row dropped with it; others are dropped here.
      if (!isTrue) tx.forget(ACCESSED, { key, deadline })
      else if (session.evict(space, key, 'expire')) removed++
      else dropTime(tx, key)
    }
    if (hints.length > 0) session.hasWritten = true
    return removed
  }

  #latest(): number {
    return oldestKept(this.#engine.now(), this.#maxIdleMs)
  }

  #write(): void {
    if (this.#noted.size === 0 || this.#engine.isClosed) return
    try {
      this.#engine.transaction((session) => this.#writeIn(session))
      this.#noted.clear()
    } catch (error) {
      // Noted still.
      this.#onError(error)
    }
  }

  #writeIn(session: Session): void {
    for (const { space, key, at } of this.#noted.values()) {
      const { storageKey, fields } = placeOf(session.tx, space, key, 'owned')
      if (fields === undefined) continue
      if (setTime(session.tx, storageKey, at, this.#grainMs / 2)) session.hasWritten = true
    }
  }
}

function readTime(reader: StoreReader, storageKey: Uint8Array): number | undefined {
  const bytes = reader.get(ACCESSED, storageKey)
  // A damaged row is as good as none: the next access makes another.
  return bytes === undefined || bytes.length < 6 ? undefined : new ByteReader(bytes, 0).uint48()
}

/** Writes a time unless the one that is there is as good: near enough, on either side. */
function setTime(tx: StoreTransaction, key: Uint8Array, time: number, nearMs: number): boolean {
  const before = readTime(tx, key)
  const at = Math.floor(time)
  if (before !== undefined) {
    if (before === at || Math.abs(at - before) < nearMs) return false
    tx.forget(ACCESSED, { key, deadline: before })
  }
  const bytes = Buffer.alloc(6)
  writeUint48(bytes, 0, at)
  tx.put(ACCESSED, key, bytes, at)
  return true
}

function dropTime(tx: StoreTransaction, key: Uint8Array): void {
  const before = readTime(tx, key)
  if (before === undefined) return
  tx.forget(ACCESSED, { key, deadline: before })
  tx.delete(ACCESSED, key)
}

function clearTimes(tx: StoreTransaction, space: KeySpace): void {
  for (;;) {
    const rows = tx.scan(ACCESSED, space.bounds(), CLEAR_STEP_ROWS)
    if (rows.length === 0) return
    for (const { key } of rows) dropTime(tx, key)
  }
}
