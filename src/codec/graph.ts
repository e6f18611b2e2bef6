/**
 * Values as flat, plain arrays, for what a serializer cannot carry by itself: shared references,
 * cycles, any depth, and types that JSON or MessagePack do not know.
 *
 *     graph   [node 0, node 1, …]                       node 0 is the value, or holds it: ['p', part]
 *     node    [tag, …]                                  see TAG
 *     part    index of a node                           an object
 *             [primitive]                               null, boolean, number, well-formed string
 *             ['u', 0] ['n', text] ['i', hex] ['w', code units]
 *                                                       undefined, odd numbers, bigint, odd strings
 *
 * This is also the place that refuses values: whatever is not named here would not come back equal.
 */
import { types } from 'node:util'
import { BYTES_KINDS, type BytesKind, bytesKind } from './bytes-kind.js'
import { ERROR_TYPES, errorType } from './error-type.js'
import { rawOf } from './faces.js'
import type { RegisteredTypes } from './registered-types.js'

/** Called with the place of the offending part and what is wrong with it; must throw. */
export type Refuse = (path: string, what: string) => never

export const TAG = {
  primitive: 'p',
  object: 'o',
  nullObject: '0',
  array: 'a',
  sparseArray: 'h',
  date: 'd',
  regexp: 'r',
  map: 'm',
  set: 's',
  url: 'l',
  urlSearch: 'q',
  bytes: 'b',
  error: 'e',
  /** An instance of a registered class: its name, and its data as a part. */
  type: 't',
} as const

/** The graph of a value. Calls `refuse` for the first part that cannot be stored. */
export function flatten(value: unknown, types: RegisteredTypes, refuse: Refuse): unknown[] {
  return new Flattener(types, refuse).run(value)
}

/** Where an object was first met: under which property of which node. */
interface Place {
  readonly parent: number
  readonly step: string
}

class Flattener {
  readonly #refuse: Refuse
  readonly #registered: RegisteredTypes
  readonly #indexes = new Map<object, number>()
  readonly #objects: object[] = []
  readonly #places: Place[] = []

  constructor(registered: RegisteredTypes, refuse: Refuse) {
    this.#registered = registered
    this.#refuse = refuse
  }

  run(value: unknown): unknown[] {
    const root = this.#part(value, -1, '')
    if (typeof root !== 'number') return [[TAG.primitive, root]]
    const nodes: unknown[] = []
    // The list grows while it is walked: every part of a node is put at its end.
    for (let at = 0; at < this.#objects.length; at++) nodes.push(this.#node(at))
    return nodes
  }

  #part(value: unknown, parent: number, step: string): unknown {
    switch (typeof value) {
      case 'object':
        return value === null ? [null] : this.#index(value, parent, step)
      case 'string':
        return value.isWellFormed() ? [value] : ['w', codeUnits(value)]
      case 'number':
        return Number.isFinite(value) && !Object.is(value, -0)
          ? [value]
          : ['n', Object.is(value, -0) ? '-0' : String(value)]
      case 'boolean':
        return [value]
      case 'undefined':
        return ['u', 0]
      case 'bigint':
        return ['i', value < 0n ? `-${(-value).toString(16)}` : value.toString(16)]
      default:
        return this.#refuseAt(parent, step, `a ${typeof value} cannot be stored. Leave it out.`)
    }
  }

  #index(face: object, parent: number, step: string): number {
    const value = rawOf(face) ?? face
    const known = this.#indexes.get(value)
    if (known !== undefined) return known
    const index = this.#objects.push(value) - 1
    this.#indexes.set(value, index)
    this.#places.push({ parent, step })
    return index
  }

  #node(at: number): unknown[] {
    const value = this.#objects[at] as object
    if (types.isProxy(value))
      return this.#refuseNode(at, 'it is a Proxy. Store a copy, such as { ...value }.')
    const type = this.#registered.nameOf(value)
    if (type !== undefined) {
      return [TAG.type, type, this.#part(this.#registered.dataOf(type, value), at, '<data>')]
    }
    if (Array.isArray(value)) return this.#array(value, at)
    if (types.isDate(value)) return [TAG.date, this.#plainPrototype(value, Date, at).getTime()]
    if (types.isRegExp(value)) {
      const { source, flags, lastIndex } = this.#plainPrototype(value, RegExp, at)
      return [TAG.regexp, source, flags, lastIndex]
    }
    if (types.isMap(value)) return this.#map(this.#plainPrototype(value, Map, at), at)
    if (types.isSet(value)) return this.#set(this.#plainPrototype(value, Set, at), at)
    if (types.isNativeError(value)) return this.#error(value, at)
    const bytes = bytesKind(value)
    if (bytes !== undefined) return bytesNode(value as ArrayBuffer | ArrayBufferView, bytes)
    if (value instanceof URL) return [TAG.url, value.href]
    if (value instanceof URLSearchParams) return [TAG.urlSearch, value.toString()]
    return this.#object(value, at)
  }

  #object(value: object, at: number): unknown[] {
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype !== null && !isObjectPrototype(prototype)) {
      return this.#refuseNode(
        at,
        `${article(value)} would come back as a plain object. ${adviceFor(value)}`,
      )
    }
    this.#refuseSymbols(value, at)
    const node: unknown[] = [prototype === null ? TAG.nullObject : TAG.object]
    for (const key of Object.keys(value)) {
      node.push(name(key), this.#part((value as Record<string, unknown>)[key], at, step(key)))
    }
    return node
  }

  #array(value: unknown[], at: number): unknown[] {
    if (!Array.isArray(Object.getPrototypeOf(value))) {
      return this.#refuseNode(
        at,
        `${article(value)} would come back as a plain array. Use Array.from().`,
      )
    }
    this.#refuseSymbols(value, at)
    const keys = Object.keys(value)
    const extra = keys.find((key) => !isIndex(key))
    if (extra !== undefined) {
      return this.#refuseNode(at, `the array has a property "${extra}", which would be lost.`)
    }
    if (keys.length === value.length) {
      return [TAG.array, ...keys.map((key, index) => this.#part(value[index], at, `[${key}]`))]
    }
    const node: unknown[] = [TAG.sparseArray, value.length]
    for (const key of keys) node.push(Number(key), this.#part(value[Number(key)], at, `[${key}]`))
    return node
  }

  #map(value: Map<unknown, unknown>, at: number): unknown[] {
    const node: unknown[] = [TAG.map]
    for (const [key, item] of value) {
      node.push(this.#part(key, at, '<key>'), this.#part(item, at, `<${shortly(key)}>`))
    }
    return node
  }

  #set(value: Set<unknown>, at: number): unknown[] {
    return [TAG.set, ...Array.from(value, (item) => this.#part(item, at, '<item>'))]
  }

  #error(value: Error, at: number): unknown[] {
    const type = errorType(value)
    if (type === undefined) {
      return this.#refuseNode(
        at,
        `${article(value)} would come back as a plain Error. ${adviceFor(value)}`,
      )
    }
    this.#refuseSymbols(value, at)
    const node: unknown[] = [TAG.error, ERROR_TYPES.indexOf(type)]
    // Not its enumerable properties only: message, stack and cause are none.
    for (const key of Object.getOwnPropertyNames(value)) {
      const isEnumerable = Object.prototype.propertyIsEnumerable.call(value, key)
      const item = (value as unknown as Record<string, unknown>)[key]
      node.push(name(key), isEnumerable ? 1 : 0, this.#part(item, at, step(key)))
    }
    return node
  }

  #plainPrototype<T extends object>(
    value: T,
    type: { prototype: unknown; name: string },
    at: number,
  ): T {
    const isPlain =
      Object.getPrototypeOf(value) === type.prototype || value.constructor?.name === type.name
    if (!isPlain) {
      return this.#refuseNode(at, `${article(value)} would come back as a plain ${type.name}.`)
    }
    this.#refuseSymbols(value, at)
    const [extra] = Object.keys(value)
    if (extra === undefined) return value
    return this.#refuseNode(at, `the ${type.name} has a property "${extra}", which would be lost.`)
  }

  #refuseSymbols(value: object, at: number): void {
    const [symbol] = Object.getOwnPropertySymbols(value)
    if (symbol === undefined) return
    this.#refuseNode(
      at,
      `the property ${String(symbol)} has a symbol for a name, which is never stored.`,
    )
  }

  #refuseNode(at: number, what: string): never {
    const { parent, step } = this.#places[at] as Place
    return this.#refuseAt(parent, step, what)
  }

  #refuseAt(parent: number, step: string, what: string): never {
    let path = step
    for (let at = parent; at > 0; at = (this.#places[at] as Place).parent) {
      path = (this.#places[at] as Place).step + path
    }
    return this.#refuse(path.startsWith('.') ? path.slice(1) : path, what)
  }
}

function bytesNode(value: ArrayBuffer | ArrayBufferView, kind: BytesKind): unknown[] {
  const bytes = ArrayBuffer.isView(value)
    ? Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    : Buffer.from(value)
  // As text, so that the node is plain for every serializer.
  return [TAG.bytes, BYTES_KINDS.indexOf(kind), bytes.toString('base64')]
}

/** A property name; one with a lone surrogate as its code units. */
function name(key: string): string | number[] {
  return key.isWellFormed() ? key : codeUnits(key)
}

function codeUnits(text: string): number[] {
  return Array.from({ length: text.length }, (_, at) => text.charCodeAt(at))
}

/** Object.prototype of this or another realm. */
function isObjectPrototype(prototype: unknown): boolean {
  return (
    prototype === Object.prototype ||
    (Object.getPrototypeOf(prototype) === null &&
      Object.hasOwn(prototype as object, 'isPrototypeOf'))
  )
}

function isIndex(key: string): boolean {
  return /^(?:0|[1-9]\d{0,9})$/.test(key)
}

function step(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
}

function shortly(key: unknown): string {
  return typeof key === 'object' ? 'object' : String(key).slice(0, 40)
}

function article(value: object): string {
  const type = value.constructor?.name
  // What inherits from something that is no class, such as process.env.
  return isClassName(type) ? `an instance of ${type}` : 'an object that inherits from another'
}

function isClassName(name: string | undefined): boolean {
  return name !== undefined && name !== '' && name !== 'Object'
}

const ADVICE: Readonly<Record<string, string>> = {
  Promise: 'Await it first.',
  WeakMap: 'Use a Map.',
  WeakSet: 'Use a Set.',
  Blob: 'Store its arrayBuffer().',
  Headers: 'Store Object.fromEntries(headers).',
  SharedArrayBuffer: 'Store a copy of its bytes.',
}

function adviceFor(value: object): string {
  return (
    ADVICE[value.constructor?.name ?? ''] ??
    (isClassName(value.constructor?.name)
      ? 'Store its data as a plain object, or register the class as types.'
      : 'Store a copy of its data, such as { ...value }.')
  )
}
