/** What is wrong with a configuration, in words: the setting, what it was, what it takes, what to do. */
import { z } from 'zod'
import { ConfigError } from '../errors/config-error.js'
import { nearestOf } from '../errors/unknown-option.js'
import {
  alternativesOf,
  childrenOf,
  inWords,
  isTakenBy,
  kindOf,
  meantBy,
  namesIn,
  requiredIn,
  type Schema,
  takenBy,
  typeOf,
  wordsOf,
} from './schema-tree.js'

/** Where a configuration was written, for messages. */
export interface Origin {
  /** Such as `the file "app.json"`. */
  readonly place: string
  /** How a setting is written there, by its names from the root down. */
  nameOf(path: readonly string[]): string
}

/** Plain data. */
export function originOf(place: string): Origin {
  return { place, nameOf: (path) => path.join('.') }
}

/** The error of the first thing that is wrong with `data`; undefined if the schema takes it. */
export function faultIn(
  schema: Schema,
  data: unknown,
  origin: Origin,
  path: readonly string[] = [],
): ConfigError | undefined {
  if (isTakenBy(schema, data)) return undefined
  const meant = meantBy(schema, data)
  const [only] = meant
  if (only === undefined || typeof data !== 'object' || data === null) {
    return wrongValue(schema, data, path, origin)
  }
  if (meant.length > 1) return noKind(meant, data, path, origin)
  return (
    unknownName(only, data, path, origin) ??
    missing(only, data, path, origin) ??
    wrongPart(only, data, path, origin) ??
    wrongValue(schema, data, path, origin)
  )
}

function wrongPart(schema: Schema, data: object, path: readonly string[], origin: Origin) {
  for (const [name, value] of Object.entries(data)) {
    const [child] = childrenOf(schema, name)
    const fault = child && faultIn(child, value, origin, [...path, name])
    if (fault !== undefined) return fault
  }
  return undefined
}

function wrongValue(schema: Schema, data: unknown, path: readonly string[], origin: Origin) {
  const what = path.length === 0 ? capital(origin.place) : setting(path, origin)
  const words = typeof data === 'string' ? wordsOf(schema) : []
  const nearest = nearestOf(String(data), words)
  const advice = nearest === undefined ? '' : ` Did you mean "${nearest}"?`
  return error(
    path,
    `${what} must be ${takenBy(schema)}, and was ${described(schema, data)}.${advice}`,
  )
}

/** Which of several kinds of object is meant cannot be told. */
function noKind(meant: readonly Schema[], data: object, path: readonly string[], origin: Origin) {
  const kinds = meant.map(kindOf).filter((kind) => typeof kind === 'string')
  if (kinds.length === 0) {
    return error(
      path,
      `${setting(path, origin)} must have ${inWords(namesIn(meant))}, and one alone.`,
    )
  }
  const kind = (data as { readonly kind?: unknown }).kind
  const at = [...path, 'kind']
  const takes = inWords(kinds.map((each) => JSON.stringify(each)))
  if (kind === undefined)
    return error(at, `${setting(at, origin)} is missing: it must be ${takes}.`)
  const nearest = typeof kind === 'string' ? nearestOf(kind, kinds) : undefined
  const advice = nearest === undefined ? '' : ` Did you mean "${nearest}"?`
  const was = typeof kind === 'string' ? 'another string' : described(z.unknown(), kind)
  return error(at, `${setting(at, origin)} must be ${takes}, and was ${was}.${advice}`)
}

function unknownName(schema: Schema, data: object, path: readonly string[], origin: Origin) {
  const known = namesIn([schema])
  const name = Object.keys(data).find((each) => childrenOf(schema, each).length === 0)
  if (name === undefined) return undefined
  const at = [...path, name]
  const nearest = nearestOf(name, known)
  const group = path.length === 0 ? 'It' : origin.nameOf(path)
  const advice =
    nearest === undefined
      ? `${group} takes ${inWords(known)}.`
      : `Did you mean ${origin.nameOf([...path, nearest])}?`
  return error(at, `There is no setting ${origin.nameOf(at)} in ${origin.place}. ${advice}`)
}

function missing(schema: Schema, data: object, path: readonly string[], origin: Origin) {
  const name = requiredIn(schema).find((each) => !(each in data))
  if (name === undefined) return undefined
  const at = [...path, name]
  const [child] = childrenOf(schema, name)
  const takes = child === undefined ? '' : `: it must be ${takenBy(child)}`
  return error(at, `${setting(at, origin)} is missing${takes}.`)
}

function error(path: readonly string[], what: string): ConfigError {
  return new ConfigError(path.join('.'), what)
}

function setting(path: readonly string[], origin: Origin): string {
  return `The setting ${origin.nameOf(path)} in ${origin.place}`
}

/** Its type; and itself, where that can be no secret. */
function described(schema: Schema, value: unknown): string {
  const type = typeOf(value)
  const plain = alternativesOf(schema).every((each) => meantBy(each, '').length === 0)
  if (plain && (type === 'number' || type === 'boolean')) return String(value)
  if (type === 'null' || type === 'undefined') return type
  if (value === '') return 'an empty string'
  if (type === 'array') return (value as unknown[]).length === 0 ? 'an empty list' : 'a list'
  return type === 'object' ? 'an object' : `a ${type}`
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
