import type { AsyncQuarantineRows } from '../engine/async/async-engine.js'
import type { QuarantinedRecord } from '../engine/upkeep/quarantine.js'

/**
 * The records that `verify({ repair: true })` moved out of the way because they could not be read, of
 * all namespaces. They stay until they are discarded.
 */
export class AsyncQuarantine {
  readonly #rows: AsyncQuarantineRows

  /** `dict.quarantine` of an AsyncPersistDict is one. */
  constructor(rows: AsyncQuarantineRows) {
    this.#rows = rows
  }

  /** How many records there are. */
  size(): Promise<number> {
    return this.#rows.count()
  }

  /** The records with their bytes, oldest first: to look at, or to write elsewhere. */
  [Symbol.asyncIterator](): AsyncGenerator<QuarantinedRecord, undefined> {
    return this.#rows.records()
  }

  /**
   * Puts back what can be read after all, by a newer version for example, unless its key was set
   * meanwhile; resolves to how many.
   */
  restore(): Promise<number> {
    return this.#rows.restore()
  }

  /** Removes all of them for good; resolves to how many. */
  discard(): Promise<number> {
    return this.#rows.discard()
  }
}
