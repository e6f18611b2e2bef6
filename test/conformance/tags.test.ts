/** Tags: groups of entries that go at once. */
import { describe, expect, test } from 'vitest'
import { FakeClock } from '../fake-clock.js'
import { all, FACES, failure, sizeOf } from './faces.js'

describe.each(FACES)('$name', ({ newPlace }) => {
  test('invalidateTag() hides entries from every way of looking, and no others', async () => {
    const dict = await newPlace()()
    const other = dict.namespace('other')
    await dict.set('a', 1, { tags: ['red'] })
    await dict.set('b', { n: 2 }, { tags: ['blue', 'red'] })
    await dict.set('c', 3, { tags: ['blue'] })
    await dict.set('d', 4)
    await other.set('a', 5, { tags: ['red'] })
    // Into the cache.
    for (const key of 'abcd') await dict.get(key)
    await dict.invalidateTag('red', 'unheard of')
    expect([await dict.get('a'), await dict.get('b')]).toEqual([undefined, undefined])
    expect(await dict.getEntry('a')).toBeUndefined()
    expect(await dict.has('b')).toBe(false)
    expect(await dict.ttl('a')).toBeUndefined()
    expect(await dict.getMany(['a', 'c', 'd'])).toEqual([undefined, 3, 4])
    expect(await dict.hasMany(['a', 'b', 'c'])).toEqual([false, false, true])
    expect(await all(dict.keys())).toEqual(['c', 'd'])
    expect(await all(dict.keys({ order: 'insertion' }))).toEqual(['c', 'd'])
    expect(await all(dict.entries())).toEqual([
      ['c', 3],
      ['d', 4],
    ])
    expect(await dict.toObject()).toEqual({ c: 3, d: 4 })
    expect(await sizeOf(dict)).toBe(2)
    expect(await dict.delete('a')).toBe(false)
    expect(await dict.expire('b', '1h')).toBe(false)
    expect(await dict.take('b')).toBeUndefined()
    expect(await other.get('a')).toBe(5)
  })

  test('what is set after invalidateTag() is new, whatever was there', async () => {
    const dict = await newPlace()<Record<string, number>>()
    await dict.set('a', 1, { tags: ['t'], ttl: '1h' })
    await dict.set('b', 2)
    await dict.set('n', 5, { tags: ['t'] })
    await dict.set('k', 5, { tags: ['t'] })
    const before = await dict.getEntry('a')
    await dict.invalidateTag('t')
    expect(await dict.compareAndSet('a', before?.version, 9)).toBe(false)
    expect(await dict.increment('n', 1, { tags: ['t'] })).toBe(1)
    expect(await dict.getOrInsert('k', 7)).toBe(7)
    await dict.set('a', 3, { tags: ['t'], keepTtl: true })
    expect([await dict.get('a'), await dict.get('n')]).toEqual([3, 1])
    expect(await dict.ttl('a')).toBe(Number.POSITIVE_INFINITY)
    expect(await all(dict.keys({ order: 'insertion' }))).toEqual(['b', 'n', 'k', 'a'])
    await dict.invalidateTag('t')
    expect(await all(dict.keys())).toEqual(['b', 'k'])
  })

  test('sweep() removes the rows of invalidated entries, and no others', async () => {
    const clock = new FakeClock(Date.now() + 1_000)
    const place = newPlace()
    const dict = await place<Record<string, number>>({ clock, background: 'disabled' })
    const inner = dict.namespace('inner')
    const even = Array.from({ length: 20 }, (_, at) => [`${2 * at}`, at] as const)
    const odd = Array.from({ length: 20 }, (_, at) => [`${2 * at + 1}`, at] as const)
    await dict.setMany(even, { tags: ['even'] })
    await dict.setMany(odd, { tags: ['odd'] })
    await inner.setMany(even, { tags: ['even'] })
    await dict.invalidateTag('even')
    await inner.invalidateTag('even')
    await dict.set('0', 100, { tags: ['even'] })
    expect([await sizeOf(dict), await sizeOf(inner)]).toEqual([21, 0])
    expect(await dict.sweep()).toBe(39)
    expect(await dict.sweep()).toBe(0)
    expect([await sizeOf(dict), await sizeOf(inner)]).toEqual([21, 0])
    expect([await dict.get('0'), await dict.get('1'), await dict.get('2')]).toEqual([
      100,
      0,
      undefined,
    ])
  })

  test('tags may hold any characters, and nothing but strings are tags', async () => {
    const dict = await newPlace()()
    const tags = ['', '\0', '..', '*', 'a:b', '\ud800', 'x'.repeat(100_000), 'x'.repeat(100_001)]
    for (const [at, tag] of tags.entries()) await dict.set(`k${at}`, at, { tags: [tag] })
    for (const [at, tag] of tags.entries()) {
      await dict.invalidateTag(tag)
      expect(await sizeOf(dict)).toBe(tags.length - at - 1)
    }
    const refused = await failure(() => dict.invalidateTag(1 as never))
    expect(refused).toMatchObject({ code: 'ERR_PERSISTDICT_OPTION' })
  })

  test('invalidateTag() is told once, with its tags', async () => {
    const dict = await newPlace()()
    const heard: unknown[] = []
    dict.on('invalidate', ({ tags, namespace }) => void heard.push([namespace, tags]))
    await dict.namespace('n').invalidateTag('a', 'b')
    await new Promise((resolve) => setImmediate(resolve))
    expect(heard).toEqual([[['n'], ['a', 'b']]])
  })
})
