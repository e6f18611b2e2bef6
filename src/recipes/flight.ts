/** One computation of one key in this process, and those who wait for it. */
export interface Outcome {
  /**
   * `'stored'`: the value is in the dict, by whomever. `'returned'`: it goes to those who wait here.
   * `'elsewhere'`: somebody else computes it, and nobody here wanted to wait.
   */
  readonly kind: 'stored' | 'returned' | 'elsewhere'
  readonly value?: unknown
}

export class Flight {
  readonly #abort = new AbortController()
  #waiting = 0
  /** It goes on when nobody waits any more: a refresh, or somebody's time was over. */
  isWanted: boolean
  readonly outcome: Promise<Outcome>

  constructor(isWanted: boolean, fly: (flight: Flight) => Promise<Outcome>) {
    this.isWanted = isWanted
    this.outcome = fly(this)
    // Those who wait get the rejection; without any, it is reported by whoever began the flight.
    this.outcome.catch(() => {})
  }

  /** Aborted when nobody wants the outcome any more. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** Somebody waits, so that somebody else's computation must be waited for, too. */
  get isAwaited(): boolean {
    return this.#waiting > 0
  }

  /** The outcome, or the reason of `signal` if that comes first. */
  async wait(signal: AbortSignal): Promise<Outcome> {
    this.#waiting++
    let leave = () => {}
    try {
      return await new Promise<Outcome>((resolve, reject) => {
        leave = () => reject(signal.reason)
        if (signal.aborted) return leave()
        signal.addEventListener('abort', leave)
        this.outcome.then(resolve, reject)
      })
    } finally {
      signal.removeEventListener('abort', leave)
      this.#waiting--
      if (this.#waiting === 0 && !this.isWanted) this.#abort.abort(signal.reason)
    }
  }
}
