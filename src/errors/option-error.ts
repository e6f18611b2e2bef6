import { PersistDictError } from './persist-dict-error.js'

/** An option is unknown, or its value cannot be used. */
export class OptionError extends PersistDictError {
  readonly code = 'ERR_PERSISTDICT_OPTION'
  /** The name of the offending option. */
  readonly option: string

  constructor(option: string, what: string) {
    super(what)
    this.option = option
  }
}
