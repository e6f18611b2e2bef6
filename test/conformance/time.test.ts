/** Times to live, by a clock that the test moves. */
import { describe, expect, test } from 'vitest'
import { FakeClock } from '../fake-clock.js'
import { all, type Dict, FACES, failure, sizeOf } from './faces.js'

describe.each(FACES)('$name', ({ newPlace }) => {
  // Ahead of the machine's clock: a store that drops rows by its own clock is never ahead of ours.
  const newClock = () => new FakeClock(Date.now() + 1_000)
  const opened = async (
    options = {},
  ): Promise<{ dict: Dict<Record<string, number>>; clock: FakeClock }> => {
    const clock = newClock()
    const dict = await newPlace()<Record<string, number>>({
      clock,
      background: undefined,
      ...options,
    })
    return { dict, clock }
  }

  test('an entry is there until its deadline and gone from it on, for every way of looking', async () => {
    const { dict, clock } = await opened()
    await dict.set('a', 1, { ttl: 60_000 })
    await dict.set('b', 2)
    clock.advance(59_999)
    expect(await dict.get('a')).toBe(1)
    expect(await dict.ttl('a')).toBe(1)
    expect(await sizeOf(dict)).toBe(2)
    clock.advance(1)
    expect(await dict.get('a')).toBeUndefined()
    expect(await dict.getEntry('a')).toBeUndefined()
    expect(await dict.has('a')).toBe(false)
    expect(await dict.ttl('a')).toBeUndefined()
    expect(await dict.getMany(['a', 'b'])).toEqual([undefined, 2])
    expect(await all(dict.keys())).toEqual(['b'])
    expect(await sizeOf(dict)).toBe(1)
    expect(await dict.delete('a')).toBe(false)
    expect(await dict.expire('a', '1h')).toBe(false)
    expect(await dict.increment('a')).toBe(1)
    expect(await dict.ttl('a')).toBe(Number.POSITIVE_INFINITY)
  })

  test('ttl, expiresAt, keepTtl and the default ttl decide when an entry goes', async () => {
    const { dict, clock } = await opened({ ttl: '1h' })
    const now = clock.now()
    await dict.set('default', 1)
    await dict.set('never', 1, { ttl: null })
    await dict.set('at', 1, { expiresAt: now + 50_000 })
    await dict.set('date', 1, { expiresAt: new Date(now + 60_000) })
    await dict.set('at', 2, { keepTtl: true })
    const deadlines = await Promise.all(
      ['default', 'never', 'at', 'date'].map(async (key) => (await dict.getEntry(key))?.expiresAt),
    )
    expect(deadlines).toEqual([now + 3_600_000, undefined, now + 50_000, now + 60_000])
  })

  test('maxAge ends entries by the time of their making, whatever their ttl, and updates do not help', async () => {
    const { dict, clock } = await opened({ maxAge: '1h' })
    await dict.set('a', 1)
    await dict.set('b', 1, { ttl: '10m' })
    await dict.set('c', 1, { ttl: null })
    clock.advance(1_800_000)
    await dict.set('a', 2)
    await dict.update('c', () => 2)
    const ttls = (...keys: string[]) => Promise.all(keys.map((key) => dict.ttl(key)))
    expect(await ttls('a', 'b', 'c')).toEqual([1_800_000, undefined, 1_800_000])
    await dict.expire('c', '1d')
    await dict.touch('a')
    expect(await ttls('a', 'c')).toEqual([1_800_000, 1_800_000])
    clock.advance(1_800_000)
    expect([await sizeOf(dict), await dict.has('a')]).toEqual([0, false])
    await dict.set('a', 3)
    expect(await ttls('a')).toEqual([3_600_000])
  })

  test('a second set() replaces the deadline of the first, either way', async () => {
    const { dict, clock } = await opened()
    await dict.set('longer', 1, { ttl: 60_000 })
    await dict.set('longer', 2, { ttl: 600_000 })
    await dict.set('none', 1, { ttl: 60_000 })
    await dict.set('none', 2)
    await dict.set('shorter', 1)
    await dict.set('shorter', 2, { ttl: 60_000 })
    clock.advance(60_000)
    expect(await dict.getMany(['longer', 'none', 'shorter'])).toEqual([2, 2, undefined])
  })

  test('expire() and touch() move a deadline and keep the value, its age and its tags', async () => {
    const { dict, clock } = await opened()
    await dict.set('a', 1, { ttl: 60_000, tags: ['x'] })
    const before = await dict.getEntry('a')
    clock.advance(30_000)
    expect(await dict.touch('a')).toBe(true)
    expect(await dict.ttl('a')).toBe(60_000)
    expect(await dict.expire('a', '2m')).toBe(true)
    expect(await dict.ttl('a')).toBe(120_000)
    expect(await dict.expire('a', null)).toBe(true)
    expect(await dict.ttl('a')).toBe(Number.POSITIVE_INFINITY)
    expect(await dict.getEntry('a')).toMatchObject({
      value: 1,
      tags: ['x'],
      createdAt: before?.createdAt,
    })
    expect(await dict.touch('none')).toBe(false)
    expect(await dict.expire('none', null)).toBe(false)
  })

  test('an entry set anew after its deadline is new: it is the last in the order of insertion', async () => {
    const { dict, clock } = await opened()
    await dict.set('a', 1, { ttl: 60_000 })
    await dict.set('b', 2)
    clock.advance(60_000)
    await dict.set('a', 3)
    expect((await dict.getEntry('a'))?.createdAt).toBe(clock.now())
    expect(await all(dict.keys({ order: 'insertion' }))).toEqual(['b', 'a'])
    expect(await sizeOf(dict)).toBe(2)
  })

  test('sweep() removes what has expired, in all namespaces, and nothing else', async () => {
    const { dict, clock } = await opened({ background: 'disabled' })
    const inner = dict.namespace('inner')
    for (let at = 0; at < 8; at++) await dict.set(`${at}`, at, { ttl: 60_000 + (at % 2) })
    await inner.set('long'.repeat(200), 1, { ttl: 60_000 })
    await dict.set('stays', 1)
    clock.advance(60_000)
    expect(await dict.sweep()).toBe(5)
    expect(await dict.sweep()).toBe(0)
    expect(await sizeOf(dict)).toBe(5)
    expect(await sizeOf(inner)).toBe(0)
    expect(await dict.get('stays')).toBe(1)
  })

  test('a ttl that is 0, negative or no number is a RangeError', async () => {
    const { dict } = await opened()
    for (const ttl of [0, -1, Number.NaN]) {
      expect(await failure(() => dict.set('a', 1, { ttl }))).toBeInstanceOf(RangeError)
      expect(await failure(() => dict.expire('a', ttl))).toBeInstanceOf(RangeError)
    }
    expect(await sizeOf(dict)).toBe(0)
  })
})
