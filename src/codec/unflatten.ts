/** The way back from graph.ts: all objects first, then their parts, so that cycles close. */
import { BYTES_KINDS, type BytesKind, fromBytes } from './bytes-kind.js'
import { ERROR_TYPES, type ErrorType, emptyError } from './error-type.js'
import { TAG } from './graph.js'

/** The value of a graph. Throws TypeError or RangeError for anything that flatten() does not make. */
export function unflatten(graph: unknown): unknown {
  const nodes = listOf(graph)
  const first = listOf(nodes[0])
  if (first[0] === TAG.primitive) return primitive(first[1])
  const objects = nodes.map((node) => emptyObject(listOf(node)))
  nodes.forEach((node, at) => {
    fill(objects[at] as object, listOf(node), objects)
  })
  return objects[0]
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
      return new Array(first as number)
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

function fill(object: object, node: readonly unknown[], objects: readonly object[]): void {
  const part = (at: number) => resolve(node[at], objects)
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
        (object as unknown[])[node[at] as number] = part(at + 1)
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

function resolve(part: unknown, objects: readonly object[]): unknown {
  if (typeof part !== 'number') return primitive(part)
  const object = objects[part]
  if (object === undefined) throw new RangeError('refers to a node that is not there')
  return object
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
