/**
 * Arguments that a program without types can get wrong: refused by the call that was given them, before
 * they fail as something else, or are taken for something else.
 */
import { OptionError } from './option-error.js'

/** What a value is, in the words of a message: types only, since values may be secret. */
export function kindOf(value: unknown): string {
  if (value === undefined || value === null) return String(value)
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

/** What else may be meant where a value was given in place of a function. */
export const OR_SET = 'Use set() to store a value.'
export const OR_INSERT = 'Use getOrInsert() for a value that is there already.'

/** Throws OptionError unless `fn` is a function. `where` names the call, `advice` what else may be meant. */
export function checkFunction(fn: unknown, where: string, advice = ''): void {
  if (typeof fn === 'function') return
  throw new OptionError(
    'fn',
    `${where} takes a function, and was given ${kindOf(fn)}.${advice && ` ${advice}`}`,
  )
}

/** An iterable as an array. A string is none here: its characters are hardly ever what is meant. */
export function checkedList<T>(items: Iterable<T>, where: string, what: string): T[] {
  if (typeof items !== 'string' && isIterable(items)) return [...items]
  throw new OptionError(
    what,
    `${where} takes its ${what} as one iterable, such as an array, and was given ${kindOf(items)}.`,
  )
}

export function isIterable(value: unknown): value is Iterable<unknown> {
  return (
    typeof (value as Partial<Iterable<unknown>> | null | undefined)?.[Symbol.iterator] ===
    'function'
  )
}
