import { isIterable, kindOf } from '../errors/checked-argument.js'
import { OptionError } from '../errors/option-error.js'

/** The entries that setMany() was given: pairs, or a plain object. Throws OptionError. */
export function givenPairs<K, V>(
  entries: Iterable<readonly [K, V]> | object,
): readonly (readonly [K, V])[] {
  if (typeof entries !== 'object' || entries === null) throw wrong(kindOf(entries))
  // Of a plain object, the names are the keys: KeyIn takes strings wherever it takes the shape's names.
  if (!isIterable(entries)) return Object.entries(entries) as unknown as [K, V][]
  const pairs = [...(entries as Iterable<readonly [K, V]>)]
  const other = pairs.find((pair: unknown) => !Array.isArray(pair))
  if (other !== undefined || pairs.includes(other as never)) {
    throw wrong(`an iterable with ${kindOf(other)} in it`)
  }
  return pairs
}

function wrong(given: string): OptionError {
  return new OptionError(
    'entries',
    `setMany() takes [key, value] pairs as one iterable, such as an array or a Map, or a plain object; and was given ${given}.`,
  )
}
