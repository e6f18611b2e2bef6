/**
 * How a dict shows its keys and namespaces in messages. Kept beside dicts: what is copied between two of
 * them is told of by neither.
 */
import type { KeySpace } from '../keys/key-space.js'

export interface ShownNames {
  /** Whether something else stands for keys in messages. */
  readonly isHiding: boolean
  key(key: unknown): unknown
  /** Of the dict's own namespace, from the root down. */
  readonly path: readonly string[]
}

const names = new WeakMap<object, ShownNames>()

export function registerNames(dict: object, shown: ShownNames): void {
  names.set(dict, shown)
}

/** Undefined for what is no dict of ours. */
export function shownNames(dict: object): ShownNames | undefined {
  return names.get(dict)
}

/** How a dict with this scope shows its names. */
export function shownBy(scope: {
  readonly space: KeySpace
  readonly key: (key: unknown) => string
}): ShownNames {
  const { space } = scope
  const isHiding = space.secrets !== undefined && !space.secrets.showsKeys
  return {
    isHiding,
    key: (key) => (isHiding ? space.shown(scope.key(key)) : key),
    path: space.shownPath,
  }
}
