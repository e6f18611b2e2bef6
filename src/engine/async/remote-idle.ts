/**
 * When the entries of an AsyncStore were last read or written, coarsely: for `maxIdle`, and for
 * getEntry(). What access-times.ts is for a synchronous store, with the same grains.
 *
 * The store keeps the times beside its rows (row-uses.ts). Reads are noted here once in a grain, and
 * written together; times of writes follow their commits. Nobody waits for that: what cannot be written
 * is kept and tried again. A time that is missing, since this process ended before, is made by the next
 * access.
 */
import { latin1Of } from '../../bytes.js'
import type { Clock, Timer } from '../../clock.js'
import type { KeySpace } from '../../keys/key-space.js'
import type { AsyncStore, RowCheck } from '../../store/async-store.js'
import type { RowUse, RowUses } from '../../store/row-uses.js'
import type { AccessMarks, AccessObserver } from '../access-marks.js'
import type { Change } from '../change.js'
import type { CommitHook } from '../commit-hooks.js'
import { grainMsOf, MOST_NOTED, noteWithinMs, oldestKept } from '../idleness.js'
import { ROWS, readableFields } from '../row.js'
import { HEAD_BYTES } from './assumed-rows.js'
import type { AccessLog } from './async-engine.js'
import type { RemoteHooks } from './remote-hooks.js'
import type { RemotePlaces } from './remote-places.js'

/** After a failure, the store is not troubled for so long. */
const RETRY_MS = 5_000

/** Entries that are looked at in one step of a sweep. */
const SWEEP_STEP_ROWS = 256

/** Steps in a row that remove nothing: others are sweeping, too. */
const MAX_IDLE_STEPS = 10

export interface RemoteIdleParts {
  readonly store: AsyncStore
  readonly uses: RowUses
  readonly places: RemotePlaces
  readonly accesses: AccessMarks
  readonly hooks: RemoteHooks
  readonly clock: Clock
  readonly maxIdleMs: number
  /** Removes a row if it is as it was; true if it went. */
  readonly expire: (check: RowCheck, record: Uint8Array) => Promise<boolean>
  /** Told of failures that no call can report. */
  readonly onError: (error: unknown) => void
}

/** A read that is not written yet. */
interface Noted {
  readonly space: KeySpace
  readonly key: string
  readonly at: number
  /** Counts even if a later time is known. */
  readonly replaces: boolean
}

/** What is to be written. */
class Notes {
  /** By id. */
  readonly reads = new Map<string, Noted>()
  /** By storage key. */
  readonly writes = new Map<string, RowUse>()
  readonly gone = new Map<string, Uint8Array>()

  get size(): number {
    return this.reads.size + this.writes.size + this.gone.size
  }

  /** Takes in what is older than what is here. */
  addOlder({ reads, writes, gone }: Notes): void {
    for (const [id, read] of reads) if (!this.reads.has(id)) this.reads.set(id, read)
    for (const [id, use] of writes) if (!this.writes.has(id)) this.writes.set(id, use)
    // Whether they are gone is looked at again.
    for (const [id, key] of gone) this.gone.set(id, key)
  }

  /** Those that came first are forgotten: so much is not held in memory. */
  bound(): void {
    for (const map of [this.reads, this.writes, this.gone] as Map<string, unknown>[]) {
      for (const id of map.keys()) {
        if (map.size <= MOST_NOTED) break
        map.delete(id)
      }
    }
  }
}

/** Undefined without `maxIdle`, or where the store cannot keep when rows were used. */
export function remoteIdle(
  maxIdleMs: number | undefined,
  parts: Omit<RemoteIdleParts, 'uses' | 'maxIdleMs'>,
): RemoteIdle | undefined {
  const { uses } = parts.store
  if (uses === undefined || maxIdleMs === undefined || maxIdleMs === Infinity) return undefined
  return new RemoteIdle({ ...parts, uses, maxIdleMs })
}

export class RemoteIdle implements AccessLog, AccessObserver, CommitHook {
  readonly everyRead = false
  readonly #parts: RemoteIdleParts
  readonly #grainMs: number
  #notes = new Notes()
  /** Waits until noted reads are written, and then until reads are noted again. */
  #timer: Timer | undefined
  /** Waits until the times of writes are written, or until what failed is tried again. */
  #soon: Timer | undefined
  #writing: Promise<void> | undefined

  /** Takes part in all that the engine does from now on. */
  constructor(parts: RemoteIdleParts) {
    this.#parts = parts
    this.#grainMs = grainMsOf(parts.maxIdleMs)
    parts.accesses.add(this)
    parts.hooks.addQuiet(this)
  }

  /**
   * When a key was last accessed, as far as is known here and in the store. Does not reject: whoever has
   * got the entry, as from a near tier, is to have it.
   */
  async of(space: KeySpace, key: string): Promise<number | undefined> {
    const { places, uses, onError } = this.#parts
    const read = this.#notes.reads.get(space.idOf(key))
    let known = read?.at
    if (read?.replaces) return known
    try {
      const storageKey = await places.storageKey(space, key)
      known = latest(known, this.#notes.writes.get(latin1Of(storageKey))?.at)
      const [there] = await uses.times(ROWS, [storageKey])
      return latest(known, there)
    } catch (error) {
      onError(error)
      return known
    }
  }

  accessed(space: KeySpace, key: string): void {
    this.#note({ space, key, at: this.#now(), replaces: false })
  }

  /** A key was last accessed then, whatever is known. */
  wasRead(space: KeySpace, key: string, at: number): void {
    this.#note({ space, key, at: Math.floor(at), replaces: true })
  }

  wantsChanges(): boolean {
    return true
  }

  committed(changes: readonly Change[]): void {
    const { writes, gone } = this.#notes
    const at = this.#now()
    for (const { kind, storageKey } of changes) {
      // The store forgets what was cleared.
      if (kind === 'clear') continue
      const id = latin1Of(storageKey)
      if (kind === 'set') writes.set(id, { key: storageKey, at })
      else gone.set(id, storageKey)
    }
    this.#notes.bound()
    this.#soon ??= this.#parts.clock.endOfTurn(() => this.#writeInBackground())
  }

  /** Removes the entries that nobody has used for long; resolves to how many. */
  async sweep(): Promise<number> {
    await this.write()
    const { uses, clock, maxIdleMs } = this.#parts
    let removed = 0
    for (let idle = 0; idle < MAX_IDLE_STEPS; ) {
      const due = await uses.unused(ROWS, oldestKept(clock.now(), maxIdleMs), SWEEP_STEP_ROWS)
      if (due.length === 0) return removed
      const gone = await Promise.all(due.map((use) => this.#expire(use)))
      await uses.forgetGone(
        ROWS,
        due.map(({ key }) => key),
      )
      const count = gone.filter(Boolean).length
      removed += count
      idle = count === 0 ? idle + 1 : 0
    }
    return removed
  }

  /** Writes what is noted. Rejects if the store fails; it is noted still then. */
  async write(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing.catch(() => {})
    if (this.#notes.size === 0) return
    const notes = this.#notes
    this.#notes = new Notes()
    this.#writing = this.#send(notes)
    try {
      await this.#writing
    } catch (error) {
      this.#notes.addOlder(notes)
      this.#notes.bound()
      throw error
    } finally {
      this.#writing = undefined
    }
  }

  /** What is noted is written before the store closes. */
  async close(): Promise<void> {
    this.#timer?.cancel()
    this.#soon?.cancel()
    await this.write().catch(this.#parts.onError)
  }

  #note(noted: Noted): void {
    const { clock, accesses } = this.#parts
    const { reads } = this.#notes
    reads.set(noted.space.idOf(noted.key), noted)
    if (reads.size >= MOST_NOTED) {
      this.#notes.bound()
      this.#soon ??= clock.endOfTurn(() => this.#writeInBackground())
    }
    this.#timer ??= clock.after(noteWithinMs(this.#grainMs), () => {
      this.#writeInBackground()
      this.#timer = clock.after(this.#grainMs / 2, () => {
        this.#timer = undefined
        accesses.renew()
      })
    })
  }

  #writeInBackground(): void {
    const { clock, onError } = this.#parts
    this.#soon?.cancel()
    this.#soon = undefined
    this.write().catch((error) => {
      onError(error)
      this.#soon ??= clock.after(RETRY_MS, () => this.#writeInBackground())
    })
  }

  async #send({ reads, writes, gone }: Notes): Promise<void> {
    const { uses } = this.#parts
    const all = [...reads.values()]
    const [latest, replacing] = await Promise.all([
      this.#usesOf(all.filter(({ replaces }) => !replaces)),
      this.#usesOf(all.filter(({ replaces }) => replaces)),
    ])
    const known = [...writes.values(), ...latest]
    if (known.length > 0) await uses.note(ROWS, known)
    // After those: of an entry that was copied, the time of the copy is none of its uses.
    if (replacing.length > 0) await uses.note(ROWS, replacing, true)
    if (gone.size > 0) await uses.forgetGone(ROWS, [...gone.values()])
  }

  async #usesOf(reads: readonly Noted[]): Promise<RowUse[]> {
    const { places } = this.#parts
    return Promise.all(
      reads.map(async ({ space, key, at }) => ({ key: await places.storageKey(space, key), at })),
    )
  }

  async #expire({ key }: RowUse): Promise<boolean> {
    const { store, uses, expire } = this.#parts
    const record = await store.get(ROWS, key)
    if (record === undefined) return false
    if (readableFields(key, record) === undefined) {
      // What cannot be read stays, and must not come up in every sweep.
      await uses.note(ROWS, [{ key, at: this.#now() }])
      return false
    }
    return expire({ bucket: ROWS, key, starts: record.slice(0, HEAD_BYTES) }, record)
  }

  #now(): number {
    return Math.floor(this.#parts.clock.now())
  }
}

function latest(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.max(one, other)
}
