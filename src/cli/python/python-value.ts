/** Values that Python has written, by json.dumps() or as text. */
import { randomUUID } from 'node:crypto'
import { foreignError, pickleError } from './foreign-error.js'

/** How the values of a store were written. */
export type ValueForm = 'json' | 'text'

/** Pickle begins with its protocol, from the second on. */
const PICKLE = 0x80
const NEWEST_PICKLE = 5

/** The value in bytes that Python wrote. Throws a CliError; `place` says where they are. */
export function pythonValue(bytes: Uint8Array, form: ValueForm, place: string): unknown {
  const [first, second = 0] = bytes
  if (first === PICKLE && second >= 2 && second <= NEWEST_PICKLE) throw pickleError(place)
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw foreignError(`${place} is neither JSON nor text.`, { cause })
  }
  if (form === 'text') return text
  try {
    return pythonJson(text)
  } catch (cause) {
    throw foreignError(
      `${place} is not JSON. Give --values text if the values are plain text; if they were pickled, write JSON Lines in Python: docs/migrate/from-python.md.`,
      { cause },
    )
  }
}

/** Strings, to be left alone; and what Python writes as a number that JSON does not have, or not so long. */
const TOKEN = /"(?:[^"\\]|\\.)*"|-?Infinity|NaN|-?\d{16,}(?![\d.eE])/g

/** The value of JSON as Python writes it: with NaN and the infinities, and with integers of any length. */
export function pythonJson(text: string): unknown {
  const mark = randomUUID()
  const json = text.replace(TOKEN, (token) => {
    const isPlain = token.startsWith('"') || Number.isSafeInteger(Number(token))
    return isPlain ? token : JSON.stringify(`${mark}${token}`)
  })
  if (json === text) return JSON.parse(text)
  return JSON.parse(json, (_, value: unknown) => {
    if (typeof value !== 'string' || !value.startsWith(mark)) return value
    const token = value.slice(mark.length)
    return /\d/.test(token) ? BigInt(token) : Number(token)
  })
}
