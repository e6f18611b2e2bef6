/** The types that hold raw bytes. Their position in the list is stored: append, never reorder. */
export const BYTES_KINDS = [
  'Buffer',
  'ArrayBuffer',
  'DataView',
  'Int8Array',
  'Uint8Array',
  'Uint8ClampedArray',
  'Int16Array',
  'Uint16Array',
  'Int32Array',
  'Uint32Array',
  'Float32Array',
  'Float64Array',
  'BigInt64Array',
  'BigUint64Array',
] as const

export type BytesKind = (typeof BYTES_KINDS)[number]

const TAGS: ReadonlySet<string> = new Set(BYTES_KINDS)

/** Which type of bytes the value is; undefined for anything else, subclasses and shared memory too. */
export function bytesKind(value: object): BytesKind | undefined {
  if (Buffer.isBuffer(value)) return 'Buffer'
  if (!ArrayBuffer.isView(value) && !(value instanceof ArrayBuffer)) return undefined
  const type = value.constructor?.name
  return type !== undefined && TAGS.has(type) ? (type as BytesKind) : undefined
}

/** The value of that type over a copy of the bytes. Throws RangeError if they do not fit the type. */
export function fromBytes(kind: BytesKind, bytes: Uint8Array): ArrayBuffer | ArrayBufferView {
  if (kind === 'Buffer') return Buffer.from(bytes)
  const copy = new ArrayBuffer(bytes.length)
  new Uint8Array(copy).set(bytes)
  if (kind === 'ArrayBuffer') return copy
  return Reflect.construct(globalThis[kind], [copy]) as ArrayBufferView
}
