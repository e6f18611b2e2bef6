import { expect, test } from 'vitest'
import { knownSerializer } from '../../src/codec/serializer.js'
import { ValueCodec } from '../../src/codec/value-codec.js'

test('a value is stored as it is, and without what Object.prototype was given', () => {
  const codec = new ValueCodec(knownSerializer('msgpack'))
  const define = { value: () => {}, enumerable: true, configurable: true, writable: true }
  Object.defineProperty(Object.prototype, 'given', define)
  let stored: unknown
  try {
    stored = codec.decode(codec.encode('key', { own: { a: 1 } }))
  } finally {
    Reflect.deleteProperty(Object.prototype, 'given')
  }
  expect(stored).toStrictEqual({ own: { a: 1 } })
})
