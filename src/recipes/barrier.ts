/**
 * A place where several processes wait for each other: all go on when the last has come.
 *
 * The entry under its key says who has come, round by round. Those who wait look at it whenever it may
 * have changed.
 */
import { randomUUID } from 'node:crypto'
import { type Clock, systemClock } from '../clock.js'
import { type Duration, durationMs } from '../duration.js'
import type { Awaitable } from '../engine/leases/lease-table.js'
import { LockTimeoutError } from '../errors/lock-errors.js'
import { OptionError } from '../errors/option-error.js'

/** The value of the entry that belongs to a barrier. */
export interface BarrierState {
  /** How many rounds are over. */
  readonly round: number
  /** Who has come in this one. */
  readonly here: readonly string[]
}

/** A dict, as far as a barrier needs it. */
export interface BarrierDict {
  update(
    key: string,
    fn: (current: BarrierState | undefined) => BarrierState | undefined,
  ): Awaitable<BarrierState | undefined>
  get(key: string): Awaitable<BarrierState | undefined>
}

/** Nobody is told of a change by every store, so those who wait look so often: a round lasts longer. */
const LOOK_EVERY_MS = 20

/** Options of a Barrier. */
export interface BarrierOptions {
  /** So many must come. */
  readonly parties: number
  /** How long to wait for the others; then LockTimeoutError, and who waited has left. @default for ever */
  readonly timeout?: Duration | undefined
  /** The clock of what is waited for. @default the machine's */
  readonly clock?: Clock | undefined
}

/** A place where several processes wait for each other: all go on when the last has come. */
export class Barrier {
  readonly #dict: BarrierDict
  readonly #key: string
  readonly #parties: number
  readonly #timeoutMs: number
  readonly #clock: Clock

  /** All parties must give the same number. The entry under `key` belongs to the barrier. */
  constructor(dict: BarrierDict, key: string, options: BarrierOptions) {
    const { parties, timeout, clock = systemClock } = options
    if (!Number.isInteger(parties) || parties < 1) {
      throw new OptionError(
        'parties',
        `The parties of a barrier must be 1 or more, and were ${parties}.`,
      )
    }
    this.#dict = dict
    this.#key = key
    this.#parties = parties
    this.#timeoutMs =
      timeout === undefined ? Number.POSITIVE_INFINITY : durationMs(timeout, 'timeout')
    this.#clock = clock
  }

  /** Resolves to the number of the round when all have come. It can be used again at once. */
  async wait(): Promise<number> {
    const own = randomUUID()
    let round = 0
    await this.#dict.update(this.#key, (state = { round: 0, here: [] }) => {
      round = state.round
      const here = [...state.here, own]
      return here.length < this.#parties ? { round, here } : { round: round + 1, here: [] }
    })
    const end = this.#clock.monotonic() + this.#timeoutMs
    while (((await this.#dict.get(this.#key))?.round ?? 0) <= round) {
      if (this.#clock.monotonic() >= end && (await this.#leave(own, round))) {
        throw new LockTimeoutError(this.#key, this.#timeoutMs)
      }
      await new Promise<void>((resolve) => this.#clock.after(LOOK_EVERY_MS, resolve, 'awaited'))
    }
    return round
  }

  /** False if the last has come just now. */
  async #leave(own: string, round: number): Promise<boolean> {
    let hasLeft = false
    await this.#dict.update(this.#key, (state) => {
      hasLeft = state?.round === round
      if (state === undefined || !hasLeft) return state
      return { round, here: state.here.filter((party) => party !== own) }
    })
    return hasLeft
  }
}
