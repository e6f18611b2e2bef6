/**
 * Finds out that Redis has dropped rows, for those who listen: by looking into the deadline index now
 * and then, and at once when the server tells that keys expire (`notify-keyspace-events` with E and x).
 *
 * What a server tells is only a reason to look: it tells everybody, and who is not connected misses it.
 * The index tells each row once, to whoever removes its entry.
 */
import type { Clock, Timer } from '../../clock.js'

/** Between looks without a reason. */
const LOOK_MS = 1_000

export interface DropWatchParts {
  readonly clock: Clock
  /** Buckets that are in use here. */
  readonly buckets: () => Iterable<string>
  /** Looks for dropped rows of a bucket, and tells them. */
  readonly look: (bucket: string) => Promise<unknown>
  readonly onError: (error: unknown) => void
}

export class DropWatch {
  readonly #parts: DropWatchParts
  readonly #asked = new Set<string>()
  #timer: Timer | undefined
  #isLooking = false
  #isStopped = false

  constructor(parts: DropWatchParts) {
    this.#parts = parts
    this.#wait(LOOK_MS)
  }

  /** The server told that a row of this bucket has expired. */
  expired(bucket: string): void {
    this.#asked.add(bucket)
    this.#wait(0)
  }

  stop(): void {
    this.#isStopped = true
    this.#timer?.cancel()
  }

  #wait(ms: number): void {
    if (this.#isStopped || this.#isLooking) return
    this.#timer?.cancel()
    this.#timer = this.#parts.clock.after(ms, () => void this.#look())
  }

  async #look(): Promise<void> {
    const buckets = this.#asked.size > 0 ? [...this.#asked] : [...this.#parts.buckets()]
    this.#asked.clear()
    this.#isLooking = true
    try {
      for (const bucket of buckets) await this.#parts.look(bucket)
    } catch (error) {
      // The next look finds the same rows. Once closed, there is none.
      if (!this.#isStopped) this.#parts.onError(error)
    }
    this.#isLooking = false
    this.#wait(this.#asked.size > 0 ? 0 : LOOK_MS)
  }
}
