/**
 * Values as JSON that brings them back equal: for people, files and programs in other languages.
 *
 *     plain JSON                          itself
 *     {"$date": "2026-01-31T12:00:00.000Z"}   a Date; null for an invalid one
 *     {"$bigint": "123"}                  a bigint
 *     {"$number": "NaN"}                  NaN, Infinity, -Infinity, -0
 *     {"$undefined": true}                undefined, inside an array, an object, a Map or a Set
 *     {"$map": [[key, value], …]}         a Map
 *     {"$set": [item, …]}                 a Set
 *     {"$bytes": ["Buffer", base64]}      a Buffer, ArrayBuffer or view, by the name of its type
 *     {"$graph": […]}                     anything else, and what refers to itself: graph.ts
 *     {"$$date": 1}                       the plain object {"$date": 1}
 *
 * Only an object with a single property whose name begins with `$` means more than it says.
 */
import { BYTES_KINDS, type BytesKind, bytesKind, fromBytes } from './bytes-kind.js'
import { flatten } from './graph.js'
import { KIND, kindsOf } from './kinds.js'
import { NO_TYPES, type RegisteredTypes } from './registered-types.js'
import { unflatten } from './unflatten.js'

/** What has a form of its own. */
const AS_TREE =
  KIND.undefined |
  KIND.nonFinite |
  KIND.negativeZero |
  KIND.bigint |
  KIND.illFormed |
  KIND.protoKey |
  KIND.date |
  KIND.map |
  KIND.set |
  KIND.bytes

/** Deeper JSON is not read: the walk would get close to the end of the stack. */
const MAX_DEPTH = 1_000

/** What JSON.stringify() makes typed JSON of. Throws TypeError for values that no dict can store. */
export function toTypedJson(value: unknown, types: RegisteredTypes = NO_TYPES): unknown {
  if ((kindsOf(value) & ~AS_TREE) === 0) return treeOf(value)
  return {
    $graph: flatten(value, types, (path, what) => {
      throw new TypeError(path === '' ? what : `at ${path}, ${what}`)
    }),
  }
}

/** The value of what JSON.parse() made of typed JSON. Throws TypeError or RangeError, saying why. */
export function fromTypedJson(json: unknown, types: RegisteredTypes = NO_TYPES): unknown {
  return new Reader(types).value(json, 0)
}

function treeOf(value: unknown): unknown {
  switch (typeof value) {
    case 'undefined':
      return { $undefined: true }
    case 'bigint':
      return { $bigint: String(value) }
    case 'number':
      if (Object.is(value, -0)) return { $number: '-0' }
      return Number.isFinite(value) ? value : { $number: String(value) }
    case 'object':
      return value === null ? null : objectTree(value)
    default:
      return value
  }
}

function objectTree(value: object): unknown {
  if (Array.isArray(value)) return value.map(treeOf)
  if (value instanceof Date) return { $date: Number.isNaN(+value) ? null : value.toISOString() }
  if (value instanceof Map) {
    return { $map: Array.from(value, ([key, item]) => [treeOf(key), treeOf(item)]) }
  }
  if (value instanceof Set) return { $set: Array.from(value, treeOf) }
  const kind = bytesKind(value)
  if (kind !== undefined) return { $bytes: [kind, base64(value as ArrayBuffer | ArrayBufferView)] }
  const entries = Object.entries(value).map(([key, item]) => [key, treeOf(item)] as const)
  const [first] = entries
  // Defines rather than assigns: `__proto__` is data.
  if (entries.length !== 1 || !first?.[0].startsWith('$')) return Object.fromEntries(entries)
  return { [`$${first[0]}`]: first[1] }
}

function base64(value: ArrayBuffer | ArrayBufferView): string {
  const bytes = ArrayBuffer.isView(value)
    ? Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    : Buffer.from(value)
  return bytes.toString('base64')
}

const NUMBERS: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
  '-0': -0,
}

class Reader {
  readonly #types: RegisteredTypes

  constructor(types: RegisteredTypes) {
    this.#types = types
  }

  value(json: unknown, depth: number): unknown {
    if (typeof json !== 'object' || json === null) return json
    if (depth > MAX_DEPTH) throw new RangeError(`is nested deeper than ${MAX_DEPTH} levels`)
    if (Array.isArray(json)) return json.map((item) => this.value(item, depth + 1))
    const entries = Object.entries(json)
    const [name = '', item] = entries[0] ?? []
    if (entries.length !== 1 || !name.startsWith('$')) return this.#plain(entries, depth)
    if (name.startsWith('$$')) return this.#plain([[name.slice(1), item]], depth)
    return this.#typed(name, item, depth)
  }

  #plain(entries: readonly (readonly [string, unknown])[], depth: number): unknown {
    return Object.fromEntries(entries.map(([key, item]) => [key, this.value(item, depth + 1)]))
  }

  #typed(name: string, item: unknown, depth: number): unknown {
    switch (name) {
      case '$undefined':
        return undefined
      case '$date':
        return dateOf(item)
      case '$bigint':
        return bigintOf(item)
      case '$number': {
        const number = NUMBERS[String(item)]
        if (number === undefined) throw new TypeError(`has a "$number" of ${JSON.stringify(item)}`)
        return number
      }
      case '$map':
        return new Map(
          listOf(name, item).map((pair) => {
            const [key, value] = listOf(name, pair)
            return [this.value(key, depth + 1), this.value(value, depth + 1)]
          }),
        )
      case '$set':
        return new Set(listOf(name, item).map((each) => this.value(each, depth + 1)))
      case '$bytes':
        return bytesOf(item)
      case '$graph':
        return unflatten(item, this.#types)
      default:
        throw new TypeError(
          `has "${name}", which is no type. A plain object with that property is written {"$${name}": …}`,
        )
    }
  }
}

function dateOf(item: unknown): Date {
  const date = new Date(item === null ? Number.NaN : String(item))
  if (item === null || !Number.isNaN(+date)) return date
  throw new TypeError(`has a "$date" of ${JSON.stringify(item)}`)
}

function bigintOf(item: unknown): bigint {
  if (typeof item === 'string' && /^-?\d+$/.test(item)) return BigInt(item)
  throw new TypeError(`has a "$bigint" of ${JSON.stringify(item)}`)
}

function bytesOf(item: unknown): ArrayBuffer | ArrayBufferView {
  const [kind, text] = listOf('$bytes', item)
  if (!BYTES_KINDS.includes(kind as BytesKind) || typeof text !== 'string') {
    throw new TypeError('has a "$bytes" that is not ["Buffer", base64] or the like')
  }
  return fromBytes(kind as BytesKind, Buffer.from(text, 'base64'))
}

function listOf(name: string, item: unknown): readonly unknown[] {
  if (Array.isArray(item)) return item
  throw new TypeError(`has a "${name}" that is not an array`)
}
