/**
 * Hands out versions: those asked for at once are taken from the server together.
 *
 * Whoever asks gets numbers above all that were given before it asked, since the server is asked after.
 */

interface Order {
  count: number
  readonly first: Promise<number>
}

export class VersionSource {
  readonly #take: (count: number) => Promise<number>
  /** What the server will be asked for when the present tasks have run. */
  #order: Order | undefined

  /** `take` resolves to the first of so many new versions. */
  constructor(take: (count: number) => Promise<number>) {
    this.#take = take
  }

  /** The first of `count` successive versions. */
  async next(count: number): Promise<number> {
    this.#order ??= { count: 0, first: Promise.resolve().then(() => this.#fulfil()) }
    const { count: before, first } = this.#order
    this.#order.count += count
    return (await first) + before
  }

  #fulfil(): Promise<number> {
    const count = this.#order?.count ?? 0
    this.#order = undefined
    return this.#take(count)
  }
}
