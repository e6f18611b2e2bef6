/** What can go wrong with a store that is a server. */
import { StoreError } from './store-errors.js'

/**
 * The server of a store cannot be reached, or the connection was lost. A write that was under way may
 * have been applied or not.
 */
export class UnreachableError extends StoreError {
  override readonly code = 'ERR_PERSISTDICT_UNREACHABLE'
  /** The address of the server, without secrets. */
  readonly location: string

  constructor(location: string, what: string, options?: ErrorOptions) {
    super(
      `The store at ${location} cannot be reached: ${what}. A write that was under way may have been applied or not. ` +
        'Check that the server runs and that host and port are right; the next call connects again.',
      options,
    )
    this.location = location
  }
}

/**
 * The server of a store did not answer in time. A write that was under way may have been applied or
 * not; it will not be applied later.
 */
export class StoreTimeoutError extends StoreError {
  override readonly code = 'ERR_PERSISTDICT_STORE_TIMEOUT'
  /** The address of the server, without secrets. */
  readonly location: string
  /** How long the call waited for an answer, in milliseconds. */
  readonly timeoutMs: number

  constructor(location: string, timeoutMs: number, options?: ErrorOptions) {
    super(
      `The store at ${location} did not answer within ${timeoutMs} ms. A write that was under way may have been applied or not. ` +
        'Check the server and the network, or raise "timeout".',
      options,
    )
    this.location = location
    this.timeoutMs = timeoutMs
  }
}

/** The server of a store refuses the user: a wrong password, or a command that the user may not run. */
export class StoreAccessError extends StoreError {
  override readonly code = 'ERR_PERSISTDICT_STORE_ACCESS'
  /** The address of the server, without secrets. */
  readonly location: string

  constructor(location: string, what: string, options?: ErrorOptions) {
    super(
      `The store at ${location} refuses access: ${what}. Give the right user and password, or have the missing permission granted.`,
      options,
    )
    this.location = location
  }
}

/** The server of a store takes no writes, being a replica or told so. Nothing was changed. */
export class ReadOnlyStoreError extends StoreError {
  override readonly code = 'ERR_PERSISTDICT_STORE_READ_ONLY'
  /** The address of the server, without secrets. */
  readonly location: string

  constructor(location: string, what: string, options?: ErrorOptions) {
    super(
      `The store at ${location} takes no writes: ${what}. Nothing was changed. Connect to the master.`,
      options,
    )
    this.location = location
  }
}
