import { PersistDictError } from './persist-dict-error.js'

/** A configuration cannot be used: it cannot be read, or a setting of it is unknown or wrong. */
export class ConfigError extends PersistDictError {
  readonly code = 'ERR_PERSISTDICT_CONFIG'
  /** The setting, with the groups that it is in: `store.path`; empty for the configuration as a whole. */
  readonly path: string

  constructor(path: string, what: string, options?: ErrorOptions) {
    super(what, options)
    this.path = path
  }
}
