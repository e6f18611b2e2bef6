import type { Engine } from '../engine/engine.js'
import {
  countQuarantined,
  discardQuarantined,
  type QuarantinedRecord,
  quarantined,
  restoreQuarantined,
} from '../engine/upkeep/quarantine.js'

/**
 * The records that `verify({ repair: true })` moved out of the way because they could not be read, of
 * all namespaces. They stay until they are discarded.
 */
export class Quarantine {
  readonly #engine: Engine

  /** `dict.quarantine` is one. */
  constructor(engine: Engine) {
    this.#engine = engine
  }

  /** How many records there are. */
  get size(): number {
    return countQuarantined(this.#engine)
  }

  /** The records with their bytes, oldest first: to look at, or to write elsewhere. */
  [Symbol.iterator](): Generator<QuarantinedRecord, undefined> {
    return quarantined(this.#engine)
  }

  /**
   * Puts back what can be read after all, by a newer version for example, unless its key was set
   * meanwhile; returns how many.
   */
  restore(): number {
    return restoreQuarantined(this.#engine)
  }

  /** Removes all of them for good; returns how many. */
  discard(): number {
    return discardQuarantined(this.#engine)
  }
}
