/**
 * Which keys are read most, in little memory: Misra and Gries, "Finding repeated elements" (1982). With
 * room for n keys, one that makes up more than 1/n of what was counted is never left out.
 */

const ROOM = 512

interface Counted<T> {
  readonly item: T
  count: number
}

export class HotKeys<T> {
  readonly #counts = new Map<string, Counted<T>>()

  /** `item` is what hottest() returns for that name. */
  count(name: string, item: T): void {
    const known = this.#counts.get(name)
    if (known !== undefined) known.count++
    else if (this.#counts.size < ROOM) this.#counts.set(name, { item, count: 1 })
    else this.#lower((count) => count - 1)
  }

  /** The most counted, at most `limit` of them. */
  hottest(limit: number): readonly Readonly<Counted<T>>[] {
    return [...this.#counts.values()].sort((a, b) => b.count - a.count).slice(0, limit)
  }

  /** Lets what was long ago count less. */
  fade(): void {
    this.#lower((count) => count >> 1)
  }

  #lower(by: (count: number) => number): void {
    for (const [name, counted] of this.#counts) {
      counted.count = by(counted.count)
      if (counted.count <= 0) this.#counts.delete(name)
    }
  }
}
