/** What can go wrong while a value is computed once for all. */
import { PersistDictError } from './persist-dict-error.js'

/** A value was not there within the `timeout` of the call. It is still being computed. */
export class ComputeTimeoutError extends PersistDictError {
  readonly code = 'ERR_PERSISTDICT_COMPUTE_TIMEOUT'
  /** The key whose value was wanted. */
  readonly key: string
  /** How long the call waited, in milliseconds. */
  readonly timeoutMs: number

  constructor(key: string, timeoutMs: number) {
    super(
      `The value of key ${JSON.stringify(key)} was not there within ${timeoutMs} ms. It is still being computed, and will be stored. Wait longer (timeout), or serve an old value meanwhile (grace, softTimeout).`,
    )
    this.key = key
    this.timeoutMs = timeoutMs
  }
}

/** The function of memoizeMany() returned another number of values than it was given items. */
export class ResultCountError extends PersistDictError {
  readonly code = 'ERR_PERSISTDICT_RESULT_COUNT'
  /** How many items the function was given. */
  readonly items: number
  /** How many values it returned. */
  readonly results: number

  constructor(name: string, items: number, results: number) {
    super(
      `The function "${name}" returned ${results} values for ${items} items, so that it is not known which is whose. Nothing of this batch was stored.`,
    )
    this.items = items
    this.results = results
  }
}
