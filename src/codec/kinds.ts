/**
 * What a value holds that plain JSON does not, as a set of bits.
 *
 * Each serializer says which kinds it brings back exactly. A value with any other kind is flattened
 * into plain arrays first (graph.ts), so that all serializers store all values.
 */
import { inspect, types } from 'node:util'
import { bytesKind } from './bytes-kind.js'

export const KIND = {
  undefined: 1 << 0,
  /** NaN and the infinities. */
  nonFinite: 1 << 1,
  negativeZero: 1 << 2,
  bigint: 1 << 3,
  /** A string, or a property name, with a lone surrogate. */
  illFormed: 1 << 4,
  /** An own property named `__proto__`, or `toJSON`, which msgpackr would call. */
  protoKey: 1 << 5,
  /** An array with holes. */
  sparse: 1 << 6,
  date: 1 << 7,
  map: 1 << 8,
  set: 1 << 9,
  /** ArrayBuffer, its views and Buffer. */
  bytes: 1 << 10,
  /** One object at two places, or inside itself. */
  shared: 1 << 11,
  /** Anything else: it takes the long way, which stores it or says why not. */
  other: 1 << 12,
} as const

/** A set of kinds. */
export type Kinds = number

/** Beyond this depth recursive serializers get close to the end of the stack. */
const MAX_DEPTH = 200

/** Up to this many objects, looking through an array beats building a Set. */
const FEW = 24

/** The kinds in a value. Looks at each part once; never throws. */
export function kindsOf(value: unknown): Kinds {
  return new Look().at(value, 0)
}

class Look {
  #first: object | undefined
  /** With the first; made for the second. */
  #few: object[] | undefined
  #many: Set<object> | undefined

  at(value: unknown, depth: number): Kinds {
    // Each asked by itself, as V8 answers that without a call.
    if (typeof value === 'string') return value.isWellFormed() ? 0 : KIND.illFormed
    if (typeof value === 'number') {
      if (!Number.isFinite(value)) return KIND.nonFinite
      return Object.is(value, -0) ? KIND.negativeZero : 0
    }
    if (typeof value === 'object') return value === null ? 0 : this.#object(value, depth)
    if (typeof value === 'boolean') return 0
    if (typeof value === 'undefined') return KIND.undefined
    return typeof value === 'bigint' ? KIND.bigint : KIND.other
  }

  #object(value: object, depth: number): Kinds {
    if (this.#isKnown(value)) return KIND.shared
    if (depth > MAX_DEPTH) return KIND.other
    // Also those that stand for a value of ours: only the long way finds out.
    if (types.isProxy(value)) return KIND.other
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype === Object.prototype) return this.#plain(value as Record<string, unknown>, depth)
    if (Array.isArray(value))
      return prototype === Array.prototype ? this.#array(value, depth) : KIND.other
    if (bytesKind(value) !== undefined) return KIND.bytes
    if (Object.keys(value).length > 0) return KIND.other
    if (prototype === Date.prototype && types.isDate(value)) return KIND.date
    if (prototype === Map.prototype && types.isMap(value)) return this.#map(value, depth)
    if (prototype === Set.prototype && types.isSet(value)) return this.#set(value, depth)
    return KIND.other
  }

  #plain(value: Record<string, unknown>, depth: number): Kinds {
    let kinds = Object.getOwnPropertySymbols(value).length > 0 ? KIND.other : 0
    // With what prototypes were given: that takes the long way for nothing, and V8 walks the rest faster.
    for (const key in value) {
      if (!key.isWellFormed()) kinds |= KIND.illFormed
      if (key === '__proto__' || key === 'toJSON') kinds |= KIND.protoKey
      kinds |= this.at(value[key], depth + 1)
    }
    return kinds
  }

  #array(value: readonly unknown[], depth: number): Kinds {
    let kinds = hasItemsOnly(value) ? 0 : KIND.other
    for (let at = 0; at < value.length; at++) {
      const item = value[at]
      if (item === undefined && !(at in value)) return kinds | this.#sparse(value, at, depth)
      kinds |= this.at(item, depth + 1)
    }
    return kinds
  }

  /** By its keys: an array of a few items may have thousands of millions of holes. */
  #sparse(value: readonly unknown[], from: number, depth: number): Kinds {
    let kinds: Kinds = KIND.sparse
    for (const key of Object.keys(value)) {
      if (Number(key) > from) kinds |= this.at(value[Number(key)], depth + 1)
    }
    return kinds
  }

  #map(value: Map<unknown, unknown>, depth: number): Kinds {
    let kinds: Kinds = KIND.map
    for (const [key, item] of value) kinds |= this.at(key, depth + 1) | this.at(item, depth + 1)
    return kinds
  }

  #set(value: Set<unknown>, depth: number): Kinds {
    let kinds: Kinds = KIND.set
    for (const item of value) kinds |= this.at(item, depth + 1)
    return kinds
  }

  /** Whether the object was met before; notes it if not. */
  #isKnown(value: object): boolean {
    if (this.#many !== undefined) {
      const { size } = this.#many
      return this.#many.add(value).size === size
    }
    if (this.#first === undefined) {
      this.#first = value
      return false
    }
    this.#few ??= [this.#first]
    if (this.#few.includes(value)) return true
    this.#few.push(value)
    if (this.#few.length > FEW) this.#many = new Set(this.#few)
    return false
  }
}

/** Up to this length, listing an array's keys beats everything else. */
const SHORT_ARRAY = 64

/** What inspect() shows of an array that has items only, none of which it looks at. */
const ITEMS_ONLY = /^\[ \.\.\. \d+ more items \]$/
const INSPECT_NO_ITEM = {
  maxArrayLength: 0,
  depth: 0,
  breakLength: Number.POSITIVE_INFINITY,
  colors: false,
  customInspect: false,
  getters: false,
  showHidden: false,
} as const

/**
 * Whether an array has no properties besides its items. Listing the keys of a long array takes as
 * long as packing it; inspect() asks V8 for the properties without them, in a microsecond.
 */
function hasItemsOnly(array: readonly unknown[]): boolean {
  if (Object.getOwnPropertySymbols(array).length > 0) return false
  if (array.length > SHORT_ARRAY && ITEMS_ONLY.test(inspect(array, INSPECT_NO_ITEM))) return true
  const keys = Object.keys(array)
  return keys.length <= array.length && Number(keys.at(-1) ?? 0) < array.length
}
