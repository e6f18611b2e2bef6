/**
 * The part of Standard Schema v1 (https://standardschema.dev) that we use. Zod, Valibot, ArkType and
 * others implement it, so any of them checks values.
 */
import { HIDDEN } from '../errors/hidden.js'
import { OptionError } from '../errors/option-error.js'
import { InvalidValueError } from '../errors/value-errors.js'

/**
 * A schema that follows Standard Schema v1 (https://standardschema.dev): of Zod, Valibot, ArkType
 * and others.
 */
export interface StandardSchema<Output = unknown> {
  /** What the standard asks a schema to have. */
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined
  }
}

/** What a schema says of a value: what it makes of it, or what is wrong. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

/** One thing that is wrong with a value. */
export interface SchemaIssue {
  /** What is wrong, for people. */
  readonly message: string
  /** Where in the value it is; left out for the value itself. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

export function isStandardSchema(value: unknown): value is StandardSchema {
  return (value as Partial<StandardSchema> | null | undefined)?.['~standard']?.version === 1
}

/** What the schema makes of the value. Throws InvalidValueError if it does not fit. */
export function validated(
  schema: StandardSchema,
  key: string,
  value: unknown,
  isDiscreet: boolean,
): unknown {
  const result = schema['~standard'].validate(value)
  if (result instanceof Promise) {
    result.catch(() => {})
    throw new OptionError(
      'schema',
      'The schema validates asynchronously, and set() does not wait. Use a synchronous schema.',
    )
  }
  if (result.issues === undefined) return result.value
  // What a schema says of a value may hold some of it.
  if (isDiscreet) throw new InvalidValueError(HIDDEN, [])
  throw new InvalidValueError(
    key,
    result.issues.map(({ message, path = [] }) => ({ message, path: path.map(step).join('.') })),
  )
}

function step(part: PropertyKey | { readonly key: PropertyKey }): string {
  return String(typeof part === 'object' ? part.key : part)
}
