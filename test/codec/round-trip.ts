/** One way through everything between a value and its record, and back. */
import { decodeRecord, encodeRecord } from '../../src/codec/record.js'
import { knownSerializer, type SerializerName } from '../../src/codec/serializer.js'
import { payloadOf, ValueCodec } from '../../src/codec/value-codec.js'

export const SERIALIZERS: readonly SerializerName[] = ['msgpack', 'json', 'structured']

const STORAGE_KEY = Buffer.from('\u0001key')

export interface RoundTrip {
  readonly copy: unknown
  /** The value as readers get it who share it; undefined if it cannot be shared. */
  readonly frozen: unknown
}

/** The value from a record of it, as a copy and, where the record allows it, frozen. */
export function roundTrip(serializer: SerializerName, value: unknown): RoundTrip {
  const codec = new ValueCodec(knownSerializer(serializer))
  const { bytes, isGraph, isPlain } = codec.encode('key', value)
  const lent = encodeRecord(STORAGE_KEY, {
    serializer: codec.serializer.code,
    compressor: 0,
    suite: 0,
    isGraph,
    isPlain,
    isHole: false,
    seq: 1,
    version: 2,
    createdAt: 3,
    updatedAt: 4,
    expiresAt: 0,
    key: undefined,
    tags: [],
    payload: bytes,
  })
  const record = decodeRecord(STORAGE_KEY, Uint8Array.from(lent))
  return {
    copy: codec.decode(payloadOf(record)),
    frozen: record.isPlain ? codec.decodeFrozen(record) : undefined,
  }
}
