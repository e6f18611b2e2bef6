import type { CompactReport } from '../../store/sync-store.js'
import type { Activity } from '../activity/activity.js'
import { localActivity } from '../activity/local-activity.js'
import type { Engine } from '../engine.js'
import type { RotationOptions, RotationReport } from '../resealing.js'
import { rotateKeys } from '../rotation.js'
import type { VerifyReport } from '../upkeep/finding.js'
import {
  countQuarantined,
  discardQuarantined,
  type QuarantinedRecord,
  quarantined,
  restoreQuarantined,
} from '../upkeep/quarantine.js'
import { storeUpkeep } from '../upkeep/store-upkeep.js'
import { type VerifyOptions, verify } from '../upkeep/verify.js'
import type { AsyncQuarantineRows, AsyncUpkeep } from './async-engine.js'

/** Looking after a synchronous store, for asynchronous dicts. */
export class LocalUpkeep implements AsyncUpkeep {
  readonly quarantine: AsyncQuarantineRows
  readonly #engine: Engine

  constructor(engine: Engine) {
    this.#engine = engine
    this.quarantine = new LocalQuarantine(engine)
  }

  verify(options: VerifyOptions): Promise<VerifyReport> {
    return verify(this.#engine, options)
  }

  async activity(): Promise<Activity> {
    return localActivity(this.#engine)
  }

  rotateKeys(options: RotationOptions): Promise<RotationReport> {
    return rotateKeys(this.#engine, options)
  }

  async compact(): Promise<CompactReport> {
    await this.#engine.flush()
    return storeUpkeep(this.#engine.store, 'compact').compact()
  }
}

class LocalQuarantine implements AsyncQuarantineRows {
  readonly #engine: Engine

  constructor(engine: Engine) {
    this.#engine = engine
  }

  async *records(): AsyncGenerator<QuarantinedRecord, undefined> {
    yield* quarantined(this.#engine)
    return undefined
  }

  async count(): Promise<number> {
    return countQuarantined(this.#engine)
  }

  async restore(): Promise<number> {
    return restoreQuarantined(this.#engine)
  }

  async discard(): Promise<number> {
    return discardQuarantined(this.#engine)
  }
}
