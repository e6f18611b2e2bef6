import { OptionError } from '../../errors/option-error.js'
import { UnsupportedError } from '../../errors/store-errors.js'
import type { AsyncStore } from '../../store/async-store.js'
import type { AsyncQuarantineRows, AsyncUpkeep } from './async-engine.js'

/** Looking after an AsyncStore. */
export class RemoteUpkeep implements AsyncUpkeep {
  readonly #store: AsyncStore

  constructor(store: AsyncStore) {
    this.#store = store
  }

  get quarantine(): AsyncQuarantineRows {
    throw new UnsupportedError(this.#store.kind, 'quarantine')
  }

  async verify(): Promise<never> {
    throw new UnsupportedError(this.#store.kind, 'verify')
  }

  async rotateKeys(): Promise<never> {
    throw new OptionError('cipher', 'rotateKeys() needs a dict that was opened with a cipher.')
  }

  async backup(): Promise<never> {
    throw new UnsupportedError(this.#store.kind, 'backup')
  }

  async compact(): Promise<never> {
    throw new UnsupportedError(this.#store.kind, 'compact')
  }
}
