/**
 * The soonest deadlines, in a binary heap of bounded size.
 *
 * One entry a key, however often its deadline changes: `#places` knows where each is. Ordered by
 * deadline only; a popped key may have been set again elsewhere, so the caller re-reads.
 *
 * SPILLING. What does not fit is dropped, the latest first, and is only in the store's index.
 * `horizon` is the least deadline that may have been dropped: from there on, ask the index.
 */

interface Item {
  readonly id: string
  deadline: number
}

export class DeadlineHeap {
  /** Deadlines at or after this may be missing here. */
  horizon = Number.POSITIVE_INFINITY
  readonly #capacity: number
  readonly #items: Item[] = []
  readonly #places = new Map<string, number>()

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  get size(): number {
    return this.#items.length
  }

  /** The soonest deadline; undefined if there is none. */
  get next(): number | undefined {
    return this.#items[0]?.deadline
  }

  /** Gives a key a deadline, instead of the one it had. */
  set(id: string, deadline: number): void {
    const place = this.#places.get(id)
    if (deadline >= this.horizon) {
      if (place !== undefined) this.#remove(place)
    } else if (place !== undefined) {
      ;(this.#items[place] as Item).deadline = deadline
      this.#settle(place)
    } else {
      if (this.#items.length >= this.#capacity) this.#spill()
      if (deadline < this.horizon) this.#add({ id, deadline })
    }
  }

  delete(id: string): void {
    const place = this.#places.get(id)
    if (place !== undefined) this.#remove(place)
  }

  /** Takes out the key with the soonest deadline, if that is at or before `now`. */
  popDue(now: number): { readonly id: string; readonly deadline: number } | undefined {
    const [first] = this.#items
    if (first === undefined || first.deadline > now) return undefined
    this.#remove(0)
    return first
  }

  clear(): void {
    this.#items.length = 0
    this.#places.clear()
    this.horizon = Number.POSITIVE_INFINITY
  }

  /** Drops the later half. Half, so that it happens once in many sets. */
  #spill(): void {
    const sorted = [...this.#items].sort((a, b) => a.deadline - b.deadline)
    const kept = sorted.slice(0, Math.floor(this.#capacity / 2))
    this.horizon = Math.min(this.horizon, sorted[kept.length]?.deadline ?? this.horizon)
    this.#items.length = 0
    this.#places.clear()
    // A sorted list is a heap.
    for (const item of kept) this.#place(item, this.#items.length)
  }

  #add(item: Item): void {
    this.#place(item, this.#items.length)
    this.#settle(this.#items.length - 1)
  }

  #remove(place: number): void {
    const item = this.#items[place] as Item
    const last = this.#items.pop() as Item
    this.#places.delete(item.id)
    if (last === item) return
    this.#place(last, place)
    this.#settle(place)
  }

  /** Moves the item at a place to where its deadline belongs. */
  #settle(place: number): void {
    const item = this.#items[place] as Item
    let at = place
    for (let above = (at - 1) >> 1; at > 0 && this.#deadline(above) > item.deadline; ) {
      this.#place(this.#items[above] as Item, at)
      at = above
      above = (at - 1) >> 1
    }
    for (;;) {
      const left = 2 * at + 1
      const sooner = this.#deadline(left + 1) < this.#deadline(left) ? left + 1 : left
      if (this.#deadline(sooner) >= item.deadline) break
      this.#place(this.#items[sooner] as Item, at)
      at = sooner
    }
    this.#place(item, at)
  }

  #deadline(place: number): number {
    return this.#items[place]?.deadline ?? Number.POSITIVE_INFINITY
  }

  #place(item: Item, at: number): void {
    this.#items[at] = item
    this.#places.set(item.id, at)
  }
}
