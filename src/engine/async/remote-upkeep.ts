import type { Clock } from '../../clock.js'
import { UnsupportedError } from '../../errors/store-errors.js'
import type { AsyncStore } from '../../store/async-store.js'
import type { RotationReport } from '../resealing.js'
import type { AsyncQuarantineRows, AsyncUpkeep } from './async-engine.js'
import { rotateRemoteKeys } from './remote-rotation.js'

/** Looking after an AsyncStore. */
export class RemoteUpkeep implements AsyncUpkeep {
  readonly #store: AsyncStore
  readonly #clock: Clock

  constructor(store: AsyncStore, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  get quarantine(): AsyncQuarantineRows {
    throw new UnsupportedError(this.#store.kind, 'quarantine')
  }

  async verify(): Promise<never> {
    throw new UnsupportedError(this.#store.kind, 'verify')
  }

  rotateKeys(): Promise<RotationReport> {
    return rotateRemoteKeys(this.#store, this.#clock)
  }

  async backup(): Promise<never> {
    throw new UnsupportedError(this.#store.kind, 'backup')
  }

  async compact(): Promise<never> {
    throw new UnsupportedError(this.#store.kind, 'compact')
  }
}
