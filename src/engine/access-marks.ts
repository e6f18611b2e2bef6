/**
 * Noticing which entries are read, at the price of one comparison a read.
 *
 * Each cached entry has a mark. A read compares it with `epoch`; if they differ, the observers are
 * told and the entry is marked. So an entry is told of once in an epoch, unless an observer wants
 * every read: then the epoch is NaN, which equals nothing. Nobody observing, the epoch is that of
 * fresh entries, and nothing is told.
 */
import type { KeySpace } from '../keys/key-space.js'
import { type Entry, UNMARKED } from './entry.js'

export interface AccessObserver {
  /** Whether to be told of every read, and not of the first one in each epoch. */
  readonly everyRead: boolean
  /** An entry was read. Must not throw, and must be quick: it is part of the read. */
  accessed(space: KeySpace, key: string, entry: Entry): void
}

export class AccessMarks {
  /** Compared with the mark of each entry that is read. */
  epoch = UNMARKED
  #epochs = 0
  readonly #observers = new Set<AccessObserver>()

  /** Adds an observer; returns how to remove it. */
  add(observer: AccessObserver): () => void {
    this.#observers.add(observer)
    this.renew()
    return () => {
      this.#observers.delete(observer)
      this.renew()
    }
  }

  get tellsEveryRead(): boolean {
    return Number.isNaN(this.epoch)
  }

  /** Begins an epoch: the next read of each entry is told again. */
  renew(): void {
    this.epoch = this.#next()
  }

  /** Call for a read of an entry whose mark is not the epoch. */
  tell(space: KeySpace, key: string, entry: Entry): void {
    entry.mark = this.epoch
    for (const observer of this.#observers) observer.accessed(space, key, entry)
  }

  #next(): number {
    if (this.#observers.size === 0) return UNMARKED
    for (const { everyRead } of this.#observers) if (everyRead) return Number.NaN
    return ++this.#epochs
  }
}
