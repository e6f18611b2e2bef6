/**
 * A list that keeps its items in order: finding, adding and removing take O(log n) comparisons.
 *
 *     chunks    [a c f] [g h] [k m n p]     no chunk is empty; the last item of each is its largest
 *
 * Chunks bound how many items one insertion moves. A single array of a million items would move
 * megabytes for each, and a sweep, which always takes the first, would never end.
 *
 * `P` is the part of an item that decides its place: enough to look for one.
 */

/** Items of a chunk before it is split: few enough to move in a microsecond or so. */
const CHUNK_ITEMS = 1_024

export class SortedList<P, T extends P> {
  readonly #chunks: T[][] = []
  readonly #compare: (a: P, b: P) => number

  /** `compare` returns 0 for items that take each other's place. */
  constructor(compare: (a: P, b: P) => number) {
    this.#compare = compare
  }

  /** The item in this place, or undefined. */
  find(place: P): T | undefined {
    const chunk = this.#chunks[this.#chunkOf(place)]
    if (chunk === undefined) return undefined
    const item = chunk[this.#indexIn(chunk, place)]
    return item !== undefined && this.#compare(item, place) === 0 ? item : undefined
  }

  /** Adds an item. Returns the one that was in its place, or undefined. */
  add(item: T): T | undefined {
    const at = this.#chunkOf(item)
    const chunk = this.#chunks[at]
    // Larger than all: the last chunk grows, so that items that come in order fill their chunks.
    if (chunk === undefined) {
      this.#append(item)
      return undefined
    }
    const index = this.#indexIn(chunk, item)
    const found = chunk[index] as T
    if (this.#compare(found, item) === 0) {
      chunk[index] = item
      return found
    }
    chunk.splice(index, 0, item)
    if (chunk.length > CHUNK_ITEMS) this.#chunks.splice(at + 1, 0, chunk.splice(CHUNK_ITEMS / 2))
    return undefined
  }

  /** Removes the item in this place and returns it; undefined if there is none. */
  remove(place: P): T | undefined {
    const at = this.#chunkOf(place)
    const chunk = this.#chunks[at]
    if (chunk === undefined) return undefined
    const index = this.#indexIn(chunk, place)
    const found = chunk[index] as T
    if (this.#compare(found, place) !== 0) return undefined
    chunk.splice(index, 1)
    if (chunk.length === 0) this.#chunks.splice(at, 1)
    return found
  }

  /** The items from this place up, the one in it first; all of them without a place. */
  *upFrom(place?: P): Generator<T, undefined> {
    const first = place === undefined ? 0 : this.#chunkOf(place)
    for (let at = first; at < this.#chunks.length; at++) {
      const chunk = this.#chunks[at] as T[]
      const start = at === first && place !== undefined ? this.#indexIn(chunk, place) : 0
      for (let index = start; index < chunk.length; index++) yield chunk[index] as T
    }
    return undefined
  }

  /** The items below this place, the largest first; all of them without a place. */
  *downFrom(place?: P): Generator<T, undefined> {
    const last = this.#chunks.length - 1
    const first = place === undefined ? last : Math.min(this.#chunkOf(place), last)
    for (let at = first; at >= 0; at--) {
      const chunk = this.#chunks[at] as T[]
      const end = at === first && place !== undefined ? this.#indexIn(chunk, place) : chunk.length
      for (let index = end - 1; index >= 0; index--) yield chunk[index] as T
    }
    return undefined
  }

  #append(item: T): void {
    const last = this.#chunks.at(-1)
    if (last === undefined || last.length >= CHUNK_ITEMS) this.#chunks.push([item])
    else last.push(item)
  }

  /** The index of the chunk where an item in this place is or belongs; past the end if above all. */
  #chunkOf(place: P): number {
    let low = 0
    let high = this.#chunks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const largest = (this.#chunks[middle] as T[]).at(-1) as T
      if (this.#compare(largest, place) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The index of the first item of a chunk that is in this place or above it. */
  #indexIn(chunk: readonly T[], place: P): number {
    let low = 0
    let high = chunk.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#compare(chunk[middle] as T, place) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}
