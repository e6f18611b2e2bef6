/**
 * Who wants to hear of commits, for stores to embed.
 *
 * Listeners are called at the end of a turn of the event loop and never inside a call to the store:
 * they may use it. Commits until then make one call.
 */
import { type Clock, systemClock, type Timer } from '../clock.js'

export type CommitListener = () => void

export class CommitListeners {
  readonly #clock: Clock
  /** In objects of their own: one function may listen twice, and stop once. */
  readonly #listeners = new Set<{ readonly call: CommitListener }>()
  #next: Timer | undefined

  constructor(clock: Clock = systemClock) {
    this.#clock = clock
  }

  get isEmpty(): boolean {
    return this.#listeners.size === 0
  }

  /** Returns how to stop. */
  add(listener: CommitListener): () => void {
    const entry = { call: listener }
    this.#listeners.add(entry)
    return () => {
      this.#listeners.delete(entry)
      if (this.isEmpty) this.clear()
    }
  }

  /** Something was committed. */
  announce(): void {
    if (this.isEmpty) return
    this.#next ??= this.#clock.endOfTurn(() => {
      this.#next = undefined
      for (const entry of [...this.#listeners]) {
        // One that was stopped by the one before it is not called.
        if (this.#listeners.has(entry)) this.#call(entry.call)
      }
    })
  }

  /** Nobody is called any more. */
  clear(): void {
    this.#listeners.clear()
    this.#next?.cancel()
    this.#next = undefined
  }

  /** A listener that throws is an uncaught exception, as with any event, and does not stop the others. */
  #call(listener: CommitListener): void {
    try {
      listener()
    } catch (error) {
      queueMicrotask(() => {
        throw error
      })
    }
  }
}
