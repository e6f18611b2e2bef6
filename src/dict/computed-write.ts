/** How values that were computed, and errors that are kept in their place, become writes. */
import type { StoreTerms } from '../engine/compute/compute-host.js'
import type { SetWrite } from '../engine/write.js'
import { UnpersistableValueError } from '../errors/value-errors.js'
import { dataDescriptor } from './data-property.js'

/** The namespace, within each, of errors that are kept in place of values. */
export const ERRORS = 'persistdict:errors'

/** The namespace, within each, of the values of memoized functions; one more for each name. */
export const MEMOIZED = 'persistdict:memoize'

/** The write with what only computed values have: a shortened ttl, and a grace. */
export function computedWrite(write: SetWrite, terms: StoreTerms, now: number): SetWrite {
  if (write.expiresAt === 0) return write
  const { ttlFactor, graceMs, computeMs } = terms
  const expiresAt = Math.ceil(now + Math.max(1, (write.expiresAt - now) * ttlFactor))
  const grace = computeMs === undefined ? undefined : { until: expiresAt + graceMs, computeMs }
  return { ...write, expiresAt, grace }
}

/** What `make` makes of an error. One that cannot be stored as it is comes back as a plain Error. */
export function errorWrite<T>(error: unknown, make: (storable: unknown) => T): T {
  try {
    return make(error ?? new Error(String(error)))
  } catch (refusal) {
    if (!(refusal instanceof UnpersistableValueError)) throw refusal
    return make(plainError(error))
  }
}

/** What of an error can be stored in any case: name, message, stack, and properties such as a status. */
function plainError(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error))
  const plain = new Error(error.message)
  const value = (text: string) => ({ value: text, writable: true, configurable: true })
  Object.defineProperties(plain, { name: value(error.name), stack: value(`${error.stack}`) })
  for (const [key, item] of Object.entries(error)) {
    if (isPrimitive(item)) Object.defineProperty(plain, key, dataDescriptor(item))
  }
  return plain
}

function isPrimitive(value: unknown): boolean {
  return value === null || ['string', 'number', 'bigint', 'boolean'].includes(typeof value)
}
