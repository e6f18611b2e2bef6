/**
 * Writes the golden records of the present format version:
 *
 *     node --import tsx test/golden/make-records.ts > test/golden/records-v1.json
 *
 * Run once a format version, with the first release that writes it, and never again: records-v1.json
 * is what the release of format 1 wrote, and every later release must read it.
 */
import { Compression } from '../../src/codec/compression.js'
import type { CompressorName } from '../../src/codec/compressor.js'
import { encodeRecord, FORMAT_VERSION, type RecordFields } from '../../src/codec/record.js'
import { knownSerializer, type SerializerName } from '../../src/codec/serializer.js'
import { ValueCodec } from '../../src/codec/value-codec.js'
import { DEFAULT_KEY_SETTINGS } from '../../src/keys/key-settings.js'
import { KeySpace } from '../../src/keys/key-space.js'
import { VALUES } from './values.js'

const SERIALIZERS: readonly SerializerName[] = ['msgpack', 'json', 'structured']
/** Zstandard is not in every Node that runs this. */
const COMPRESSORS: readonly CompressorName[] = ['gzip', 'brotli', 'deflate']
const LONG_KEY = 'a long key '.repeat(60)

const BASE = {
  suite: 0,
  isHole: false,
  seq: 6_400,
  version: 6_401,
  createdAt: 1_750_000_000_000,
  updatedAt: 1_750_000_001_000,
  expiresAt: 0,
  key: undefined,
  tags: [],
} satisfies Partial<RecordFields>

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

function goldenRecord(
  name: string,
  serializer: SerializerName,
  value: string | undefined,
  key: string,
  more: Partial<RecordFields> = {},
  compressor: CompressorName | 'none' = 'none',
): object {
  const space = new KeySpace([], DEFAULT_KEY_SETTINGS)
  const storageKey = Uint8Array.from(space.encode(key))
  const compression = new Compression(compressor)
  const codec = new ValueCodec(knownSerializer(serializer), { compression })
  const payload = value === undefined ? undefined : codec.encode(key, VALUES[value])
  const fields: RecordFields = {
    ...BASE,
    serializer: value === undefined ? 0 : codec.serializer.code,
    compressor: payload?.compressor ?? 0,
    isGraph: payload?.isGraph ?? false,
    isPlain: payload?.isPlain ?? false,
    key: space.isHashed(storageKey) && value !== undefined ? space.fullKey(key) : undefined,
    payload: payload?.bytes ?? new Uint8Array(0),
    ...more,
  }
  const { payload: _payload, key: fullKey, ...rest } = fields
  const record = hex(encodeRecord(storageKey, fields))
  return {
    name,
    serializerName: serializer,
    value,
    key,
    storageKey: hex(storageKey),
    record,
    fields: { ...rest, isHashed: fullKey !== undefined },
  }
}

const records = SERIALIZERS.flatMap((serializer) => [
  goldenRecord('plain', serializer, 'PLAIN', 'user:1'),
  goldenRecord('null', serializer, 'nothing', ''),
  goldenRecord('deadline', serializer, 'PLAIN', 'user:2', { expiresAt: 1_750_000_600_000 }),
  goldenRecord('grace', serializer, 'PLAIN', 'user:5', {
    expiresAt: 1_750_000_600_000,
    grace: {
      freshUntil: 1_750_000_600_000,
      until: 1_750_000_900_000,
      computeMs: 1_234,
      isRetired: false,
    },
  }),
  goldenRecord('retired', serializer, 'PLAIN', 'user:6', {
    expiresAt: 1,
    grace: {
      freshUntil: 1_750_000_600_000,
      until: 1_750_000_900_000,
      computeMs: 0,
      isRetired: true,
    },
  }),
  goldenRecord('tags', serializer, 'PLAIN', 'user:3', { tags: ['users', 'größe', ''] }),
  goldenRecord('hashed key', serializer, 'PLAIN', LONG_KEY),
  ...COMPRESSORS.map((compressor) =>
    goldenRecord(compressor, serializer, 'LONG', 'user:4', {}, compressor),
  ),
  goldenRecord('graph', serializer, 'GRAPH', 'odd \ud800 key'),
  goldenRecord('everything', serializer, 'GRAPH', `${LONG_KEY}\ud800`, {
    expiresAt: 2 ** 48 - 1,
    tags: ['a'],
    seq: 0,
    version: 2 ** 40,
  }),
])
const hole = goldenRecord('hole', 'msgpack', undefined, LONG_KEY, {
  isHole: true,
  seq: 0,
  version: 0,
  createdAt: 0,
  updatedAt: 0,
})

console.log(JSON.stringify({ format: FORMAT_VERSION, records: [...records, hole] }, null, 2))
