/** Keys, values and entries of ranges, and groups. */
import { describe, expect, test } from 'vitest'
import { OptionError } from '../../src/index.js'
import { all, FACES, failure, sizeOf } from './faces.js'

describe.each(FACES)('$name', ({ newPlace }) => {
  test('keys() with bounds, prefix, limit and reverse gives what a sorted list would', async () => {
    const dict = await newPlace()<Record<string, number>>()
    const long = `b${'x'.repeat(600)}`
    const keys = ['a', 'ab', 'b', long, 'ba', 'c', 'é', '\u{1f600}']
    await dict.setMany(keys.toReversed().map((key) => [key, key.length] as const))
    const sorted = ['a', 'ab', 'b', 'ba', long, 'c', 'é', '\u{1f600}']
    expect(await all(dict.keys())).toEqual(sorted)
    expect(await all(dict.keys({ reverse: true }))).toEqual(sorted.toReversed())
    expect(await all(dict.keys({ gt: 'ab', lte: 'c' }))).toEqual(['b', 'ba', long, 'c'])
    expect(await all(dict.keys({ gte: 'ab', lt: long }))).toEqual(['ab', 'b', 'ba'])
    expect(await all(dict.keys({ gt: long }))).toEqual(['c', 'é', '\u{1f600}'])
    expect(await all(dict.keys({ prefix: 'b' }))).toEqual(['b', 'ba', long])
    expect(await all(dict.keys({ prefix: 'b', reverse: true, limit: 2 }))).toEqual([long, 'ba'])
    expect(await all(dict.keys({ limit: 0 }))).toEqual([])
    const inserted = await all(dict.keys({ order: 'insertion' }))
    expect(inserted).toEqual(keys.toReversed())
    const last = await all(dict.keys({ order: 'insertion', reverse: true, limit: 1 }))
    expect(last).toEqual([keys[0]])
  })

  test('values(), entries(), forEach() and toObject() go with keys()', async () => {
    const dict = await newPlace()<Record<string, { n: number }>>()
    await dict.set('b', { n: 1 })
    await dict.set('a', { n: 2 })
    await dict.set('__proto__', { n: 3 })
    expect(await all(dict.values({ gte: 'a' }))).toEqual([{ n: 2 }, { n: 1 }])
    expect(await all(dict.entries({ gte: 'a' }))).toEqual([
      ['a', { n: 2 }],
      ['b', { n: 1 }],
    ])
    const seen: unknown[] = []
    await dict.forEach((value, key, self) => {
      seen.push([key, value.n, self === dict])
    })
    expect(seen).toEqual([
      ['__proto__', 3, true],
      ['a', 2, true],
      ['b', 1, true],
    ])
    const object = await dict.toObject()
    expect(Object.keys(object)).toEqual(['b', 'a', '__proto__'])
    expect(Object.getPrototypeOf(object)).toBe(Object.prototype)
  })

  test('a bad range is refused', async () => {
    const dict = await newPlace()()
    const bad = [{ from: 'a' }, { order: 'up' }, { prefix: 1 }] as object[]
    for (const range of bad) {
      expect(await failure(() => all(dict.keys(range)))).toBeInstanceOf(OptionError)
    }
    expect(await failure(() => all(dict.keys({ limit: -1 })))).toBeInstanceOf(RangeError)
  })

  test('an iteration sees those that stay once, and what it changes itself', async () => {
    const dict = await newPlace()<Record<string, number>>()
    const nameOf = (at: number) => String(at).padStart(4, '0')
    await dict.setMany(Array.from({ length: 120 }, (_, at) => [nameOf(at), at] as const))
    const seen: string[] = []
    for await (const [key, value] of dict.entries()) {
      seen.push(key)
      const at = Number(key)
      expect(value).toBe(at % 50 === 2 ? -1 : at)
      if (at % 50 !== 0) continue
      await dict.delete(key)
      await dict.delete(nameOf(at + 1))
      await dict.set(nameOf(at + 2), -1)
    }
    const deleted = [0, 50, 100].map((at) => nameOf(at + 1))
    const wanted = Array.from({ length: 120 }, (_, at) => nameOf(at))
    expect(seen).toEqual(wanted.filter((key) => !deleted.includes(key)))
    const inserted = await all(dict.keys({ order: 'insertion' }))
    expect(inserted.length).toBe(114)
  })

  test('an iteration that is left early ends', async () => {
    const dict = await newPlace()<Record<string, number>>()
    await dict.setMany({ a: 1, b: 2, c: 3 })
    for await (const key of dict.keys()) if (key === 'b') break
    expect(await sizeOf(dict)).toBe(3)
  })

  test('namespaces are isolated, whatever their names', async () => {
    const dict = await newPlace()<Record<string, number>>()
    const names = [
      '',
      'a',
      'a/b',
      'a:b',
      '*',
      '..',
      '\0',
      '{a}',
      '\ud800',
      'x'.repeat(300),
      '__proto__',
    ]
    await dict.set('k', -1)
    for (const [at, name] of names.entries()) await dict.namespace(name).set('k', at)
    for (const [at, name] of names.entries()) expect(await dict.namespace(name).get('k')).toBe(at)
    const nested = dict.namespace('a').namespace('b')
    await nested.set('k', 100)
    expect(await dict.namespace('a/b').get('k')).toBe(2)
    const paths = (await all(dict.namespaces())).map((path) => JSON.stringify(path)).sort()
    const wanted = [...names.map((name) => [name]), ['a', 'b']].map((path) => JSON.stringify(path))
    expect(paths).toEqual(wanted.sort())
    await dict.namespace('a').clear()
    expect(await dict.namespace('a').get('k')).toBeUndefined()
    expect(await nested.get('k')).toBe(100)
    expect(await dict.get('k')).toBe(-1)
    expect(await sizeOf(dict)).toBe(1)
    expect(await all(dict.keys())).toEqual(['k'])
    const left = await all(dict.namespaces())
    expect(left.some((path) => path.length === 1 && path[0] === 'a')).toBe(false)
  })

  test('keys of other types go through the key serializer', async () => {
    const keySerializer = {
      id: 'point',
      serialize: ({ x, y }: { x: number; y: number }) => `${x},${y}`,
      deserialize: (text: string) => {
        const [x, y] = text.split(',').map(Number)
        return { x: x as number, y: y as number }
      },
    }
    const dict = await newPlace()({ keySerializer } as never)
    await dict.set({ x: 1, y: 2 } as never, 'here' as never)
    expect(await dict.get({ x: 1, y: 2 } as never)).toBe('here' as never)
    expect(await all(dict.keys())).toEqual([{ x: 1, y: 2 }])
  })
})
