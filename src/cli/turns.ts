/**
 * Pauses in which a signal is heard. A store that answers at once never gives one: without them, Ctrl-C
 * would wait until all is done.
 */
import { nextTurn } from '../clock.js'

/** Steps between two pauses: a pause costs about a microsecond, and a step not much less. */
const STEPS = 64

export class Turns {
  readonly #signal: AbortSignal
  #steps = 0

  constructor(signal: AbortSignal) {
    this.#signal = signal
  }

  /** Rejects with the signal's reason once it is aborted. */
  async step(): Promise<void> {
    if (++this.#steps % STEPS === 0) await nextTurn()
    this.#signal.throwIfAborted()
  }
}
