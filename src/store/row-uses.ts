/**
 * When rows were last used, as far as a store is told: for those who remove what nobody uses.
 *
 * The times are kept beside the rows and change nothing of them: no listener hears of a new time, no
 * journal tells it, and no deadline moves. They are hints. One may be missing for a row that is there,
 * and be left for a row that is not.
 */

/** A row, and when it was used: in milliseconds since 1970-01-01 UTC. */
export interface RowUse {
  /** The key of the row. */
  readonly key: Uint8Array
  /** A whole number of milliseconds. */
  readonly at: number
}

/** The times of use that a store keeps of the rows of each bucket. */
export interface RowUses {
  /** Notes that rows were used. A later time that is known already stays, unless `replaces` is true. */
  note(bucket: string, uses: readonly RowUse[], replaces?: boolean): Promise<void>
  /** Up to `limit` of the known times that are at or before `until`, the oldest first. */
  unused(bucket: string, until: number, limit: number): Promise<RowUse[]>
  /** The known times of rows, in the order of their keys; undefined where none is known. */
  times(bucket: string, keys: readonly Uint8Array[]): Promise<(number | undefined)[]>
  /** Forgets the times of those of the rows that are not there. */
  forgetGone(bucket: string, keys: readonly Uint8Array[]): Promise<void>
}
