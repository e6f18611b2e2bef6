import { PersistDictError } from './persist-dict-error.js'

/** A limit of the store leaves no room, and nothing may be evicted for it. Nothing was stored. */
export class CapacityError extends PersistDictError {
  readonly code = 'ERR_PERSISTDICT_CAPACITY'
  /** Which limit: `'maxEntries'` or `'maxBytes'`. */
  readonly limit: 'maxEntries' | 'maxBytes'
  /** Its value. */
  readonly max: number

  constructor(limit: 'maxEntries' | 'maxBytes', max: number, where: string, advice: string) {
    super(`${where} has reached its ${limit} of ${max}. ${advice}`)
    this.limit = limit
    this.max = max
  }
}
