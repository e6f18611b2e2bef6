/** Values as the command line shows and takes them. */
import { inspect } from 'node:util'
import { fromTypedJson, toTypedJson } from '../codec/typed-json.js'
import { inputError } from './cli-error.js'
import { visible } from './output/text.js'

/** The value for people. */
export function shownValue(value: unknown): string {
  return visible(inspect(value, { depth: 20, maxArrayLength: 1_000, breakLength: 80 }))
}

/** The value as JSON, which brings it back equal: see src/codec/typed-json.ts. */
export function jsonOf(value: unknown): unknown {
  return toTypedJson(value)
}

/** The value that a word means. Throws a CliError for what is not typed JSON. */
export function parsedValue(json: string): unknown {
  let parsed: unknown
  try {
    parsed = JSON.parse(json)
  } catch (cause) {
    const why = (cause as Error).message
    throw inputError(`The value is not JSON: ${why}. Add --text to store it as a string.`, {
      cause,
    })
  }
  try {
    return fromTypedJson(parsed)
  } catch (cause) {
    throw inputError(`The value ${(cause as Error).message}.`, { cause })
  }
}
