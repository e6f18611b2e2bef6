/** What can be wrong with a value, on its way in or out. */
import { PersistDictError } from './persist-dict-error.js'

/** The value, or a part of it, would not come back equal. Nothing was stored. */
export class UnpersistableValueError extends PersistDictError {
  readonly code = 'ERR_PERSISTDICT_UNPERSISTABLE'
  /** Where in the value the offending part is, for example `user.tags[2]`; empty for the value itself. */
  readonly path: string
  readonly #key: string
  readonly #what: string

  constructor(key: string, path: string, what: string, options?: ErrorOptions) {
    const place = path === '' ? 'The value' : `"${path}" of the value`
    super(`${place} for key ${quote(key)} cannot be stored: ${what}`, options)
    this.path = path
    this.#key = key
    this.#what = what
  }

  /** The same error for a value that lies at `place` within a larger one. */
  within(place: string): UnpersistableValueError {
    const joint = this.path === '' || this.path.startsWith('[') ? '' : '.'
    const path = `${place}${joint}${this.path}`.replace(/^\./, '')
    return new UnpersistableValueError(this.#key, path, this.#what, { cause: this.cause })
  }
}

/** A value is longer than `maxValueBytes` allows. Nothing was stored. */
export class ValueTooLongError extends PersistDictError {
  readonly code = 'ERR_PERSISTDICT_VALUE_TOO_LONG'
  /** How long the serialized value is. */
  readonly sizeBytes: number

  constructor(key: string, sizeBytes: number, maxBytes: number) {
    super(
      `The value for key ${quote(key)} takes ${sizeBytes} bytes, and maxValueBytes is ${maxBytes}. Store it in parts, or open the dict with a larger maxValueBytes.`,
    )
    this.sizeBytes = sizeBytes
  }
}

/** A schema given as `schema` refused the value. Nothing was stored. */
export class InvalidValueError extends PersistDictError {
  readonly code = 'ERR_PERSISTDICT_INVALID_VALUE'
  /** What the schema said; empty for an encrypted dict, whose errors hold nothing of values. */
  readonly issues: readonly { readonly message: string; readonly path: string }[]

  constructor(key: string, issues: readonly { message: string; path: string }[]) {
    const list = issues.map((i) => (i.path === '' ? i.message : `${i.path}: ${i.message}`))
    super(`The value for key ${quote(key)} does not fit the schema: ${list.join('; ')}`)
    this.issues = issues
  }
}

/** A stored record cannot be read. It is left in place, never deleted. */
export class UnreadableRecordError extends PersistDictError {
  readonly code: `ERR_PERSISTDICT_${string}` = 'ERR_PERSISTDICT_UNREADABLE_RECORD'
  /** The key of the record. */
  readonly key: string

  constructor(key: string, what: string, options?: ErrorOptions) {
    super(
      `The record of key ${quote(key)} cannot be read: ${what}. It was left in place; set the key again to replace it.`,
      options,
    )
    this.key = key
  }
}

/**
 * It cannot be told whether an entry was invalidated by one of its tags: the mark of the tag is
 * damaged. The entry was left in place, and so was the mark.
 */
export class UnreadableTagError extends PersistDictError {
  readonly code = 'ERR_PERSISTDICT_UNREADABLE_TAG'
  /** The tag. */
  readonly tag: string

  constructor(tag: string) {
    super(
      `It cannot be read when the tag ${quote(tag)} was invalidated, so no entry with the tag is read. Nothing was removed. Call invalidateTag() again, or verify({ repair: true }) to have the entries as if it never was.`,
    )
    this.tag = tag
  }
}

/** increment() met a value that is not a number. Nothing was changed. */
export class NotANumberError extends PersistDictError {
  readonly code = 'ERR_PERSISTDICT_NOT_A_NUMBER'

  constructor(key: string, found: string) {
    super(
      `increment() needs a number at key ${quote(key)} and found ${found}. Use update() for other values.`,
    )
  }
}

/** Keys can be megabytes long; a message needs only enough to recognise one. */
const QUOTED_KEY_LIMIT = 80

function quote(key: string): string {
  const text =
    key.length > QUOTED_KEY_LIMIT
      ? `${key.slice(0, QUOTED_KEY_LIMIT)}… (${key.length} characters)`
      : key
  return JSON.stringify(text)
}
