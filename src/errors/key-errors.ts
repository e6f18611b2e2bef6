/** What can be wrong with a key, or with many. */
import { PersistDictError } from './persist-dict-error.js'

/** A key is not a string or a number, or cannot be stored under the dict's key settings. */
export class KeyError extends PersistDictError {
  readonly code = 'ERR_PERSISTDICT_KEY'
  /** The offending key, as it was given. */
  readonly key: unknown

  constructor(key: unknown, what: string, options?: ErrorOptions) {
    super(what, options)
    this.key = key
  }
}

/** Object.keys() or the like of an object view met more keys than `maxKeys` allows. */
export class TooManyKeysError extends PersistDictError {
  readonly code = 'ERR_PERSISTDICT_TOO_MANY_KEYS'
  /** The limit that the view has. */
  readonly maxKeys: number

  constructor(maxKeys: number) {
    super(
      `The object view has more keys than maxKeys (${maxKeys}) allows to list at once. Use dict.keys(), which streams, or raise maxKeys.`,
    )
    this.maxKeys = maxKeys
  }
}

/** An argument of a memoized function, or a part of it, cannot be part of a key. Nothing was computed. */
export class UnkeyableValueError extends PersistDictError {
  readonly code = 'ERR_PERSISTDICT_UNKEYABLE'
  /** Where the offending part is, for example `messages[0].content`; empty for the value itself. */
  readonly path: string

  constructor(path: string, what: string) {
    const place = path === '' ? 'The value' : `"${path}" of the value`
    super(
      `${place} cannot be part of a key: it is ${what}. Ignore it (ignore), or make the key yourself (key).`,
    )
    this.path = path
  }
}
