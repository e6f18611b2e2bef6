/**
 * Writes the golden sealed records of the present format version:
 *
 *     node --import tsx test/golden/make-sealed.ts > test/golden/sealed-v1.json
 *
 * Run once a format version, as make-records.ts.
 */
import { Compression } from '../../src/codec/compression.js'
import { FORMAT_VERSION } from '../../src/codec/record.js'
import { knownSerializer } from '../../src/codec/serializer.js'
import { ValueCodec } from '../../src/codec/value-codec.js'
import { encodeRow } from '../../src/engine/row.js'
import { DEFAULT_KEY_SETTINGS } from '../../src/keys/key-settings.js'
import { KeySpace } from '../../src/keys/key-space.js'
import { CIPHERS, goldenSecrets } from './sealed-secrets.js'
import { VALUES } from './values.js'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

const records = Object.entries(CIPHERS).flatMap(([cipher, made]) =>
  [true, false].flatMap((hidesNames) =>
    (['gzip', 'none'] as const).map((compress) => {
      const secrets = goldenSecrets(made, hidesNames)
      const space = new KeySpace(['users'], { ...DEFAULT_KEY_SETTINGS, secrets })
      const compression = new Compression(compress)
      const codec = new ValueCodec(knownSerializer('msgpack'), { compression })
      const { bytes: payload, ...how } = codec.encode('ada', VALUES.LONG)
      const storageKey = Uint8Array.from(space.encode('ada'))
      const record = encodeRow(space, storageKey, {
        ...how,
        payload,
        suite: 0,
        isHole: false,
        seq: 6_400,
        version: 6_401,
        createdAt: 1_750_000_000_000,
        updatedAt: 1_750_000_001_000,
        expiresAt: 4_000_000_000_000,
        key: space.isHashed(storageKey) ? space.fullKey('ada') : undefined,
        tags: ['users'],
      })
      return { cipher, hidesNames, compress, storageKey: hex(storageKey), record: hex(record) }
    }),
  ),
)

console.log(JSON.stringify({ format: FORMAT_VERSION, records }, null, 2))
