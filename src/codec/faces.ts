/**
 * Faces: objects that stand for others, made by this library. A face is stored as what it stands for;
 * any other Proxy is refused, since nobody can know what it would be when it comes back.
 */

const rawByFace = new WeakMap<object, object>()

/** Notes that `face` stands for `raw`. */
export function registerFace(face: object, raw: object): void {
  rawByFace.set(face, raw)
}

/** What a face stands for; undefined for anything that is no face. */
export function rawOf(value: object): object | undefined {
  return rawByFace.get(value)
}
