/** Values as bytes. The three built-in serializers store the same values; they differ in speed, size and who else can read them. */
import { deserialize, serialize } from 'node:v8'
import { Packr } from 'msgpackr'
import { KIND, type Kinds } from './kinds.js'

/** Turns values into bytes and back. Yours may be given to open() as `serializer`. */
export interface Serializer {
  /** Stored with the dict: opening it with another serializer is refused. */
  readonly id: string
  /** The bytes of a value. A throw becomes an error of the call that sets it. */
  serialize(value: unknown): Uint8Array
  /** The value of bytes made by `serialize`, which may be kept. */
  deserialize(bytes: Uint8Array): unknown
}

/** The names of the built-in serializers. */
export type SerializerName = 'msgpack' | 'json' | 'structured'

/** A serializer as the codec uses it. */
export interface KnownSerializer extends Serializer {
  /** What stands for it in a record. */
  readonly code: number
  /** The kinds of values it brings back exactly. Undefined: it takes values as they are, unchecked. */
  readonly carries: Kinds | undefined
  /** The value of the bytes from `start` to `end`, of plain values only. The bytes may be lent. */
  readonly deserializePart?: (bytes: Uint8Array, start: number, end: number) => unknown
}

/** The code of all serializers that are not built in; the format identity tells them apart. */
const FOREIGN = 255

/** The built-in serializer of that name, or yours with what the codec needs. */
export function knownSerializer(serializer: SerializerName | Serializer): KnownSerializer {
  if (typeof serializer === 'string') return BUILT_IN[serializer]
  return {
    id: serializer.id,
    code: FOREIGN,
    carries: undefined,
    serialize(value) {
      const bytes: unknown = serializer.serialize(value)
      if (!(bytes instanceof Uint8Array)) {
        throw new TypeError(`it returned ${typeof bytes}; it must return a Uint8Array.`)
      }
      // A serializer may use one buffer again and again, and these bytes wait for a commit.
      return Uint8Array.prototype.slice.call(bytes)
    },
    deserialize: (bytes) => serializer.deserialize(bytes),
  }
}

/**
 * MessagePack, without msgpackr's record extension: wrong shared structures decode to other property
 * names without an error, and structures are lost with an aborted transaction.
 */
const packr = new Packr({
  useRecords: false,
  variableMapSize: true,
  moreTypes: true,
  mapsAsObjects: true,
  useBigIntExtension: true,
  encodeUndefinedAsNil: false,
  copyBuffers: true,
})

/** One object for all calls: msgpackr reads it before it decodes. */
const range = { start: 0, end: 0 }

const msgpack: KnownSerializer = {
  id: 'msgpack',
  code: 1,
  carries: KIND.undefined | KIND.nonFinite | KIND.bigint | KIND.date | KIND.set | KIND.bytes,
  serialize: (value) => packr.pack(value),
  // From a Buffer, parts that were Buffers come back as Buffers.
  deserialize: (bytes) => packr.unpack(asBuffer(bytes)),
  deserializePart(bytes, start, end) {
    range.start = start
    range.end = end
    return packr.unpack(bytes, range)
  },
}

const json: KnownSerializer = {
  id: 'json',
  code: 2,
  carries: 0,
  serialize: (value) => Buffer.from(JSON.stringify(value), 'utf8'),
  deserialize: (bytes) => JSON.parse(asBuffer(bytes).toString('utf8')),
}

const structured: KnownSerializer = {
  id: 'structured',
  code: 3,
  carries:
    KIND.undefined |
    KIND.nonFinite |
    KIND.negativeZero |
    KIND.bigint |
    KIND.illFormed |
    KIND.sparse |
    KIND.date |
    KIND.map |
    KIND.set |
    KIND.bytes |
    KIND.shared,
  serialize,
  deserialize,
}

const BUILT_IN: Readonly<Record<SerializerName, KnownSerializer>> = { msgpack, json, structured }

/** Whether every version of this package can read what the serializer of that name makes. */
export function isBuiltInSerializer(name: unknown): boolean {
  return typeof name === 'string' && Object.hasOwn(BUILT_IN, name)
}

/** The built-in serializer that stands in records as `code`; undefined for none. */
export function builtInSerializer(code: number): KnownSerializer | undefined {
  switch (code) {
    case msgpack.code:
      return msgpack
    case json.code:
      return json
    case structured.code:
      return structured
    default:
      return undefined
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
