/** A zod model as a tree of names: what may stand where. */
import { z } from 'zod'

export type Schema = z.core.$ZodType

/** What zod says of a schema; the parts that are used here. */
interface Def {
  readonly type: string
  readonly innerType?: Schema
  readonly options?: readonly Schema[]
  readonly shape?: Readonly<Record<string, Schema>>
  readonly valueType?: Schema
  readonly element?: Schema
  readonly values?: readonly unknown[]
  readonly entries?: Readonly<Record<string, unknown>>
  readonly format?: string
}

const NULL: Schema = z.null()

export function defOf(schema: Schema): Def {
  return schema._zod.def as unknown as Def
}

/** What a value may be: the schema without `optional`, and the members of unions one by one. */
export function alternativesOf(schema: Schema): readonly Schema[] {
  const { type, innerType, options } = defOf(schema)
  if (type === 'optional' && innerType !== undefined) return alternativesOf(innerType)
  if (type === 'union' && options !== undefined)
    return [...new Set(options.flatMap(alternativesOf))]
  if (type === 'nullable' && innerType !== undefined) return [...alternativesOf(innerType), NULL]
  return [schema]
}

/**
 * The alternatives that the value is meant to be: by its type; and an object by its `kind`, or else by
 * the names that are in it.
 */
export function meantBy(schema: Schema, value: unknown): readonly Schema[] {
  const fitting = alternativesOf(schema).filter((each) => holds(each, value))
  if (fitting.length < 2 || typeOf(value) !== 'object') return fitting
  const object = value as Readonly<Record<string, unknown>>
  const likely = fitting.filter((each) =>
    kindOf(each) === undefined
      ? namesIn([each]).some((name) => name in object)
      : kindOf(each) === object.kind,
  )
  return likely.length > 0 ? likely : fitting
}

/** The schemas of what has that name in an object, list or record; none if nothing can have it. */
export function childrenOf(schema: Schema, name: string): readonly Schema[] {
  return alternativesOf(schema).flatMap((each) => {
    const { type, shape, valueType, element } = defOf(each)
    if (type === 'object' && shape !== undefined)
      return Object.hasOwn(shape, name) ? [shape[name] as Schema] : []
    if (type === 'record' && valueType !== undefined) return [valueType]
    return type === 'array' && element !== undefined && /^\d+$/.test(name) ? [element] : []
  })
}

/** The names that an object may have, of all alternatives. */
export function namesIn(schemas: readonly Schema[]): readonly string[] {
  const shapes = schemas.flatMap(alternativesOf).map((each) => defOf(each).shape ?? {})
  return [...new Set(shapes.flatMap(Object.keys))]
}

/** The names that an object must have. */
export function requiredIn(schema: Schema): readonly string[] {
  const { shape = {} } = defOf(schema)
  return Object.keys(shape).filter((name) => !isTakenBy(shape[name] as Schema, undefined))
}

export function isTakenBy(schema: Schema, value: unknown): boolean {
  return z.safeParse(schema, value).success
}

/** The strings that a schema takes, if it takes certain ones. */
export function wordsOf(schema: Schema): readonly string[] {
  const words = alternativesOf(schema).flatMap((each) => {
    const { entries = {}, values = [] } = defOf(each)
    return [...Object.values(entries), ...values]
  })
  return words.filter((word) => typeof word === 'string')
}

/** The `kind` of an object that has one; undefined for everything else. */
export function kindOf(schema: Schema): unknown {
  const kind = defOf(schema).shape?.kind
  return kind && defOf(kind).values?.[0]
}

/** Whether the value is of the schema's type, whatever else is wrong with it. */
function holds(schema: Schema, value: unknown): boolean {
  switch (defOf(schema).type) {
    case 'unknown':
      return true
    case 'object':
    case 'record':
      return typeOf(value) === 'object'
    case 'enum':
    case 'template_literal':
      return typeof value === 'string'
    case 'literal':
      return defOf(schema).values?.some((each) => typeof each === typeof value) ?? false
    default:
      return defOf(schema).type === typeOf(value)
  }
}

/** The type of a value, for people. */
export function typeOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}

/** What a schema takes, for people: completes "it must be …". */
export function takenBy(schema: Schema): string {
  const alternatives = alternativesOf(schema)
  const places = alternatives.filter(
    (each) => defOf(each).type === 'object' && kindOf(each) === undefined,
  )
  const words = alternatives.map((each) =>
    // What tells them apart.
    places.length > 1 && places.includes(each)
      ? `an object with ${inWords(places.flatMap(requiredIn))}`
      : takenByOne(each),
  )
  return inWords([...new Set(words)])
}

function takenByOne(schema: Schema): string {
  const { type, entries, values, format } = defOf(schema)
  switch (type) {
    case 'enum':
      return inWords(Object.values(entries ?? {}).map((each) => JSON.stringify(each)))
    case 'literal':
      return JSON.stringify(values?.[0])
    case 'template_literal':
      return 'a time such as "10m" (ms, s, m, h, d, w)'
    case 'number':
      return (
        (format === undefined ? 'a number' : 'a whole number') + bounds(schema as unknown as Bounds)
      )
    case 'string':
      return hasLength(schema) ? 'a string that is not empty' : 'a string'
    case 'boolean':
      return 'true or false'
    case 'array':
      return isTakenBy(schema, []) ? 'a list' : 'a list that is not empty'
    case 'object':
    case 'record':
      return 'an object'
    default:
      return type
  }
}

function hasLength(schema: Schema): boolean {
  return Number((schema as { readonly minLength?: number | null }).minLength) > 0
}

/** What zod's schemas of numbers tell of themselves; infinite or huge where there is no bound. */
interface Bounds {
  readonly minValue: number
  readonly maxValue: number
}

function bounds({ minValue, maxValue }: Bounds): string {
  if (Math.abs(minValue) >= Number.MAX_SAFE_INTEGER) return ''
  const hasMost = maxValue < Number.MAX_SAFE_INTEGER
  return hasMost ? ` from ${minValue} to ${maxValue}` : ` of at least ${minValue}`
}

/** `a, b or c`. */
export function inWords(words: readonly string[]): string {
  const last = words.at(-1) ?? ''
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} or ${last}`
}
