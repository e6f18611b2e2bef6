import type { EntryRange } from '../engine/entry-range.js'
import { OptionError } from '../errors/option-error.js'
import { refuseUnknown } from '../errors/unknown-option.js'
import type { Range } from './face.js'

const NAMES = ['gt', 'gte', 'lt', 'lte', 'prefix', 'limit', 'reverse', 'order'] as const
const BOUNDS = ['gt', 'gte', 'lt', 'lte'] as const

/** A range as the user gives it, checked, with keys as `keyOf` makes them. */
export function checkedRange<K>(
  range: Range<K> | undefined,
  keyOf: (key: K) => string,
): EntryRange {
  if (range === undefined) return {}
  refuseUnknown(range, NAMES, 'a range')
  const { prefix, limit, reverse, order } = range
  if (limit !== undefined && !(limit >= 0)) {
    throw new RangeError(`limit must be a number of entries, 0 or more, and was ${String(limit)}.`)
  }
  if (prefix !== undefined && typeof prefix !== 'string') {
    throw new OptionError('prefix', `prefix must be a string, and was ${typeof prefix}.`)
  }
  if (order !== undefined && order !== 'key' && order !== 'insertion') {
    throw new OptionError(
      'order',
      `order must be 'key' or 'insertion', and was ${JSON.stringify(order)}.`,
    )
  }
  const bounds: Record<string, string> = {}
  for (const bound of BOUNDS) {
    const key = range[bound]
    if (key !== undefined) bounds[bound] = keyOf(key)
  }
  return {
    ...bounds,
    prefix,
    limit: limit === undefined ? undefined : Math.floor(limit),
    reverse,
    order,
  }
}

/** The same for a watch, which has no order of its own and no end. */
export function checkedWatchRange<K>(range: Range<K>, keyOf: (key: K) => string): EntryRange {
  const { limit, reverse, order, ...bounds } = checkedRange(range, keyOf)
  for (const [name, value] of Object.entries({ limit, reverse, order })) {
    if (value !== undefined) {
      throw new OptionError(name, `watch() takes a range of keys, without "${name}".`)
    }
  }
  return bounds
}
