/** The largest array index: 2^32 - 2. */
const MAX_ARRAY_INDEX = 2 ** 32 - 2
const CANONICAL_INTEGER = /^(?:0|[1-9]\d{0,9})$/

/**
 * Keys in the order of an ordinary object's (ECMA-262, OrdinaryOwnPropertyKeys): array indices
 * ascending, then the others as they come. Returns the same array if there are no indices.
 */
export function jsKeyOrder(keys: string[]): string[] {
  const indices = keys.filter(isArrayIndex)
  if (indices.length === 0) return keys
  indices.sort((a, b) => Number(a) - Number(b))
  return indices.concat(keys.filter((key) => !isArrayIndex(key)))
}

function isArrayIndex(key: string): boolean {
  return CANONICAL_INTEGER.test(key) && Number(key) <= MAX_ARRAY_INDEX
}
