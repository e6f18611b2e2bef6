/** Sealed records that earlier releases wrote are opened for ever. make-sealed.ts says how they were made. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { knownSerializer } from '../../src/codec/serializer.js'
import { payloadOf, ValueCodec } from '../../src/codec/value-codec.js'
import { fieldsOfRow, keyOfRow } from '../../src/engine/row.js'
import { DEFAULT_KEY_SETTINGS } from '../../src/keys/key-settings.js'
import { KeySpace } from '../../src/keys/key-space.js'
import { CIPHERS, goldenSecrets } from './sealed-secrets.js'
import { VALUES } from './values.js'

interface Golden {
  readonly cipher: string
  readonly hidesNames: boolean
  readonly compress: string
  readonly storageKey: string
  readonly record: string
}

const file = new URL('sealed-v1.json', import.meta.url)
const { records } = JSON.parse(readFileSync(file, 'utf8')) as { records: Golden[] }

test.each(records)('$cipher, $compress, names hidden: $hidesNames', (golden) => {
  const cipher = CIPHERS[golden.cipher]
  if (cipher === undefined) throw new Error(`there is no cipher ${golden.cipher}`)
  const secrets = goldenSecrets(cipher, golden.hidesNames)
  const space = new KeySpace(['users'], { ...DEFAULT_KEY_SETTINGS, secrets })
  const storageKey = Buffer.from(golden.storageKey, 'hex')
  expect(Buffer.from(space.encode('ada')).toString('hex')).toBe(golden.storageKey)
  const fields = fieldsOfRow(space, storageKey, Buffer.from(golden.record, 'hex'))
  expect(keyOfRow(space, storageKey, fields)).toBe('ada')
  expect(fields).toMatchObject({ seq: 6_400, version: 6_401, expiresAt: 4_000_000_000_000 })
  expect(fields.tags).toEqual(['users'])
  const codec = new ValueCodec(knownSerializer('msgpack'))
  expect(codec.decode(payloadOf(fields))).toEqual(VALUES.LONG)
})

test('the golden sealed records hold every cipher, both ways of names, and compression', () => {
  expect(records).toHaveLength(12)
})
