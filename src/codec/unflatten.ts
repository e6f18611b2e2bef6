/** The way back from graph.ts: all objects first, then their parts, so that cycles close. */
import { BYTES_KINDS, type BytesKind, fromBytes } from './bytes-kind.js'
import { ERROR_TYPES, type ErrorType, emptyError } from './error-type.js'
import { TAG } from './graph.js'
import type { RegisteredTypes } from './registered-types.js'

/**
 * The value of a graph. Throws TypeError or RangeError for anything that flatten() does not make, and
 * for types that are not registered.
 */
export function unflatten(graph: unknown, types: RegisteredTypes): unknown {
  return new Unflattener(listOf(graph).map(listOf), types).run()
}

/** Stands in for an instance of a registered class until its data is complete. */
const UNMADE = Symbol('not made yet')

class Unflattener {
  readonly #nodes: readonly (readonly unknown[])[]
  readonly #types: RegisteredTypes
  readonly #objects: unknown[]
  readonly #filled = new Set<number>()
  /** Instances whose data is being completed: meeting one again would go on for ever. */
  readonly #making = new Set<number>()
  /** Nodes that were referred to and may have to be filled. */
  #open: number[] = []

  constructor(nodes: readonly (readonly unknown[])[], types: RegisteredTypes) {
    this.#nodes = nodes
    this.#types = types
    this.#objects = nodes.map((node) =>
      node[0] === TAG.type || node[0] === TAG.primitive ? UNMADE : emptyObject(node),
    )
  }

  run(): unknown {
    const [first] = this.#nodes
    if (first === undefined) throw new TypeError('is not a graph')
    return first[0] === TAG.primitive ? primitive(first[1]) : this.#complete(0)
  }

  /** The object of a node with everything below it. */
  #complete(at: number): unknown {
    const outer = this.#open
    this.#open = []
    const object = this.#object(at)
    for (let next = this.#open.pop(); next !== undefined; next = this.#open.pop()) {
      if (this.#filled.has(next)) continue
      this.#filled.add(next)
      fill(this.#objects[next] as object, this.#nodes[next] as unknown[], (part) =>
        this.#part(part),
      )
    }
    this.#open = outer
    return object
  }

  #part(part: unknown): unknown {
    return typeof part === 'number' ? this.#object(part) : primitive(part)
  }

  #object(at: number): unknown {
    const node = this.#nodes[at]
    if (node === undefined) throw new RangeError('refers to a node that is not there')
    if (node[0] !== TAG.type) {
      this.#open.push(at)
      return this.#objects[at]
    }
    if (this.#objects[at] === UNMADE) this.#objects[at] = this.#instance(at, node)
    return this.#objects[at]
  }

  #instance(at: number, [, name, data]: readonly unknown[]): object {
    if (this.#making.has(at)) throw new RangeError(`has a "${textOf(name)}" that contains itself`)
    this.#making.add(at)
    const complete = typeof data === 'number' ? this.#complete(data) : primitive(data)
    this.#making.delete(at)
    return this.#types.instanceOf(textOf(name), complete)
  }
}

function emptyObject(node: readonly unknown[]): object {
  const [tag, first, second, third] = node
  switch (tag) {
    case TAG.object:
      return {}
    case TAG.nullObject:
      return Object.create(null) as object
    case TAG.array:
      return []
    case TAG.sparseArray:
      return sparseArray(first, node.length)
    case TAG.date:
      return new Date(typeof first === 'number' ? first : Number.NaN)
    case TAG.regexp:
      return Object.assign(new RegExp(textOf(first), textOf(second)), { lastIndex: third })
    case TAG.map:
      return new Map()
    case TAG.set:
      return new Set()
    case TAG.url:
      return new URL(textOf(first))
    case TAG.urlSearch:
      return new URLSearchParams(textOf(first))
    case TAG.bytes:
      return fromBytes(choice<BytesKind>(BYTES_KINDS, first), Buffer.from(textOf(second), 'base64'))
    case TAG.error:
      return emptyError(choice<ErrorType>(ERROR_TYPES, first))
    default:
      throw new TypeError('has a node of an unknown type')
  }
}

/** Up to so many holes are reserved at once; V8 does so for 2^25, which is a quarter of a gigabyte. */
const MOST_RESERVED = 64
const LONGEST_ARRAY = 2 ** 32 - 1

/** An array of holes. What it takes in memory depends on what the node holds, not on what it says. */
function sparseArray(length: unknown, nodeLength: number): unknown[] {
  if (typeof length !== 'number') throw new TypeError('is not a graph')
  if (length <= Math.max(MOST_RESERVED, nodeLength)) return new Array<unknown>(length)
  const array: unknown[] = []
  // The longest length makes V8 keep it as a table of what is there; that stays so when it is cut.
  array.length = LONGEST_ARRAY
  array.length = length
  return array
}

function indexOf(index: unknown, { length }: readonly unknown[]): number {
  if (typeof index === 'number' && index >= 0 && index < length) return index
  throw new RangeError('has an item outside its array')
}

function fill(object: object, node: readonly unknown[], resolve: (part: unknown) => unknown): void {
  const part = (at: number) => resolve(node[at])
  switch (node[0]) {
    case TAG.object:
    case TAG.nullObject:
      for (let at = 1; at < node.length; at += 2)
        define(object, propertyName(node[at]), part(at + 1), true)
      return
    case TAG.array:
      for (let at = 1; at < node.length; at++) (object as unknown[]).push(part(at))
      return
    case TAG.sparseArray:
      for (let at = 2; at < node.length; at += 2)
        (object as unknown[])[indexOf(node[at], object as unknown[])] = part(at + 1)
      return
    case TAG.map:
      for (let at = 1; at < node.length; at += 2)
        (object as Map<unknown, unknown>).set(part(at), part(at + 1))
      return
    case TAG.set:
      for (let at = 1; at < node.length; at++) (object as Set<unknown>).add(part(at))
      return
    case TAG.error:
      // A new error has a stack of its own, which is not the stored one's.
      Reflect.deleteProperty(object, 'stack')
      for (let at = 2; at < node.length; at += 3) {
        define(object, propertyName(node[at]), part(at + 2), node[at + 1] === 1)
      }
      return
    default:
  }
}

/** Defines rather than assigns: `__proto__` is data. */
function define(object: object, key: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(object, key, { value, enumerable, writable: true, configurable: true })
}

function primitive(part: unknown): unknown {
  const list = listOf(part)
  if (list.length === 1) return list[0]
  switch (list[0]) {
    case 'u':
      return undefined
    case 'n':
      return Number(list[1])
    case 'i':
      return bigint(textOf(list[1]))
    case 'w':
      return propertyName(list[1])
    default:
      throw new TypeError('has a primitive of an unknown type')
  }
}

function bigint(hex: string): bigint {
  return hex.startsWith('-') ? -BigInt(`0x${hex.slice(1)}`) : BigInt(`0x${hex}`)
}

function propertyName(name: unknown): string {
  if (typeof name === 'string') return name
  return listOf(name)
    .map((unit) => String.fromCharCode(unit as number))
    .join('')
}

function choice<T>(list: readonly T[], at: unknown): T {
  const found = list[at as number]
  if (found === undefined) throw new RangeError('has a type that this version does not know')
  return found
}

function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError('is not a graph')
  return value
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('is not a graph')
  return value
}
