/**
 * Writing entries as they were elsewhere: each with its own deadline, tags and times, many in one batch.
 * Kept beside dicts: whoever sets an entry does not say when it was made.
 */
import type { EntryTimes } from '../engine/write.js'
import { OptionError } from '../errors/option-error.js'

export interface RestoredEntry {
  /** As users give it. */
  readonly key: unknown
  readonly value: unknown
  /** Milliseconds since 1970-01-01 UTC; Infinity for never. */
  readonly expiresAt: number
  readonly tags: readonly string[]
  /** Undefined: the entry is made now. */
  readonly times?: EntryTimes | undefined
}

export interface Restorer {
  /** Stores entries as setMany() does: in their order, and each batch all or none. */
  write(entries: readonly RestoredEntry[]): Promise<unknown>
  /** An entry was last read then. Nothing where access times are not kept. */
  wasRead(key: unknown, at: number): void
}

const restorers = new WeakMap<object, Restorer>()

export function registerRestorer(dict: object, restorer: Restorer): void {
  restorers.set(dict, restorer)
}

/** Throws OptionError for what is no dict of ours. */
export function restorerOf(dict: object): Restorer {
  const restorer = restorers.get(dict)
  if (restorer !== undefined) return restorer
  throw new OptionError('to', 'What is copied to must be a PersistDict or an AsyncPersistDict.')
}
