/**
 * Base of every error that this library throws on purpose.
 *
 * `code` is stable across releases and is what programs should test; the message is for people and
 * says what happened, to which thing, and what to do about it. docs/errors.md has one section a code.
 */
export abstract class PersistDictError extends Error {
  /** Stable across releases: what programs should test. */
  abstract readonly code: `ERR_PERSISTDICT_${string}`

  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
  }
}
