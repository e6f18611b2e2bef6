/** What is told of a dict's changes by anyone, kept until it is taken over. */
import type { Clock, Timer } from '../clock.js'
import type { EntryEvent } from '../dict/events/entry-event.js'
import { Watch } from '../dict/events/watch.js'
import { UnsupportedError } from '../errors/store-errors.js'

/** After a failure: a server that is away is not asked all the time. */
const RETRY_MS = 1_000

export interface Heard {
  /** The last that was heard of each key. */
  readonly events: readonly EntryEvent[]
  /** More has changed than is named. */
  readonly hasMissed: boolean
}

export interface HeardChangesParts {
  readonly clock: Clock
  /** There is something to take over. */
  readonly wake: () => void
  readonly onError: (error: unknown) => void
}

export class HeardChanges {
  readonly #parts: HeardChangesParts
  readonly #watch: Watch | undefined
  readonly #events = new Map<unknown, EntryEvent>()
  #hasMissed = false
  #timer: Timer | undefined

  /** Hears what `watch`, a dict's watch(), tells from now on until close(). */
  constructor(watch: () => unknown, parts: HeardChangesParts) {
    this.#parts = parts
    this.#watch = begun(watch)
    void this.#listen()
  }

  /** Settles when whatever anyone commits from then on is told; at once if the store tells nothing. */
  get begun(): Promise<unknown> {
    return Promise.resolve(this.#watch?.begun)
  }

  /** What was heard since the last call. */
  take(): Heard {
    const heard = { events: [...this.#events.values()], hasMissed: this.#hasMissed }
    this.#events.clear()
    this.#hasMissed = false
    return heard
  }

  close(): void {
    this.#timer?.cancel()
    this.#watch?.end()
  }

  async #listen(): Promise<void> {
    const { clock, wake, onError } = this.#parts
    try {
      for (;;) {
        const next = await this.#watch?.next()
        if (next === undefined || next.done) return
        const event = next.value
        if (event.event === 'resync' || event.event === 'clear') this.#hasMissed = true
        else this.#events.set(event.key, event)
        wake()
      }
    } catch (error) {
      onError(error)
      this.#timer = clock.after(RETRY_MS, () => void this.#listen())
    }
  }
}

/** Undefined over a store that cannot tell what anyone changes. */
function begun(watch: () => unknown): Watch | undefined {
  try {
    const begun = watch()
    return begun instanceof Watch ? begun : undefined
  } catch (error) {
    if (error instanceof UnsupportedError) return undefined
    throw error
  }
}
