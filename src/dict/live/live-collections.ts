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
      const rawKey = root.adopt(key, raw, '<key>')
      const rawValue = root.adopt(value, raw, stepOf(key))
      if (raw.has(rawKey) && Object.is(raw.get(rawKey), rawValue)) return face
      root.willChange()
      raw.set(rawKey, rawValue)
      return Map.prototype.set.call(face, root.faceOf(rawKey), root.faceOf(rawValue))
    },
    delete(key: unknown) {
      if (!face.has(key)) return false
      root.willChange()
      raw.delete(root.adopt(key, raw, '<key>'))
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
      const rawItem = root.adopt(item, raw, '<item>')
      if (raw.has(rawItem)) return face
      root.willChange()
      raw.add(rawItem)
      return Set.prototype.add.call(face, root.faceOf(rawItem))
    },
    delete(item: unknown) {
      if (!face.has(item)) return false
      root.willChange()
      raw.delete(root.adopt(item, raw, '<item>'))
      return Set.prototype.delete.call(face, item)
    },
    clear() {
      if (raw.size > 0) root.willChange()
      raw.clear()
      Set.prototype.clear.call(face)
    },
  })
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
