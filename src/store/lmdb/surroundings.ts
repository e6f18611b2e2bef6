/**
 * Whether the disk takes a commit: the data file is where it was opened, and there is room.
 *
 * Two system calls tell, and together take as long as half of what else a small commit does. So an
 * unsynced commit relies on what was seen a moment before, if there was far more room than anybody
 * fills in so short a time. A commit that waits for the disk looks each time.
 */
import { systemClock } from '../../clock.js'
import { StoreGoneError } from '../../errors/store-errors.js'
import { fileIdentity } from '../local-directory.js'
import type { StoreDirectory } from './directory.js'
import type { Generation } from './generation.js'
import { withFiles } from './lmdb-errors.js'
import { type CommitSize, mostBytes, spareBytes } from './room.js'

/** A directory that was removed goes on for so long. */
const TRUST_MS = 5

/** Room that others do not fill within TRUST_MS by writing: that would be 50 GB a second. */
const AMPLE_BYTES = 256 * 2 ** 20

export class Surroundings {
  readonly #directory: StoreDirectory
  readonly #data: Generation
  #lookedAt = Number.NEGATIVE_INFINITY
  /** What was free at the last look, less what has been committed here since. */
  #spareBytes = 0

  constructor(directory: StoreDirectory, data: Generation) {
    this.#directory = directory
    this.#data = data
  }

  /** Throws StoreGoneError, StoreFullError or StoreError unless the transaction may commit. */
  assertReady(size: CommitSize, isSynced: boolean): void {
    const now = systemClock.monotonic()
    const left = this.#spareBytes - mostBytes(size)
    if (!isSynced && left >= AMPLE_BYTES && now - this.#lookedAt < TRUST_MS) {
      this.#spareBytes = left
      return
    }
    this.assertPresent()
    const { place, root } = this.#data
    const lastPage = () => root.env.info().lastPageNumber
    this.#spareBytes = withFiles(this.#directory.path, () => spareBytes(place.path, size, lastPage))
    this.#lookedAt = now
  }

  /** Throws StoreGoneError if the data file is no longer where it was opened. */
  assertPresent(): void {
    const { path } = this.#directory
    const { place, identity } = this.#data
    if (withFiles(path, () => fileIdentity(place.dataFile)) === identity) return
    throw new StoreGoneError(path)
  }
}
