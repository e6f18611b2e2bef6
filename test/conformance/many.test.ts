/** Several keys in one call. */
import { describe, expect, test } from 'vitest'
import { UnpersistableValueError } from '../../src/index.js'
import { FACES, failure, sizeOf } from './faces.js'

describe.each(FACES)('$name', ({ newPlace, isAtomicAcrossKeys }) => {
  test('setMany() takes pairs or an object, and getMany() answers in the order of its keys', async () => {
    const dict = await newPlace()<Record<string, number>>()
    await dict.setMany({ a: 1, b: 2 })
    await dict.setMany(new Map([['c', 3]]), { tags: ['x'] })
    expect(await dict.getMany(['c', 'none', 'a', 'a'])).toEqual([3, undefined, 1, 1])
    expect(await dict.hasMany(['b', 'none'])).toEqual([true, false])
    expect((await dict.getEntry('c'))?.tags).toEqual(['x'])
    expect(await dict.getMany([])).toEqual([])
    await dict.setMany([])
    expect(await sizeOf(dict)).toBe(3)
  })

  test('setMany() with one key twice stores the last value', async () => {
    const dict = await newPlace()<Record<string, number>>()
    await dict.setMany([
      ['a', 1],
      ['b', 1],
      ['a', 2],
    ])
    expect(await dict.getMany(['a', 'b'])).toEqual([2, 1])
    expect(await sizeOf(dict)).toBe(2)
  })

  test('setMany() with a value that cannot be stored stores none', async () => {
    const dict = await newPlace()()
    const error = await failure(() => dict.setMany({ a: 1, b: () => {} }))
    expect(error).toBeInstanceOf(UnpersistableValueError)
    expect(await sizeOf(dict)).toBe(0)
  })

  test('deleteMany() tells how many were there, each counted once', async () => {
    const dict = await newPlace()<Record<string, number>>()
    await dict.setMany({ a: 1, b: 2, c: 3 })
    expect(await dict.deleteMany(['a', 'none', 'c', 'a'])).toBe(2)
    expect(await dict.deleteMany([])).toBe(0)
    expect(await sizeOf(dict)).toBe(1)
  })

  test('setMany() of 120 entries, long keys among them, is whole', async () => {
    const dict = await newPlace()<Record<string, number>>()
    const keys = Array.from({ length: 120 }, (_, at) => `${at}`.padEnd(at % 10 === 0 ? 600 : 4))
    await dict.setMany(keys.map((key, at) => [key, at] as const))
    expect(await dict.getMany(keys)).toEqual(keys.map((_, at) => at))
    expect(await sizeOf(dict)).toBe(120)
    expect(await dict.deleteMany(keys)).toBe(120)
    expect(await sizeOf(dict)).toBe(0)
  })

  test('setMany() with keepTtl keeps the deadline of each', async () => {
    const dict = await newPlace()<Record<string, number>>()
    await dict.set('a', 1, { ttl: '1h' })
    const { expiresAt } = (await dict.getEntry('a')) ?? {}
    await dict.setMany({ a: 2, b: 2 }, { keepTtl: true })
    expect((await dict.getEntry('a'))?.expiresAt).toBe(expiresAt)
    expect((await dict.getEntry('b'))?.expiresAt).toBeUndefined()
  })

  test('getMany() never sees half of a setMany(), where several keys are atomic', async () => {
    const place = newPlace()
    const writer = await place<Record<string, number>>()
    const reader = await place<Record<string, number>>()
    await writer.setMany({ a: 0, b: 0 })
    let torn = 0
    const write = async () => {
      for (let n = 1; n <= 20; n++) await writer.setMany({ a: n, b: n })
    }
    const read = async () => {
      for (let looks = 0; looks < 20; looks++) {
        const [a, b] = await reader.getMany(['a', 'b'])
        if (a !== b) torn++
      }
    }
    await Promise.all([write(), read(), read()])
    // Where each key is atomic for itself, a torn read is allowed, and does not come every time.
    if (isAtomicAcrossKeys) expect(torn).toBe(0)
    expect(await reader.getMany(['a', 'b'])).toEqual([20, 20])
  })
})
