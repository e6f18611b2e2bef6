import { PersistDictError } from './persist-dict-error.js'

/** Others changed a key again and again while a change of it was tried. Nothing was stored. */
export class ContentionError extends PersistDictError {
  readonly code = 'ERR_PERSISTDICT_CONTENTION'
  /** The key that others kept changing. */
  readonly key: string
  /** How often it was tried. */
  readonly tries: number

  constructor(key: string, tries: number) {
    super(
      `The key ${JSON.stringify(key)} was changed by others during each of ${tries} tries to change it. ` +
        'Nothing was stored. Try again later, or spread what is written over several keys.',
    )
    this.key = key
    this.tries = tries
  }
}
