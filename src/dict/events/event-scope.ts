import type { ValueMode } from '../../engine/entry.js'
import type { KeySpace } from '../../keys/key-space.js'

/** Where somebody listens, and how keys and values are shown there. */
export interface EventScope {
  readonly space: KeySpace
  readonly mode: ValueMode
  /** The same for a dict and its namespaces. */
  readonly handle: object
  /** A key as the user gives it, as a string. */
  key(key: unknown): string
  /** A key as it is stored, as the user gave it. */
  userKey(key: string): unknown
}

/** Whether a namespace is that of the scope, or within it. */
export function isWithin(space: KeySpace, { space: outer }: EventScope): boolean {
  return space === outer || outer.path.every((name, depth) => space.path[depth] === name)
}
