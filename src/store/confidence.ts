/**
 * Whether to go by an assumption that has been right or wrong before. After a wrong one, some are left out:
 * twice as many each time, and half as many after each right one.
 */

/** So an assumption that is always wrong costs next to nothing. */
const MOST_LEFT_OUT = 256

export class Confidence {
  #leaveOut = 0
  #penalty = 1

  /** Whether to go by the next one. Call once for each. */
  take(): boolean {
    if (this.#leaveOut === 0) return true
    this.#leaveOut--
    return false
  }

  /** Call with what became of one. */
  learn(wasRight: boolean): void {
    if (wasRight) {
      this.#penalty = Math.max(1, this.#penalty / 2)
    } else {
      this.#leaveOut = this.#penalty
      this.#penalty = Math.min(MOST_LEFT_OUT, this.#penalty * 2)
    }
  }
}
