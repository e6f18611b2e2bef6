/**
 * At most `limit` beginnings in any `per`, among all processes: for services that count requests.
 *
 * The entry under its key is the list of the last `limit` beginnings. Whoever comes too soon books the
 * next free instant and sleeps until then: nobody has to look again.
 */
import type { Clock } from '../clock.js'
import { systemClock } from '../clock.js'
import { type Duration, durationMs } from '../duration.js'
import type { Awaitable } from '../engine/leases/lease-table.js'
import { stopAfter } from '../engine/leases/stop-signal.js'
import { OptionError } from '../errors/option-error.js'

/** A dict, as far as a throttle needs it. */
export interface UpdatingDict {
  update(
    key: string,
    fn: (current: readonly number[] | undefined) => readonly number[] | undefined,
    options?: { readonly ttl: number },
  ): Awaitable<readonly number[] | undefined>
}

/** The list is rewritten at each beginning; longer ones call for another way. */
const MOST_BEGINNINGS = 10_000

/** Options of a Throttle. */
export interface ThrottleOptions {
  /** So many beginnings… */
  readonly limit: number
  /** …in any time of this length. */
  readonly per: Duration
  /** The clock of what is waited for. @default the machine's */
  readonly clock?: Clock | undefined
}

/** At most `limit` beginnings in any time of length `per`, among all processes. */
export class Throttle {
  readonly #dict: UpdatingDict
  readonly #key: string
  readonly #limit: number
  readonly #perMs: number
  readonly #clock: Clock

  /** All processes must give the same options. The entry under `key` belongs to the throttle. */
  constructor(
    dict: UpdatingDict,
    key: string,
    { limit, per, clock = systemClock }: ThrottleOptions,
  ) {
    if (!Number.isInteger(limit) || limit < 1 || limit > MOST_BEGINNINGS) {
      throw new OptionError(
        'limit',
        `The limit of a throttle must be from 1 to ${MOST_BEGINNINGS}, and was ${limit}.`,
      )
    }
    this.#dict = dict
    this.#key = key
    this.#limit = limit
    this.#perMs = durationMs(per, 'per')
    this.#clock = clock
  }

  /**
   * Resolves when the caller may begin. A place that was booked is used up even if `signal` ends the
   * wait, which rejects with its reason.
   */
  async begin(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted()
    const at = await this.#book()
    const waitMs = at - this.#clock.now()
    if (waitMs <= 0) return
    const isTime = new Error('It is time.')
    const stop = stopAfter(this.#clock, waitMs, () => isTime, signal)
    await new Promise<void>((resolve, reject) => {
      const end = () => (stop.signal.reason === isTime ? resolve() : reject(stop.signal.reason))
      if (stop.signal.aborted) end()
      else stop.signal.addEventListener('abort', end, { once: true })
    }).finally(() => stop.done())
  }

  /** Runs `fn` as soon as it may begin. */
  async run<T>(fn: () => T | PromiseLike<T>, signal?: AbortSignal): Promise<T> {
    await this.begin(signal)
    return await fn()
  }

  /** Takes the next free instant. */
  async #book(): Promise<number> {
    let at = 0
    const book = (times: readonly number[] = []) => {
      const now = this.#clock.now()
      const before = times.at(-this.#limit)
      at = before === undefined ? now : Math.max(now, before + this.#perMs)
      return [...times, at].slice(-this.#limit)
    }
    // Those that are over make no difference; the last booking may lie far ahead.
    await this.#dict.update(this.#key, book, { ttl: Number.POSITIVE_INFINITY })
    return at
  }
}
