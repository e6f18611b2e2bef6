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
  /**
   * The value of the bytes from `start` to `end`, frozen all the way down; only for values that can
   * be. Saves a second walk. The bytes may be lent.
   */
  readonly deserializeFrozen?: (bytes: Uint8Array, start: number, end: number) => unknown
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
    serialize: (value) => serializer.serialize(value),
    deserialize: (bytes) => serializer.deserialize(bytes),
  }
}

/**
 * MessagePack, without msgpackr's record extension: wrong shared structures decode to other property
 * names without an error, and structures are lost with an aborted transaction.
 */
const PACKR_OPTIONS = {
  useRecords: false,
  variableMapSize: true,
  moreTypes: true,
  mapsAsObjects: true,
  useBigIntExtension: true,
  encodeUndefinedAsNil: false,
  copyBuffers: true,
}
const packr = new Packr(PACKR_OPTIONS)
const freezingPackr = new Packr({ ...PACKR_OPTIONS, freezeData: true } as typeof PACKR_OPTIONS)

/** One object for all calls: msgpackr reads it before it decodes. */
const range = { start: 0, end: 0 }

const msgpack: KnownSerializer = {
  id: 'msgpack',
  code: 1,
  carries: KIND.undefined | KIND.nonFinite | KIND.bigint | KIND.date | KIND.set | KIND.bytes,
  serialize: (value) => packr.pack(value),
  deserialize: (bytes) => packr.unpack(bytes),
  deserializeFrozen(bytes, start, end) {
    range.start = start
    range.end = end
    return freezingPackr.unpack(bytes, range)
  },
}

const json: KnownSerializer = {
  id: 'json',
  code: 2,
  carries: 0,
  serialize: (value) => Buffer.from(JSON.stringify(value), 'utf8'),
  deserialize: (bytes) =>
    JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')),
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
