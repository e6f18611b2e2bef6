/** What the faces need of the live value that they are parts of. */
export interface LiveTree {
  /** What users see of a raw part: itself if it is a primitive, its one face, or a copy of a leaf. */
  faceOf(raw: unknown): unknown
  /** The face of a raw part, if it was made already. */
  knownFace(raw: object): object | undefined
  /**
   * The raw form of a value that is being put into `container` under `step`. Objects are copied, but
   * for parts of this very value, which stay shared. Throws UnpersistableValueError with the path.
   */
  adopt(value: unknown, container: object, step: string): unknown
  /** A part of the value, for messages. */
  shown(part: string): string
  /** Call before a change: notes it, or throws ConflictError with everything as it was. */
  willChange(): void
}

/** One step of a path, as it is written in JavaScript. */
export function stepOf(key: unknown): string {
  return typeof key === 'string' && /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${String(key)}]`
}
