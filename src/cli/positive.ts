import { usageError } from './cli-error.js'

/** The number that a word of the command line says. Throws a usage error for none, 0 and less. */
export function positive(word: string, option: string): number {
  const number = Number(word)
  if (number > 0) return number
  throw usageError(`${option} takes a number above 0, and got ${JSON.stringify(word)}.`)
}
