import { PersistDictError } from './persist-dict-error.js'

/** A key is not a string or a number, or cannot be stored under the dict's key settings. */
export class KeyError extends PersistDictError {
  readonly code = 'ERR_PERSISTDICT_KEY'
  readonly key: unknown

  constructor(key: unknown, what: string, options?: ErrorOptions) {
    super(what, options)
    this.key = key
  }
}
