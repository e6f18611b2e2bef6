/** What can go wrong with locks and leases. */
import { PersistDictError } from './persist-dict-error.js'

/** A lock was not to be had in the time that was allowed for it. */
export class LockTimeoutError extends PersistDictError {
  readonly code = 'ERR_PERSISTDICT_LOCK_TIMEOUT'
  /** The key whose lock was wanted. */
  readonly key: string
  /** How long the call waited, in milliseconds. */
  readonly timeoutMs: number

  constructor(key: string, timeoutMs: number) {
    super(
      `The lock of key ${JSON.stringify(key)} was not to be had within ${timeoutMs} ms: somebody else holds it. Wait longer (timeout), or find out who does not release it.`,
    )
    this.key = key
    this.timeoutMs = timeoutMs
  }
}

/** A lease ran out before it was renewed, and somebody else has it, or may have it. Nothing was written. */
export class LockLostError extends PersistDictError {
  readonly code = 'ERR_PERSISTDICT_LOCK_LOST'
  /** The fencing token of the lost lease. */
  readonly token: number

  constructor(token: number) {
    super(
      `The lease with token ${token} was lost: it was not renewed in time, because the process was stopped or its event loop was blocked. Nothing was written under it. Stop what you were doing; ask for the lock again, with a longer lease.`,
    )
    this.token = token
  }
}
