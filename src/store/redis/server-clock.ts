/**
 * What the server's clock says, as far as can be told from here.
 *
 * The server drops rows by its own clock, and refuses writes that come too late by it: a write that
 * was given up here must not be done there afterwards, when a server that hung goes on.
 */
import type { Clock } from '../../clock.js'
import type { Commands } from './commands.js'

interface Measure {
  /** The server's time less the monotonic time here, or a little less. */
  readonly aheadOfMonotonic: number
  /** The server's clock less the clock here, as far as that is certain; 0 within the error. */
  readonly skewMs: number
  /** How long the server took to answer, there and back. */
  readonly roundTripMs: number
  readonly takenAt: number
}

/** Clocks drift apart by far less than a millisecond in this time; a server may be set right, though. */
const MEASURE_EVERY_MS = 60_000

export class ServerClock {
  readonly #commands: Commands
  readonly #clock: Clock
  readonly #key: string
  #measure: Measure | undefined
  #measuring: Promise<Measure> | undefined

  /** The clock of the server that has `key`. */
  constructor(commands: Commands, clock: Clock, key: string) {
    this.#commands = commands
    this.#clock = clock
    this.#key = key
  }

  /** The server's time in `ms` from now, or a little earlier; and how far its clock is ahead of ours. */
  async ahead(ms: number): Promise<{ readonly time: number; readonly skewMs: number }> {
    const { aheadOfMonotonic, skewMs } = this.#fresh() ?? (await this.#measured())
    return { time: Math.ceil(this.#clock.monotonic() + aheadOfMonotonic + ms), skewMs }
  }

  /** The server's time when it gets what is sent now, more or less; undefined if it is to be measured. */
  onArrival(): number | undefined {
    const known = this.#fresh()
    // The measure is low by the way back, and there is the way there.
    return known && this.#clock.monotonic() + known.aheadOfMonotonic + known.roundTripMs
  }

  #fresh(): Measure | undefined {
    const known = this.#measure
    const isFresh =
      known !== undefined && this.#clock.monotonic() - known.takenAt < MEASURE_EVERY_MS
    return isFresh ? known : undefined
  }

  /** To be measured again before it is next asked: it was wrong, or the server is another. */
  forget(): void {
    this.#measure = undefined
  }

  #measured(): Promise<Measure> {
    this.#measuring ??= this.#ask().finally(() => {
      this.#measuring = undefined
    })
    return this.#measuring
  }

  async #ask(): Promise<Measure> {
    const before = this.#clock.monotonic()
    // Two numbers as text: seconds and microseconds.
    const answer = (await this.#commands.run(this.#key, ['TIME'], 'repeatable')) as Buffer[]
    const [seconds, microseconds] = answer.map(Number) as [number, number]
    const server = seconds * 1_000 + microseconds / 1_000
    const after = this.#clock.monotonic()
    const error = (after - before) / 2
    const skew = server - (this.#clock.now() - error)
    this.#measure = {
      // The least that it can be: a write may be refused too early, and is never done too late.
      aheadOfMonotonic: server - after,
      // Our clock shows whole milliseconds.
      skewMs: Math.abs(skew) <= error + 1 ? 0 : Math.ceil(skew),
      roundTripMs: after - before,
      takenAt: after,
    }
    return this.#measure
  }
}
