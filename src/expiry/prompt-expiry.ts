/**
 * Removes entries the moment they expire, while somebody in this process wants to hear of it.
 *
 * The heap holds the soonest deadlines that this process knows of: those that it wrote itself, and
 * those that it found in the store's index, at the start and whenever anybody has committed. The index
 * is the truth: the heap only says when to look, and `remove` re-reads.
 */
import type { Clock, Timer } from '../clock.js'
import type { DeadlineHint } from '../store/sync-store.js'
import { DeadlineHeap } from './deadline-heap.js'

/** Deadlines in memory, about 10 MB of them; those beyond are read from the index when they come near. */
const MAX_DEADLINES = 50_000
/** Read from the index at a time when others have committed: what is due next, and a few more. */
const LOOK_HINTS = 64
/** Entries removed in one transaction. */
const STEP_ENTRIES = 256
/** A timer cannot wait for longer than 2^31 ms; and a clock may be set while it waits. */
const LONGEST_WAIT_MS = 60_000
/** After a failure: a full disk stays full for a while. */
const RETRY_MS = 1_000

export interface PromptExpiryParts {
  readonly clock: Clock
  /** The soonest deadlines of the store, as hints. */
  readonly upcoming: (limit: number) => readonly DeadlineHint[]
  /** Removes the entries that still have these deadlines. */
  readonly remove: (due: readonly DeadlineHint[]) => void
  readonly onError: (error: unknown) => void
}

export class PromptExpiry {
  readonly #parts: PromptExpiryParts
  readonly #heap = new DeadlineHeap(MAX_DEADLINES)
  #timer: Timer | undefined
  #wakesAt = Number.POSITIVE_INFINITY
  #isRunning = false

  constructor(parts: PromptExpiryParts) {
    this.#parts = parts
  }

  get isRunning(): boolean {
    return this.#isRunning
  }

  /** How many deadlines are in memory. */
  get deadlines(): number {
    return this.#heap.size
  }

  start(): void {
    if (this.#isRunning) return
    this.#isRunning = true
    this.#guarded(() => {
      this.#refill()
      this.#arm()
    })
  }

  stop(): void {
    this.#isRunning = false
    this.#timer?.cancel()
    this.#timer = undefined
    this.#wakesAt = Number.POSITIVE_INFINITY
    this.#heap.clear()
  }

  /** A row has this deadline now; 0 for none. */
  note(storageKey: Uint8Array, deadline: number): void {
    if (!this.#isRunning) return
    const id = idOf(storageKey)
    if (deadline === 0) this.#heap.delete(id)
    else this.#heap.set(id, deadline)
    if (deadline !== 0 && deadline < this.#wakesAt) this.#arm()
  }

  /** Somebody has committed: there may be sooner deadlines. */
  look(): void {
    if (!this.#isRunning) return
    this.#guarded(() => {
      for (const { key, deadline } of this.#parts.upcoming(LOOK_HINTS)) this.note(key, deadline)
    })
  }

  #refill(): void {
    const limit = MAX_DEADLINES / 2
    const hints = this.#parts.upcoming(limit)
    this.#heap.clear()
    for (const { key, deadline } of hints) this.#heap.set(idOf(key), deadline)
    // More may follow: the ones with the same deadline as the last, too.
    if (hints.length >= limit) this.#heap.horizon = hints.at(-1)?.deadline ?? this.#heap.horizon
  }

  #arm(delayMs?: number): void {
    const { clock } = this.#parts
    const next = Math.min(this.#heap.next ?? Number.POSITIVE_INFINITY, this.#heap.horizon)
    this.#timer?.cancel()
    this.#timer = undefined
    this.#wakesAt = next
    if (next === Number.POSITIVE_INFINITY) return
    const waitMs = delayMs ?? Math.min(Math.max(0, next - clock.now()), LONGEST_WAIT_MS)
    this.#timer = clock.after(waitMs, () => this.#wake())
  }

  #wake(): void {
    this.#guarded(() => {
      const due = this.#takeDue(this.#parts.clock.now())
      if (due.length > 0) this.#parts.remove(due)
      if ((this.#heap.next ?? Number.POSITIVE_INFINITY) >= this.#heap.horizon) this.#refill()
      this.#arm()
    })
  }

  /** Nobody called: what goes wrong is told, and tried again. */
  #guarded(act: () => void): void {
    try {
      act()
    } catch (error) {
      // What is not in the heap any more is still in the index.
      this.#heap.horizon = 0
      this.#arm(RETRY_MS)
      this.#parts.onError(error)
    }
  }

  #takeDue(now: number): DeadlineHint[] {
    const due: DeadlineHint[] = []
    while (due.length < STEP_ENTRIES) {
      const item = this.#heap.popDue(now)
      if (item === undefined) break
      due.push({ key: Buffer.from(item.id, 'latin1'), deadline: item.deadline })
    }
    return due
  }
}

/** One character a byte: the shortest string that a Map can look up. */
function idOf(storageKey: Uint8Array): string {
  return Buffer.from(storageKey.buffer, storageKey.byteOffset, storageKey.byteLength).toString(
    'latin1',
  )
}
