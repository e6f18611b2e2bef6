import { rawOf } from '../codec/faces.js'
import { knownSerializer } from '../codec/serializer.js'
import { ValueCodec } from '../codec/value-codec.js'
import type { PersistDict } from './persist-dict.js'
import { dictBehind } from './views.js'

/** The dict behind an object view. Throws TypeError for anything else. */
export function dictOf<S extends object>(view: { [P in keyof S]?: S[P] }): PersistDict<S> {
  const dict = dictBehind(view)
  if (dict === undefined) throw new TypeError('dictOf() takes an object view, such as dict.object.')
  return dict as PersistDict<S>
}

/** Brings every value that a dict can hold back exactly, whatever the dict's own serializer is. */
const copier = new ValueCodec(knownSerializer('structured'))

/**
 * A plain, private copy of a live value or of a whole object view, for structuredClone(), postMessage()
 * and whatever else takes no Proxy. Anything else is returned as it is.
 */
export function plain<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value
  const dict = dictBehind(value)
  if (dict !== undefined) return dict.toObject() as T
  const raw = rawOf(value)
  if (raw === undefined) return value
  return copier.decode(copier.encode('', raw)) as T
}
