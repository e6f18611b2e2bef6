/**
 * Waiting for leases without asking for them again and again.
 *
 * A commit by anybody makes one look at all leases that are waited for here. Deaths and deadlines,
 * which nobody tells of, are looked for by one slow timer.
 */
import type { Clock, Timer } from '../../clock.js'
import type { Beat, Blocked } from './lease-rules.js'
import type { Asked, ClaimTerms, LeaseTable } from './lease-table.js'

interface Watcher extends Asked {
  /** The state that was last seen, and since when, by the monotonic clock. */
  seen: Blocked
  since: number
  readonly wake: (seen: Beat | undefined) => void
  readonly fail: (error: unknown) => void
}

export class LeaseWatch {
  readonly #table: LeaseTable
  readonly #clock: Clock
  readonly #watchers = new Set<Watcher>()
  #stopListening: (() => void) | undefined
  #timer: Timer | undefined
  #isLooking = false
  #mustLookAgain = false

  constructor(table: LeaseTable, clock: Clock) {
    this.#table = table
    this.#clock = clock
  }

  /**
   * Resolves when it is worth claiming the lease again; with the state that has been there for a whole
   * lease, if that is why. Rejects with the reason of `signal`, and with what the store throws.
   */
  wait(
    key: Uint8Array,
    terms: ClaimTerms,
    blocked: Blocked,
    signal: AbortSignal,
  ): Promise<Beat | undefined> {
    return new Promise((resolve, reject) => {
      const end = () => {
        this.#watchers.delete(watcher)
        signal.removeEventListener('abort', abort)
        if (this.#watchers.size === 0) this.#rest()
      }
      const abort = () => watcher.fail(signal.reason)
      const watcher: Watcher = {
        key,
        terms,
        seen: blocked,
        since: this.#clock.monotonic(),
        wake(seen) {
          end()
          resolve(seen)
        },
        fail(error) {
          end()
          reject(error)
        },
      }
      this.#watchers.add(watcher)
      if (signal.aborted) return abort()
      signal.addEventListener('abort', abort)
      this.#stopListening ??= this.#table.onChange(() => void this.#look())
      // What happened since the claim was refused, nobody has told us of.
      void this.#look()
    })
  }

  async #look(): Promise<void> {
    this.#mustLookAgain = true
    if (this.#isLooking) return
    this.#isLooking = true
    while (this.#mustLookAgain) {
      this.#mustLookAgain = false
      const watchers = [...this.#watchers]
      try {
        const answers = await this.#table.look(watchers)
        for (const [index, watcher] of watchers.entries()) this.#judge(watcher, answers[index])
      } catch (error) {
        for (const watcher of watchers) watcher.fail(error)
      }
    }
    this.#isLooking = false
    this.#schedule()
  }

  #judge(watcher: Watcher, blocked: Blocked | undefined): void {
    if (blocked === undefined) {
      watcher.wake(undefined)
      return
    }
    const now = this.#clock.monotonic()
    const { seen } = watcher
    if (blocked.token !== seen.token || blocked.beat !== seen.beat) watcher.since = now
    watcher.seen = blocked
    if (now - watcher.since >= blocked.leaseMs) watcher.wake(blocked)
  }

  #schedule(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    if (this.#watchers.size === 0) return
    let soonest = this.#table.lookEveryMs
    for (const { seen } of this.#watchers) soonest = Math.min(soonest, seen.retryMs)
    // Somebody awaits each of them: the process must not end in the middle of that.
    this.#timer = this.#clock.after(Math.max(1, soonest), () => void this.#look(), 'awaited')
  }

  /** Nobody waits: no timer, no listener. */
  #rest(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#stopListening?.()
    this.#stopListening = undefined
  }
}
