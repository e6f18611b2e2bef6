/**
 * Hands out versions of a store that counts them by a clock: those asked for at once are taken together, and
 * those that are assumed go by that clock, too.
 *
 * Whoever asks gets numbers above all that were given before it asked, since they are taken after.
 * Whoever assumes some finds out by the commit that they go with.
 */
import { Confidence } from './confidence.js'

/** So many for each millisecond since 1970: they grow across losses of data, and across hosts. */
export const VERSIONS_PER_MS = 64

interface Order {
  count: number
  readonly first: Promise<number>
}

export interface VersionSourceParts {
  /** Resolves to the first of so many new versions. */
  readonly take: (count: number) => Promise<number>
  /** The time of the store's clock when it gets what is sent now; undefined if it is not known. */
  readonly time: () => number | undefined
}

export class VersionSource {
  readonly #parts: VersionSourceParts
  /** What will be taken when the present tasks have run. */
  #order: Order | undefined
  /** The greatest that was given or assumed here. */
  #last = 0
  readonly #confidence = new Confidence()

  constructor(parts: VersionSourceParts) {
    this.#parts = parts
  }

  /** The first of `count` successive versions. */
  async next(count: number): Promise<number> {
    this.#order ??= { count: 0, first: Promise.resolve().then(() => this.#fulfil()) }
    const { count: before, first } = this.#order
    this.#order.count += count
    return (await first) + before
  }

  /** See AsyncStore.assumeVersions(). */
  assume(count: number): number | undefined {
    const time = this.#parts.time()
    if (time === undefined || !this.#confidence.take()) return undefined
    const first = Math.max(this.#last + 1, Math.floor(time * VERSIONS_PER_MS))
    this.#last = first + count - 1
    return first
  }

  /** Call with what became of a commit that assumed some. */
  learn(wereRight: boolean): void {
    this.#confidence.learn(wereRight)
  }

  async #fulfil(): Promise<number> {
    const count = this.#order?.count ?? 0
    this.#order = undefined
    const first = await this.#parts.take(count)
    this.#last = Math.max(this.#last, first + count - 1)
    return first
  }
}
