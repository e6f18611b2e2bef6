/** Records that earlier releases wrote are read for ever. make-records.ts says how they were made. */
import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import { describe, expect, test } from 'vitest'
import { decodeRecord, encodeRecord, type RecordFields } from '../../src/codec/record.js'
import { knownSerializer, type SerializerName } from '../../src/codec/serializer.js'
import { payloadOf, ValueCodec } from '../../src/codec/value-codec.js'
import { DEFAULT_KEY_SETTINGS } from '../../src/keys/key-settings.js'
import { KeySpace } from '../../src/keys/key-space.js'
import { VALUES } from './values.js'

interface Golden {
  readonly name: string
  readonly serializerName: SerializerName
  readonly value?: string
  readonly key: string
  readonly storageKey: string
  readonly record: string
  readonly fields: Omit<RecordFields, 'payload' | 'key'> & { readonly isHashed: boolean }
}

const file = new URL('records-v1.json', import.meta.url)
const { records } = JSON.parse(readFileSync(file, 'utf8')) as { records: Golden[] }
const space = new KeySpace([], DEFAULT_KEY_SETTINGS)

describe.each(records)('$name, $serializerName', (golden) => {
  const storageKey = Buffer.from(golden.storageKey, 'hex')
  const record = Buffer.from(golden.record, 'hex')
  const { isHashed, ...fields } = golden.fields

  test('decodeRecord() reads every field', () => {
    const decoded = decodeRecord(storageKey, record)
    for (const [name, value] of Object.entries(fields)) {
      expect(decoded[name as keyof typeof fields], name).toEqual(value)
    }
    const fullKey = isHashed ? Buffer.from(space.fullKey(golden.key)) : undefined
    expect(decoded.key && Buffer.from(decoded.key)).toEqual(fullKey)
  })

  test('decode() brings the value back', () => {
    if (golden.value === undefined) return
    const decoded = decodeRecord(storageKey, record)
    const codec = new ValueCodec(knownSerializer(golden.serializerName))
    expect(codec.serializer.code).toBe(decoded.serializer)
    const value = codec.decode(payloadOf(decoded))
    expect(isDeepStrictEqual(value, VALUES[golden.value])).toBe(true)
    if (decoded.isPlain) expect(codec.decodeFrozen(decoded)).toEqual(VALUES[golden.value])
  })

  test('encodeRecord() still writes the same bytes', () => {
    const { payload, key } = decodeRecord(storageKey, record)
    const again = encodeRecord(storageKey, { ...fields, payload, key })
    expect(Buffer.from(again).toString('hex')).toBe(golden.record)
  })

  test('encode() of the key still gives the same place', () => {
    expect(Buffer.from(space.encode(golden.key)).toString('hex')).toBe(golden.storageKey)
  })
})

test('the golden records hold every kind there is', () => {
  expect(new Set(records.map(({ name }) => name)).size).toBe(13)
  expect(records).toHaveLength(37)
})
