import type { KeySpace } from '../keys/key-space.js'

/** What is told of a row. */
export interface RowFacts {
  readonly seq: number
  /** Length of the record. */
  readonly bytes: number
}

/**
 * Told of every row as it changes inside a transaction, by whom keeps accounts of rows. The storage key
 * is lent until it returns.
 */
export interface RowObserver {
  /** A record is about to be put; `before` is the readable one that it replaces. */
  put(space: KeySpace, storageKey: Uint8Array, row: RowFacts, before: RowFacts | undefined): void
  /** A row is about to be removed; `row` if its record could be read. */
  removed(space: KeySpace, storageKey: Uint8Array, row: RowFacts | undefined): void
}
