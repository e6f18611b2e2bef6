import { PersistDictError } from './persist-dict-error.js'

/** A live value was changed here and by somebody else. The change here was not stored. */
export class ConflictError extends PersistDictError {
  readonly code = 'ERR_PERSISTDICT_CONFLICT'
  /** The key whose value was changed twice. */
  readonly key: string

  constructor(key: string) {
    super(
      `The value of key ${JSON.stringify(key)} was changed by another process or handle since it was read. ` +
        'Nothing was stored. Read it again and repeat the change, or use update(), which cannot conflict.',
    )
    this.key = key
  }
}
