import { LRUCache } from 'lru-cache'

/** A cache of the most recently used items, bounded by their number and by the sum of their sizes. */
export class ByteLru<T extends object> {
  readonly #cache: LRUCache<string, T>
  /** Left out, lru-cache makes an object of 56 bytes for each get. It notes a status there; so not frozen. */
  readonly #asUsual: LRUCache.GetOptions<string, T, unknown> = {}

  /** Zero for either bound switches the cache off. */
  constructor(maxEntries: number, maxBytes: number) {
    // lru-cache takes 0 for "no bound"; a bound of one byte holds nothing, as every entry is larger.
    this.#cache = new LRUCache({
      max: Math.max(1, maxEntries),
      maxSize: maxEntries === 0 ? 1 : Math.max(1, maxBytes),
    })
  }

  get(key: string): T | undefined {
    return this.#cache.get(key, this.#asUsual)
  }

  /** Keeps an item; one larger than all the room is left out. */
  set(key: string, item: T, sizeBytes: number): void {
    this.#cache.set(key, item, { size: sizeBytes })
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
