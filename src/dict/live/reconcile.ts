/**
 * Makes one raw value equal to another in place, so that the faces that users hold of its parts go on
 * standing for the parts at the same places.
 */

/** Whether parts of the value can change, so that it has faces. */
export function isContainer(value: object): boolean {
  if (Array.isArray(value) || value instanceof Map || value instanceof Set) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/**
 * Changes `old` into the likeness of `next`, whose parts it takes over. Calls `onCollection` for each
 * Map and Set that was changed. Returns false, having changed nothing, if they are not of one kind.
 */
export function reconcile(
  old: unknown,
  next: unknown,
  onCollection: (raw: object) => void,
): boolean {
  return new Reconciler(onCollection).merge(old, next)
}

type Bag = Record<string, unknown>

class Reconciler {
  /** What was merged already, on either side: a shared or cyclic part is taken over as it is. */
  readonly #done = new Set<object>()
  readonly #onCollection: (raw: object) => void

  constructor(onCollection: (raw: object) => void) {
    this.#onCollection = onCollection
  }

  merge(old: unknown, next: unknown): boolean {
    if (!isContainerValue(old) || !isContainerValue(next)) return false
    if (Object.getPrototypeOf(old) !== Object.getPrototypeOf(next)) return false
    if (this.#done.has(old) || this.#done.has(next)) return false
    this.#done.add(old).add(next)
    if (old instanceof Map) this.#map(old, next as Map<unknown, unknown>)
    else if (old instanceof Set) this.#set(old, next as Set<unknown>)
    else this.#properties(old as Bag, next as Bag)
    return true
  }

  #properties(old: Bag, next: Bag): void {
    for (const key of Object.keys(old)) if (!Object.hasOwn(next, key)) delete old[key]
    if (Array.isArray(old)) old.length = (next as unknown as unknown[]).length
    const kept = new Map(Object.keys(old).map((key) => [key, old[key]]))
    if (!isSameOrder(old, next)) for (const key of kept.keys()) delete old[key]
    for (const key of Object.keys(next)) {
      const value = this.merge(kept.get(key), next[key]) ? kept.get(key) : next[key]
      Object.defineProperty(old, key, {
        value,
        writable: true,
        enumerable: true,
        configurable: true,
      })
    }
  }

  #map(old: Map<unknown, unknown>, next: Map<unknown, unknown>): void {
    const kept = new Map(old)
    old.clear()
    for (const [key, value] of next) {
      old.set(key, this.merge(kept.get(key), value) ? kept.get(key) : value)
    }
    this.#onCollection(old)
  }

  #set(old: Set<unknown>, next: Set<unknown>): void {
    old.clear()
    for (const item of next) old.add(item)
    this.#onCollection(old)
  }
}

function isContainerValue(value: unknown): value is object {
  return typeof value === 'object' && value !== null && isContainer(value)
}

/** Whether the keys of `old` are the first keys of `next`: then setting them keeps the order. */
function isSameOrder(old: object, next: object): boolean {
  const keys = Object.keys(next)
  return Object.keys(old).every((key, at) => key === keys[at])
}
