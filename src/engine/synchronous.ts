import { TransactionError } from '../errors/store-errors.js'

/** What a callback inside a transaction returned, unless it is a promise: that would be too late. */
export function synchronous<T>(value: T): T {
  if (typeof (value as { then?: unknown } | null | undefined)?.then !== 'function') return value
  // Its rejection must not end the process on top of the error thrown here.
  Promise.resolve(value).catch(() => {})
  throw new TransactionError(
    'The callback returned a promise. It runs inside a synchronous transaction and must return a plain value: do the asynchronous work before.',
  )
}
