/** The error types of the language. Their position in the list is stored: append, never reorder. */
export const ERROR_TYPES = [
  'Error',
  'TypeError',
  'RangeError',
  'SyntaxError',
  'ReferenceError',
  'EvalError',
  'URIError',
  'AggregateError',
] as const

export type ErrorType = (typeof ERROR_TYPES)[number]

/** The type of an error of the language itself; undefined for subclasses. */
export function errorType(error: Error): ErrorType | undefined {
  const prototype: unknown = Object.getPrototypeOf(error)
  return ERROR_TYPES.find((type) => globalThis[type].prototype === prototype)
}

/** An error of that type with nothing in it; its properties are defined by the caller. */
export function emptyError(type: ErrorType): Error {
  return type === 'AggregateError' ? new AggregateError([]) : new globalThis[type]()
}
