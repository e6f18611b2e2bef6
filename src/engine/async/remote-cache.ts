/**
 * Entries of an AsyncStore that were read before, kept as long as the store hears of changes.
 *
 * COHERENCE. The store tells of each change to a row that was read, after the read began. So an entry
 * may be kept if nothing was told of its row between the beginning of its read and its end, which the
 * read's flight remembers, and until something is told. What this process writes itself is told here.
 *
 * An entry is kept under the name of its digest's first slot, so that a row tells whose it is.
 */

import { latin1Of } from '../../bytes.js'
import type { KeySpace } from '../../keys/key-space.js'
import type { AsyncStore } from '../../store/async-store.js'
import type { EntryCache } from '../cached-reads.js'
import type { Entry } from '../entry.js'
import type { RemoteTags } from './remote-tags.js'

/** One read, from its beginning to its end. */
export interface Flight {
  readonly name: string
  /** What was invalidated by tag later is not known to it. */
  readonly epoch: number
  /** The row changed meanwhile: what was read is not kept. */
  isStale: boolean
}

/** The reads of a time in which the store hears of no changes. */
const UNHEARD: Flight = { name: '', epoch: 0, isStale: true }

export class RemoteCache {
  readonly #cache: EntryCache
  readonly #store: AsyncStore
  readonly #tags: RemoteTags
  /** The reads under way, by name. */
  readonly #flights = new Map<string, Set<Flight>>()

  constructor(cache: EntryCache, store: AsyncStore, tags: RemoteTags) {
    this.#cache = cache
    this.#store = store
    this.#tags = tags
  }

  /** The entry of a key if it is known to be the latest. It may have expired. */
  get(space: KeySpace, key: string): Entry | undefined {
    if (!this.#store.hears) return undefined
    const entry = this.#cache.get(nameOf(space, space.lend(key)))
    // Keys with one digest have one name.
    if (entry?.key !== key) return undefined
    return entry.tags.length === 0 || entry.validAt === this.#tags.epoch ? entry : undefined
  }

  /** Call before the store is asked. */
  depart(space: KeySpace, key: string): Flight {
    // What is told meanwhile would not be heard, so it is not kept, whoever hears at its end.
    if (!this.#store.hears) return UNHEARD
    const name = nameOf(space, space.lend(key))
    const flight: Flight = { name, epoch: this.#tags.epoch, isStale: false }
    const beside = this.#flights.get(flight.name)
    if (beside === undefined) this.#flights.set(flight.name, new Set([flight]))
    else beside.add(flight)
    return flight
  }

  /** Call with what was read, however it ended. */
  land(flight: Flight, entry: Entry | undefined): void {
    if (flight === UNHEARD) return
    const beside = this.#flights.get(flight.name)
    if (beside?.delete(flight) && beside.size === 0) this.#flights.delete(flight.name)
    if (flight.isStale || !this.#store.hears) return
    if (entry === undefined) {
      this.#cache.delete(flight.name)
    } else {
      entry.validAt = flight.epoch
      this.#cache.set(flight.name, entry, entry.weightBytes)
    }
  }

  /** The row under a storage key of the namespace has changed. */
  drop(space: KeySpace, storageKey: Uint8Array): void {
    const name = nameOf(space, storageKey)
    this.#cache.delete(name)
    this.#ground(name)
  }

  /** Anything may have changed. */
  clear(): void {
    this.#cache.clear()
    for (const name of [...this.#flights.keys()]) this.#ground(name)
  }

  get size(): { entries: number; sizeBytes: number } {
    return { entries: this.#cache.entries, sizeBytes: this.#cache.sizeBytes }
  }

  #ground(name: string): void {
    for (const flight of this.#flights.get(name) ?? []) flight.isStale = true
    this.#flights.delete(name)
  }
}

function nameOf(space: KeySpace, storageKey: Uint8Array): string {
  const first = space.isHashed(storageKey) ? space.withSlot(storageKey, 0) : storageKey
  return latin1Of(first)
}
