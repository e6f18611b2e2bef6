/** Puts one tree of settings over another. */
import { parseAddress } from './address.js'
import { typeOf } from './schema-tree.js'

/** Settings by their names; a group of settings is an object within. */
export type Group = Readonly<Record<string, unknown>>

/**
 * The settings of both; where both have one, that of `over`. Groups are put together, unless they are
 * of different kinds. Lists are not; see environment.ts. What is undefined is not set.
 */
export function merged(base: Group, over: Group): Group {
  const result: Record<string, unknown> = { ...base }
  for (const [name, value] of Object.entries(over)) {
    if (value === undefined) continue
    const below = name === 'store' ? parsed(base[name], value) : base[name]
    // Object.assign() would set the prototype for "__proto__".
    const both = isGroup(below) && isGroup(value) && isSameKind(below, value)
    define(result, name, both ? merged(below, value) : value)
  }
  return result
}

/** Sets a property, whatever its name. */
export function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  })
}

export function isGroup(value: unknown): value is Group {
  return typeOf(value) === 'object'
}

/** The store below, which may be an address, if parts of it are to be replaced. */
function parsed(below: unknown, over: unknown): unknown {
  return typeof below === 'string' && isGroup(over) ? parseAddress(below) : below
}

/** Whether one can be put over the other, part by part. */
export function isSameKind(below: Group, over: Group): boolean {
  return over.kind === undefined || over.kind === below.kind
}
