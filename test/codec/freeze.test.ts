import { expect, test } from 'vitest'
import { freezeTree } from '../../src/codec/freeze.js'

test('freezeTree() freezes all parts of a value, at any place', () => {
  const value = { a: { b: [{ c: 1 }, null] }, d: [[], {}], e: null, f: 'text' }
  freezeTree(value)
  const parts = [value, value.a, value.a.b, value.a.b[0], value.d, value.d[0], value.d[1]]
  expect(parts.map((part) => Object.isFrozen(part))).toEqual(parts.map(() => true))
})

test('freezeTree() walks no holes, and freezes what is among them', () => {
  const item = { a: 1 }
  const sparse: unknown[] = []
  sparse[4_000_000_000] = item
  freezeTree(sparse)
  expect([Object.isFrozen(sparse), Object.isFrozen(item)]).toEqual([true, true])
})

test('freezeTree() leaves alone what a prototype was given', () => {
  const given = { changes: true }
  const define = { value: given, enumerable: true, configurable: true, writable: true }
  Object.defineProperty(Object.prototype, 'given', define)
  try {
    freezeTree({ own: {} })
  } finally {
    Reflect.deleteProperty(Object.prototype, 'given')
  }
  expect(Object.isFrozen(given)).toBe(false)
})
