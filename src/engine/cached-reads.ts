/**
 * Reads of committed entries, through a cache that is never stale.
 *
 * COHERENCE. The store's change id moves with every commit by anyone. An entry read at change id n is
 * valid as long as nobody else has committed since: `#floor` is the least n that still holds. Our own
 * commits move the id too, but we drop what they touch ourselves, so they leave the floor alone.
 */
import type { Clock } from '../clock.js'
import { isExpired } from '../codec/record.js'
import type { ValueCodec } from '../codec/value-codec.js'
import type { KeySpace } from '../keys/key-space.js'
import type { SyncStore } from '../store/sync-store.js'
import { Entry, type ValueMode } from './entry.js'
import { findRow, glimpse } from './row.js'
import { isInvalidated } from './tags.js'

/** The cache, as far as reads see it. */
export interface EntryCache {
  get(id: string): Entry | undefined
  set(id: string, entry: Entry, sizeBytes: number): void
  delete(id: string): void
  clear(): void
  readonly entries: number
  readonly sizeBytes: number
}

export class CachedReads {
  hits = 0
  misses = 0
  /** Moves when somebody else committed, as far as anyone here has looked. */
  foreignChanges = 0
  readonly #store: SyncStore
  readonly #codec: ValueCodec
  readonly #cache: EntryCache
  readonly #clock: Clock
  #seenChange = -1
  #floor = 0

  constructor(store: SyncStore, codec: ValueCodec, cache: EntryCache, clock: Clock) {
    this.#store = store
    this.#codec = codec
    this.#cache = cache
    this.#clock = clock
  }

  /** The live entry of a key, or undefined. With `'copy'`, one that copies can be had of. */
  entry(space: KeySpace, key: string, id: string, mode: ValueMode): Entry | undefined {
    const cached = this.#latest(id)
    if (cached === undefined || (mode === 'copy' && !cached.isWhole)) {
      return this.#load(space, key, id, mode)
    }
    this.hits++
    return cached.expiresAt !== 0 && this.#isPast(cached.expiresAt) ? undefined : cached
  }

  /** The deadline of the live entry of a key, 0 for never; undefined if there is none. Decodes nothing. */
  deadline(space: KeySpace, key: string, id: string): number | undefined {
    const cached = this.#latest(id)
    if (cached !== undefined) return this.#isPast(cached.expiresAt) ? undefined : cached.expiresAt
    const record = glimpse(this.#store, space, key, this.#clock)
    if (record === undefined || record === 'lasting') return record && 0
    if (this.#isPast(record.expiresAt)) return undefined
    const isGone = record.tags.length > 0 && isInvalidated(this.#store, space, record)
    return isGone ? undefined : record.expiresAt
  }

  /** Looks at the change id of the store. */
  look(): void {
    this.seen(this.#store.changeId())
  }

  /** The store has this change id, and somebody else may have made it so. */
  seen(change: number): void {
    if (change === this.#seenChange) return
    // Ids only grow, unless the store was put back to an earlier state: then no stamp means anything.
    if (change < this.#seenChange) this.#cache.clear()
    this.#seenChange = change
    this.#floor = change
    this.foreignChanges++
  }

  /**
   * A transaction of ours has ended: at `before`, which was seen, the store was locked to others. One
   * that wrote nothing leaves the id as it is: if it has moved all the same, that was somebody else.
   */
  committed(before: number, hasWritten: boolean): void {
    const change = this.#store.changeId()
    const isOursAlone = change === before || (hasWritten && change === before + 1)
    if (isOursAlone) this.#seenChange = change
    else this.seen(change)
  }

  /** Something was committed here that concerns no key alone: all cached entries are checked again. */
  recheck(): void {
    this.#floor = this.#seenChange
    this.foreignChanges++
  }

  /** The key was written here. */
  drop(id: string): void {
    this.#cache.delete(id)
  }

  clear(): void {
    this.#cache.clear()
  }

  get isEmpty(): boolean {
    return this.#cache.entries === 0
  }

  get size(): { entries: number; sizeBytes: number } {
    return { entries: this.#cache.entries, sizeBytes: this.#cache.sizeBytes }
  }

  /** The cached entry of a key, if it is the latest. It may have expired. */
  #latest(id: string): Entry | undefined {
    const change = this.#store.changeId()
    if (change !== this.#seenChange) this.seen(change)
    const cached = this.#cache.get(id)
    return cached !== undefined && cached.validAt >= this.#floor ? cached : undefined
  }

  #load(space: KeySpace, key: string, id: string, mode: ValueMode): Entry | undefined {
    this.misses++
    // Seen before the read: the record is at least as new as that.
    const validAt = this.#seenChange
    const cached = this.#cache.get(id)
    const record = findRow(this.#store, space, key, 'lent', this.#clock)?.fields
    if (record === undefined || this.#isPast(record.expiresAt)) {
      if (cached !== undefined) this.#cache.delete(id)
      return undefined
    }
    if (cached?.version === record.version && (mode === 'frozen' || cached.isWhole)) {
      // Somebody committed, but not this key: no need to decode it again.
      return this.#checked(space, id, cached, validAt)
    }
    const make = mode === 'frozen' && record.isPlain ? Entry.frozen : Entry.copied
    const entry = make(key, record, this.#codec)
    this.#cache.set(id, entry, entry.weightBytes)
    return this.#checked(space, id, entry, validAt)
  }

  /** The entry, valid from now on; undefined, and out of the cache, if one of its tags was invalidated. */
  #checked(space: KeySpace, id: string, entry: Entry, validAt: number): Entry | undefined {
    if (entry.tags.length > 0 && isInvalidated(this.#store, space, entry)) {
      this.#cache.delete(id)
      return undefined
    }
    entry.validAt = validAt
    return entry
  }

  #isPast(expiresAt: number): boolean {
    return expiresAt !== 0 && isExpired(expiresAt, this.#clock.now())
  }
}
