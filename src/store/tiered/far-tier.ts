/**
 * Questions to the far tier, and what is answered while it fails.
 *
 * A server that is gone lets each question wait until its time-out. So once a question has failed,
 * whoever can do with what the near tier knows gets it at once, and one question at a time finds out
 * whether the far tier is back.
 */
import type { Clock } from '../../clock.js'
import type { AsyncStore } from '../async-store.js'

/** A far tier that fails at once is not asked more often than this, unless by those who must know. */
const PROBE_MS = 1_000

export class FarTier {
  readonly store: AsyncStore
  /** Questions that failed. */
  failures = 0
  /** Questions that were answered with what the near tier knew. */
  servedNear = 0
  readonly #onError: (error: unknown) => void
  readonly #clock: Clock
  #isFailing = false
  #isProbing = false
  #probedAt = Number.NEGATIVE_INFINITY

  constructor(store: AsyncStore, onError: (error: unknown) => void, clock: Clock) {
    this.store = store
    this.#onError = onError
    this.#clock = clock
  }

  /** The answer; or, if the far tier fails, what `near` gives. Undefined if that knows nothing: rejects then. */
  async ask<T extends object>(question: () => Promise<T>, near: () => T | undefined): Promise<T> {
    const early = this.#isFailing ? near() : undefined
    if (early !== undefined) {
      this.#probe(question)
      this.servedNear++
      return early
    }
    try {
      return await this.#asked(question)
    } catch (error) {
      const known = near()
      if (known === undefined) throw error
      this.servedNear++
      this.#onError(error)
      return known
    }
  }

  #probe(question: () => Promise<unknown>): void {
    const now = this.#clock.monotonic()
    if (this.#isProbing || now - this.#probedAt < PROBE_MS) return
    this.#isProbing = true
    this.#probedAt = now
    this.#asked(question)
      .catch((error) => this.#onError(error))
      .finally(() => {
        this.#isProbing = false
      })
  }

  async #asked<T>(question: () => Promise<T>): Promise<T> {
    try {
      const answer = await question()
      this.#isFailing = false
      return answer
    } catch (error) {
      this.failures++
      this.#isFailing = true
      throw error
    }
  }
}
