/**
 * Live Maps and Sets. They are real Maps and Sets, which hold faces, so that everything that looks
 * inside (iteration, deep equality, console.log) sees what it should; their changing methods are
 * replaced on the instance by ones that change the raw collection as well.
 */
import { type LiveTree, stepOf } from './live-tree.js'

/** An empty Map for faces that passes its changes on to `raw`. */
export function instrumentMap(root: LiveTree, raw: Map<unknown, unknown>): Map<unknown, unknown> {
  const face = new Map<unknown, unknown>()
  return replaceMethods(face, {
    set(key: unknown, value: unknown) {
      const rawKey = face.has(key) ? rawKeyOf(key, face, raw) : root.adopt(key, raw, '<key>')
      const rawValue = root.adopt(value, raw, stepOf(key))
      if (raw.has(rawKey) && Object.is(raw.get(rawKey), rawValue)) return face
      root.willChange()
      const faceKey = face.has(key) ? key : root.faceOf(rawKey)
      raw.set(rawKey, rawValue)
      return Map.prototype.set.call(face, faceKey, root.faceOf(rawValue))
    },
    delete(key: unknown) {
      if (!face.has(key)) return false
      root.willChange()
      raw.delete(rawKeyOf(key, face, raw))
      return Map.prototype.delete.call(face, key)
    },
    clear() {
      if (raw.size > 0) root.willChange()
      raw.clear()
      Map.prototype.clear.call(face)
    },
  })
}

/** An empty Set for faces that passes its changes on to `raw`. */
export function instrumentSet(root: LiveTree, raw: Set<unknown>): Set<unknown> {
  const face = new Set<unknown>()
  return replaceMethods(face, {
    add(item: unknown) {
      if (face.has(item)) return face
      const rawItem = root.adopt(item, raw, '<item>')
      if (raw.has(rawItem)) return face
      root.willChange()
      raw.add(rawItem)
      return Set.prototype.add.call(face, root.faceOf(rawItem))
    },
    delete(item: unknown) {
      if (!face.has(item)) return false
      root.willChange()
      raw.delete(rawKeyOf(item, face, raw))
      return Set.prototype.delete.call(face, item)
    },
    clear() {
      if (raw.size > 0) root.willChange()
      raw.clear()
      Set.prototype.clear.call(face)
    },
  })
}

/**
 * The raw key (or item) behind one of the face. A leaf, such as a Date, is a copy in the face, and only
 * its place tells which one it stands for: both collections are always in the same order.
 */
function rawKeyOf(key: unknown, face: Keyed, raw: Keyed): unknown {
  if (typeof key !== 'object' || key === null) return key
  const rawKeys = raw.keys()
  for (const faceKey of face.keys()) {
    const { value } = rawKeys.next()
    if (faceKey === key) return value
  }
  return undefined
}

interface Keyed {
  keys(): Iterator<unknown> & Iterable<unknown>
}

/** Non-enumerable, so that nobody who compares or copies the collection's properties meets them. */
function replaceMethods<T extends object>(face: T, methods: Record<string, unknown>): T {
  for (const [name, value] of Object.entries(methods)) {
    Object.defineProperty(face, name, {
      value,
      enumerable: false,
      writable: true,
      configurable: true,
    })
  }
  return face
}
