import type { Clock } from '../../clock.js'
import type { ValueCodec } from '../../codec/value-codec.js'
import { UnsupportedError } from '../../errors/store-errors.js'
import type { AsyncStore } from '../../store/async-store.js'
import type { Activity } from '../activity/activity.js'
import { remoteActivity } from '../activity/remote-activity.js'
import type { RotationOptions, RotationReport } from '../resealing.js'
import type { VerifyReport } from '../upkeep/finding.js'
import type { VerifyOptions } from '../upkeep/verify.js'
import type { AsyncUpkeep } from './async-engine.js'
import type { RemoteNamespaces } from './remote-namespaces.js'
import type { RemotePlaces } from './remote-places.js'
import { RemoteQuarantine } from './remote-quarantine.js'
import { rotateRemoteKeys } from './remote-rotation.js'
import { verifyRemote } from './remote-verify.js'

export interface RemoteUpkeepParts {
  readonly store: AsyncStore
  readonly codec: ValueCodec
  readonly clock: Clock
  readonly namespaces: RemoteNamespaces
  readonly places: RemotePlaces
}

/** Looking after an AsyncStore. */
export class RemoteUpkeep implements AsyncUpkeep {
  readonly quarantine: RemoteQuarantine
  readonly #parts: RemoteUpkeepParts

  constructor(parts: RemoteUpkeepParts) {
    this.#parts = parts
    this.quarantine = new RemoteQuarantine(parts)
  }

  verify(options: VerifyOptions): Promise<VerifyReport> {
    return verifyRemote({ ...this.#parts, quarantine: this.quarantine }, options)
  }

  activity(): Promise<Activity> {
    return remoteActivity(this.#parts.store)
  }

  rotateKeys(options: RotationOptions): Promise<RotationReport> {
    return rotateRemoteKeys(this.#parts.store, this.#parts.clock, options)
  }

  async compact(): Promise<never> {
    throw new UnsupportedError(this.#parts.store.kind, 'compact')
  }
}
