/** Changes that depend on what is there, also by many at once. */
import { describe, expect, test } from 'vitest'
import { NotANumberError } from '../../src/index.js'
import { FACES, failure } from './faces.js'

describe.each(FACES)('$name', ({ name, newPlace }) => {
  const isAsync = name.includes('async')

  test('update() gets a private copy, which it may change or replace, and keeps the deadline', async () => {
    const dict = await newPlace()<Record<string, { list: number[] }>>()
    await dict.set('a', { list: [1] }, { ttl: '1h' })
    const before = await dict.getEntry('a')
    expect(await dict.update('a', (value) => void value?.list.push(2))).toEqual({ list: [1, 2] })
    expect(await dict.update('a', () => ({ list: [3] }))).toEqual({ list: [3] })
    expect(await dict.get('a')).toEqual({ list: [3] })
    expect((await dict.getEntry('a'))?.expiresAt).toBe(before?.expiresAt)
    await dict.update('a', (value) => value, { ttl: null })
    expect((await dict.getEntry('a'))?.expiresAt).toBeUndefined()
  })

  test('update() of an absent key gets undefined, and stores nothing for undefined', async () => {
    const dict = await newPlace()<Record<string, number>>()
    expect(await dict.update('a', (value) => value)).toBeUndefined()
    expect(await dict.has('a')).toBe(false)
    expect(await dict.update('a', (value) => (value ?? 0) + 1)).toBe(1)
  })

  test('update() whose function throws changes nothing, and the dict goes on', async () => {
    const dict = await newPlace()<Record<string, number>>()
    await dict.set('a', 1)
    const thrown = new Error('no')
    const attempt = () =>
      dict.update('a', () => {
        throw thrown
      })
    expect(await failure(attempt)).toBe(thrown)
    expect(await dict.get('a')).toBe(1)
    expect(await dict.increment('a')).toBe(2)
  })

  test('increment() counts from 0, by any number or bigint, and refuses other values', async () => {
    const dict = await newPlace()()
    expect(await dict.increment('n')).toBe(1)
    expect(await dict.increment('n', 1.5)).toBe(2.5)
    expect(await dict.increment('big', 2n)).toBe(2n)
    expect(await dict.increment('big', 3n)).toBe(5n)
    await dict.set('text', 'x')
    expect(await failure(() => dict.increment('text'))).toBeInstanceOf(NotANumberError)
    expect(await failure(() => dict.increment('n', 1n))).toBeInstanceOf(NotANumberError)
    expect(await failure(() => dict.increment('n', Number.NaN))).toBeInstanceOf(RangeError)
    expect(await dict.get('n')).toBe(2.5)
  })

  test('compareAndSet() stores if the version is the one that was seen', async () => {
    const dict = await newPlace()<Record<string, string>>()
    expect(await dict.compareAndSet('a', 1, 'x')).toBe(false)
    expect(await dict.compareAndSet('a', undefined, 'one')).toBe(true)
    expect(await dict.compareAndSet('a', undefined, 'x')).toBe(false)
    const version = (await dict.getEntry('a'))?.version
    expect(await dict.compareAndSet('a', version, 'two')).toBe(true)
    expect(await dict.compareAndSet('a', version, 'x')).toBe(false)
    expect(await dict.get('a')).toBe('two')
  })

  test('getOrInsert() and getOrInsertComputed() store once, and give what is there', async () => {
    const dict = await newPlace()<Record<string, { n: number }>>()
    expect(await dict.getOrInsert('a', { n: 1 })).toEqual({ n: 1 })
    expect(await dict.getOrInsert('a', { n: 2 })).toEqual({ n: 1 })
    let calls = 0
    const compute = (key: string) => ({ n: key.length + calls++ })
    expect(await dict.getOrInsertComputed('abc', compute)).toEqual({ n: 3 })
    const again = await dict.getOrInsertComputed('abc', compute)
    expect(again).toEqual({ n: 3 })
    expect(Object.isFrozen(again)).toBe(true)
    expect(calls).toBe(1)
  })

  test('an increment by each of two handles, 30 at once, loses none', async () => {
    const place = newPlace()
    const [one, other] = [
      await place<Record<string, number>>(),
      await place<Record<string, number>>(),
    ]
    const tasks = Array.from({ length: 30 }, (_, at) => (at % 2 === 0 ? one : other).increment('n'))
    const sums = await Promise.all(tasks)
    expect(new Set(sums).size).toBe(30)
    expect(await other.get('n')).toBe(30)
  })

  test('of many compareAndSet() with one version, one succeeds', async () => {
    const dict = await newPlace()<Record<string, number>>()
    for (let round = 0; round < 2; round++) {
      const version = (await dict.getEntry('a'))?.version
      const results = await Promise.all(
        Array.from({ length: 10 }, (_, at) => dict.compareAndSet('a', version, at)),
      )
      expect(results.filter(Boolean).length).toBe(1)
      expect(await dict.get('a')).toBe(results.indexOf(true))
    }
  })

  test('of many take(), one gets the value', async () => {
    const dict = await newPlace()<Record<string, number>>()
    await dict.set('a', 1)
    const taken = await Promise.all(Array.from({ length: 10 }, () => dict.take('a')))
    expect(taken.filter((value) => value !== undefined)).toEqual([1])
  })

  test('set() and delete() at once end in one of their states, and sizes agree', async () => {
    const dict = await newPlace()<Record<string, number>>()
    const tasks = Array.from({ length: 20 }, async (_, at) =>
      at % 2 === 0 ? void (await dict.set('a', at)) : void (await dict.delete('a')),
    )
    await Promise.all(tasks)
    const size: unknown = dict.size
    const count = typeof size === 'function' ? await dict.size() : size
    expect(count).toBe((await dict.has('a')) ? 1 : 0)
  })

  if (isAsync) {
    test('update() waits for a promise, and tries again if somebody was faster', async () => {
      const dict = await newPlace()<Record<string, number>>()
      await dict.set('a', 1)
      const seen: (number | undefined)[] = []
      const updated = dict.update('a', async (value) => {
        seen.push(value)
        // The key that is being updated may be used meanwhile.
        if (seen.length === 1) await dict.set('a', 10)
        return (value ?? 0) + 1
      })
      expect(await updated).toBe(11)
      expect(seen).toEqual([1, 10])
      expect(await dict.get('a')).toBe(11)
    })

    test('update() with promises, 6 at once, loses none', async () => {
      const dict = await newPlace()<Record<string, number>>()
      const step = async (value: number | undefined) => (value ?? 0) + 1
      await Promise.all(Array.from({ length: 6 }, () => dict.update('n', step)))
      expect(await dict.get('n')).toBe(6)
    })

    test('update() whose promise rejects changes nothing', async () => {
      const dict = await newPlace()<Record<string, number>>()
      const thrown = new Error('no')
      expect(await failure(() => dict.update('a', () => Promise.reject(thrown)))).toBe(thrown)
      expect(await dict.has('a')).toBe(false)
    })

    test('getOrInsertComputed() waits for a promise; all who ask at once get one value', async () => {
      const dict = await newPlace()<Record<string, number>>()
      let calls = 0
      const values = await Promise.all(
        Array.from({ length: 10 }, () => dict.getOrInsertComputed('a', async () => ++calls)),
      )
      expect(new Set(values).size).toBe(1)
      expect(await dict.get('a')).toBe(values[0])
    })
  }
})
