import { LRUCache } from 'lru-cache'

/** A cache of the most recently used items, bounded by their number and by the sum of their sizes. */
export class ByteLru<T extends object> {
  readonly #cache: LRUCache<string, T>
  /** Nothing is kept. Lru-cache would take its time to find that there is no room. */
  readonly #isOff: boolean
  /** Left out, lru-cache makes an object of 56 bytes for each get. It notes a status there; so not frozen. */
  readonly #asUsual: LRUCache.GetOptions<string, T, unknown> = {}

  /** Zero for either bound switches the cache off. */
  constructor(maxEntries: number, maxBytes: number) {
    this.#isOff = maxEntries === 0 || maxBytes === 0
    // Lru-cache takes 0 for "no bound".
    this.#cache = new LRUCache({ max: Math.max(1, maxEntries), maxSize: Math.max(1, maxBytes) })
  }

  get(key: string): T | undefined {
    return this.#isOff ? undefined : this.#cache.get(key, this.#asUsual)
  }

  /** Keeps an item; one larger than all the room is left out. */
  set(key: string, item: T, sizeBytes: number): void {
    if (!this.#isOff) this.#cache.set(key, item, { size: sizeBytes })
  }

  delete(key: string): void {
    this.#cache.delete(key)
  }

  clear(): void {
    this.#cache.clear()
  }

  get entries(): number {
    return this.#cache.size
  }

  get sizeBytes(): number {
    return this.#cache.calculatedSize
  }
}
