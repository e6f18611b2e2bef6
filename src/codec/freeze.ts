/**
 * Freezes a freshly decoded value, all the way down. Returns whether it may be shared.
 *
 * A Date, Map, Set, typed array and the like cannot be frozen. A value that holds one is decoded
 * anew for each reader, since one reader's change would be another's surprise.
 */
export function deepFreeze(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true
  const open: object[] = [value]
  let canShare = true
  for (let object = open.pop(); object !== undefined; object = open.pop()) {
    if (!isPlain(object)) {
      canShare = false
      continue
    }
    // Frozen already: met before. An empty, extensible object never counts as frozen.
    if (Object.isFrozen(object)) continue
    Object.freeze(object)
    for (const key of Object.keys(object)) {
      const part = (object as Record<string, unknown>)[key]
      if (typeof part === 'object' && part !== null) open.push(part)
    }
  }
  return canShare
}

/** Up to this length, walking an array is quicker than asking for its values, whatever its holes. */
const SHORT = 1024

/**
 * Freezes a freshly decoded value of plain objects, arrays and primitives, in which no object has two
 * places.
 */
export function freezeTree(value: unknown): void {
  if (typeof value !== 'object' || value === null) return
  if (Array.isArray(value)) freezeItems(value)
  else freezeProperties(value as Record<string, unknown>)
  Object.freeze(value)
}

function freezeItems(array: readonly unknown[]): void {
  // A few bytes may be an array of four thousand million holes: those are not walked.
  for (const item of array.length <= SHORT ? array : Object.values(array)) {
    if (typeof item === 'object') freezeTree(item)
  }
}

function freezeProperties(object: Record<string, unknown>): void {
  // Walked like this, as asking for its values takes longer than all else here.
  for (const key in object) {
    const part = object[key]
    // What a prototype was given is not ours to freeze.
    if (typeof part === 'object' && Object.hasOwn(object, key)) freezeTree(part)
  }
}

function isPlain(object: object): boolean {
  if (Array.isArray(object)) return true
  const prototype: unknown = Object.getPrototypeOf(object)
  return prototype === Object.prototype || prototype === null
}
