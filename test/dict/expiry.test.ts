/** Time: entries go at their deadline, for every way of looking, and never before. */
import { describe, expect, test } from 'vitest'
import { OptionError } from '../../src/errors/option-error.js'
import { open } from '../../src/open/open.js'
import { memoryStore } from '../../src/store/memory.js'
import { FakeClock } from '../fake-clock.js'
import { tempDirectory } from '../processes/temp-directory.js'
import { newStore, opened, STORE_KINDS } from './opened.js'

describe.each(STORE_KINDS)('on %s', (kind) => {
  test.each(['pending', 'committed', 'cached'])(
    'a %s entry goes at its deadline for every way of looking, and not before',
    (stage) => {
      const clock = new FakeClock()
      const dict = opened(kind, { clock })
      dict.set('a', { n: 1 }, { ttl: 100 }).set('b', 2)
      if (stage !== 'pending') dict.flushSync()
      if (stage === 'cached') dict.get('a')
      clock.advance(99)
      expect([dict.get('a'), dict.has('a'), dict.getMany(['a']), dict.hasMany(['a'])]).toEqual([
        { n: 1 },
        true,
        [{ n: 1 }],
        [true],
      ])
      expect(dict.ttl('a')).toBe(1)
      clock.advance(1)
      expect([dict.get('a'), dict.get('a', 'gone'), dict.has('a')]).toEqual([
        undefined,
        'gone',
        false,
      ])
      expect([dict.getEntry('a'), dict.ttl('a'), dict.expire('a', 5)]).toEqual([
        undefined,
        undefined,
        false,
      ])
      expect([dict.getMany(['a', 'b']), dict.hasMany(['a', 'b'])]).toEqual([
        [undefined, 2],
        [false, true],
      ])
      expect([dict.size, [...dict.keys()], [...dict.keys({ order: 'insertion' })]]).toEqual([
        1,
        ['b'],
        ['b'],
      ])
      expect([...dict]).toEqual([['b', 2]])
      expect([dict.toObject(), { ...dict.object }, 'a' in dict.object, dict.object.a]).toEqual([
        { b: 2 },
        { b: 2 },
        false,
        undefined,
      ])
      expect([dict.delete('a'), dict.take('a'), dict.deleteMany(['a'])]).toEqual([
        false,
        undefined,
        0,
      ])
      expect(dict.compareAndSet('a', undefined, 'new')).toBe(true)
      expect(dict.toObject()).toEqual({ b: 2, a: 'new' })
    },
  )

  test('set() over an entry with a deadline gives it the new one, or none', () => {
    const clock = new FakeClock()
    const dict = opened(kind, { clock })
    dict.set('a', 1, { ttl: 1 }).set('a', 2, { ttl: 100 })
    clock.advance(50)
    expect(dict.get('a')).toBe(2)
    dict.flushSync()
    dict.set('a', 3)
    clock.advance(1_000)
    expect([dict.get('a'), dict.ttl('a'), dict.sweep()]).toEqual([3, Number.POSITIVE_INFINITY, 0])
  })

  test('set() with a ttl over an entry without one makes it go', () => {
    const clock = new FakeClock()
    const dict = opened(kind, { clock })
    dict.set('a', 1).flushSync()
    dict.set('a', 2, { ttl: 100 })
    clock.advance(100)
    expect([dict.has('a'), dict.size, dict.sweep(), dict.size]).toEqual([false, 0, 1, 0])
  })

  test('set() after the deadline makes a new entry, last in insertion order', () => {
    const clock = new FakeClock()
    const dict = opened(kind, { clock })
    dict.set('a', 1, { ttl: 100 }).set('b', 2).flushSync()
    clock.advance(100)
    dict.set('a', 3)
    expect([...dict.keys({ order: 'insertion' })]).toEqual(['b', 'a'])
    expect([dict.getEntry('a')?.createdAt, dict.size]).toEqual([clock.now(), 2])
  })

  test.each([
    ['250ms', 250],
    ['1.5s', 1_500],
    ['10m', 600_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['2w', 1_209_600_000],
    [0.2, 1],
    [1_500, 1_500],
    [null, Number.POSITIVE_INFINITY],
    [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
  ] as const)('set() with ttl %s leaves it %s ms', (ttl, ms) => {
    const dict = opened(kind, { clock: new FakeClock() })
    dict.set('a', 1, { ttl })
    expect(dict.ttl('a')).toBe(ms)
  })

  test.each([0, -1, Number.NaN, Number.NEGATIVE_INFINITY, '0ms', '0.0d'])(
    'set() with ttl %s is a RangeError',
    (ttl) => {
      const dict = opened(kind)
      expect(() => dict.set('a', 1, { ttl: ttl as never })).toThrow(RangeError)
      expect(() => dict.expire('a', ttl as never)).toThrow(RangeError)
      expect(dict.has('a')).toBe(false)
    },
  )

  test.each(['', 'soon', '10', '10 m', '-5m', '1e3ms', {}, true, 10n])(
    'set() with ttl %o is an OptionError',
    (ttl) => {
      const dict = opened(kind)
      expect(() => dict.set('a', 1, { ttl: ttl as never })).toThrow(OptionError)
      expect(dict.has('a')).toBe(false)
    },
  )

  test('set() with expiresAt takes an instant or a Date, in the past too', () => {
    const clock = new FakeClock()
    const dict = opened(kind, { clock })
    dict.set('a', 1, { expiresAt: clock.now() + 50 })
    dict.set('b', 2, { expiresAt: new Date(clock.now() + 60) })
    dict.set('c', 3, { expiresAt: clock.now() - 1 })
    dict.set('d', 4, { expiresAt: Number.POSITIVE_INFINITY })
    dict.set('e', 5, { expiresAt: 1e300 })
    expect([dict.ttl('a'), dict.ttl('b'), dict.has('c'), dict.ttl('d')]).toEqual([
      50,
      60,
      false,
      Number.POSITIVE_INFINITY,
    ])
    expect([dict.size, dict.has('e')]).toEqual([4, true])
    dict.set('a', 2, { expiresAt: clock.now() })
    expect([dict.has('a'), dict.size]).toEqual([false, 3])
  })

  test.each(['2030', '2030-01-01', null, true, {}])(
    'set() with expiresAt %j is an OptionError, and not a time of 1970',
    (expiresAt) => {
      const dict = opened(kind)
      expect(() => dict.set('a', 1, { expiresAt: expiresAt as never })).toThrow(OptionError)
    },
  )

  test.each([0, -5, Number.NaN, new Date(Number.NaN)])(
    'set() with expiresAt %s is a RangeError',
    (expiresAt) => {
      expect(() => opened(kind).set('a', 1, { expiresAt })).toThrow(RangeError)
    },
  )

  test('set() with two kinds of deadline is an OptionError', () => {
    const dict = opened(kind)
    for (const options of [
      { ttl: 5, expiresAt: 5 },
      { ttl: 5, keepTtl: true },
      { expiresAt: 5, keepTtl: true },
    ]) {
      expect(() => dict.set('a', 1, options)).toThrow(OptionError)
    }
    dict.set('a', 1, { ttl: 5, keepTtl: false, expiresAt: undefined })
  })

  test('set() with a misspelt option suggests the right one', () => {
    expect(() => opened(kind).set('a', 1, { TTL: 5 } as never)).toThrow(/"TTL".*Did you mean "ttl"/)
  })

  test('set() with keepTtl keeps the deadline, and gives a new key none', () => {
    const clock = new FakeClock()
    const dict = opened(kind, { clock, ttl: '1h' })
    dict.set('a', 1, { ttl: 100 })
    clock.advance(40)
    dict.set('a', 2, { keepTtl: true }).set('b', 1, { keepTtl: true })
    expect([dict.ttl('a'), dict.ttl('b')]).toEqual([60, Number.POSITIVE_INFINITY])
    clock.advance(60)
    expect(dict.has('a')).toBe(false)
  })

  test('open() with a ttl gives it to every entry that says nothing else', () => {
    const clock = new FakeClock()
    const dict = opened(kind, { clock, ttl: '1m' })
    dict.set('a', 1).set('b', 1, { ttl: null }).set('c', 1, { ttl: '2m' })
    dict.namespace('n').set('d', 1)
    dict.object.e = 1
    expect(dict.ttl('a')).toBe(60_000)
    expect([dict.ttl('b'), dict.ttl('c')]).toEqual([Number.POSITIVE_INFINITY, 120_000])
    expect([dict.namespace('n').ttl('d'), dict.ttl('e')]).toEqual([60_000, 60_000])
  })

  test.each([0, -1, Number.NaN])('open() with ttl %s is a RangeError', (ttl) => {
    expect(() => open(memoryStore(), { ttl })).toThrow(RangeError)
  })

  test('expire() changes the deadline and nothing else', () => {
    const clock = new FakeClock()
    const dict = opened(kind, { clock })
    dict.set('a', { n: [1] }, { tags: ['t'] })
    expect([dict.expire('a', 100), dict.ttl('a'), dict.get('a')]).toEqual([true, 100, { n: [1] }])
    expect(dict.getEntry('a')?.tags).toEqual(['t'])
    expect([dict.expire('a', null), dict.ttl('a')]).toEqual([true, Number.POSITIVE_INFINITY])
    expect([dict.expire('a', '1s'), dict.expire('nobody', 5)]).toEqual([true, false])
    clock.advance(1_000)
    expect(dict.has('a')).toBe(false)
  })

  test('touch() gives an entry its whole time again, and changes nothing else', () => {
    const clock = new FakeClock()
    const dict = opened(kind, { clock, background: 'disabled' })
    dict.set('a', { n: [1] }, { ttl: 100, tags: ['t'] }).set('ever', 1)
    clock.advance(60)
    expect([dict.touch('a'), dict.ttl('a'), dict.get('a')]).toEqual([true, 100, { n: [1] }])
    expect(dict.getEntry('a')?.tags).toEqual(['t'])
    clock.advance(99)
    expect([dict.touch('a'), dict.ttl('a')]).toEqual([true, 100])
    clock.advance(100)
    expect([dict.touch('a'), dict.has('a'), dict.touch('nobody')]).toEqual([false, false, false])
    expect([dict.touch('ever'), dict.ttl('ever')]).toEqual([true, Number.POSITIVE_INFINITY])
    expect([dict.sweep(), dict.size]).toEqual([1, 1])
  })

  test('a clock set back by a day expires nothing early, and brings back nothing that was removed', () => {
    const DAY = 86_400_000
    const clock = new FakeClock()
    const dict = opened(kind, { clock })
    dict.set('gone', 1, { ttl: '10m' }).set('hour', 2, { ttl: '1h' }).set('week', 3, { ttl: '7d' })
    clock.advance(20 * 60_000)
    expect([dict.has('gone'), dict.size]).toEqual([false, 2])
    // The sweeper has removed it meanwhile.
    clock.advance(-DAY)
    expect([...dict.keys()]).toEqual(['hour', 'week'])
    expect([dict.has('gone'), dict.sweep(), dict.size]).toEqual([false, 0, 2])
    dict.set('new', 4, { ttl: '10m' })
    clock.advance(10 * 60_000 - 1)
    expect(dict.has('new')).toBe(true)
    clock.advance(1)
    expect([dict.has('new'), dict.has('hour'), dict.has('week')]).toEqual([false, true, true])
    clock.advance(DAY)
    expect([...dict.keys()]).toEqual(['hour', 'week'])
    clock.advance(31 * 60_000)
    expect([...dict.keys()]).toEqual(['week'])
  })

  test('sweep() removes what has expired, in all namespaces, and says how much', () => {
    const clock = new FakeClock()
    const dict = opened<Record<string, number>>(kind, { clock })
    const inner = dict.namespace<Record<string, number>>('inner')
    for (let n = 0; n < 600; n++) {
      dict.set(`a${n}`, n, { ttl: 1 + (n % 2) * 1_000 })
      inner.set(`b${n}`, n, { ttl: 1 })
    }
    dict.set('kept', 1)
    clock.advance(1)
    expect([dict.size, inner.size]).toEqual([301, 0])
    expect([dict.sweep(), dict.sweep()]).toEqual([900, 0])
    expect([dict.size, inner.size]).toEqual([301, 0])
    clock.advance(1_000)
    expect([dict.size, dict.sweep(), dict.size]).toEqual([1, 300, 1])
    expect([...dict.namespaces()]).toEqual([])
  })

  test('sweep() works on after the clock was set back', () => {
    const clock = new FakeClock(2_000_000)
    const dict = opened(kind, { clock })
    dict.set('a', 1, { ttl: 1_000 })
    expect(dict.sweep()).toBe(0)
    clock.advance(-500_000)
    expect([dict.has('a'), dict.sweep()]).toEqual([true, 0])
    clock.advance(501_000)
    expect([dict.has('a'), dict.sweep(), dict.size]).toEqual([false, 1, 0])
  })

  test('set() with ttl 10,000 times on one key leaves one deadline', () => {
    const clock = new FakeClock()
    const store = newStore(kind)
    using dict = open(store, { clock })
    for (let round = 0; round < 10_000; round++) {
      dict.set('a', round, { ttl: 1_000 + round })
      if (round % 100 === 0) dict.flushSync()
    }
    dict.flushSync()
    expect(store.due('rows', clock.now() + 100_000, 100_000)).toHaveLength(1)
    dict.set('a', 'for ever').flushSync()
    expect(store.due('rows', clock.now() + 100_000, 100_000)).toHaveLength(0)
    dict.set('a', 1, { ttl: 5 }).flushSync()
    dict.delete('a')
    dict.flushSync()
    expect(store.due('rows', clock.now() + 100_000, 100_000)).toHaveLength(0)
  })
})

test('open() of a directory finds deadlines that passed meanwhile', () => {
  const path = `${tempDirectory()}/dict`
  const clock = new FakeClock()
  {
    using dict = open(path, { clock })
    dict.set('short', 1, { ttl: 100 }).set('long', 2, { ttl: 1_000 }).set('ever', 3)
  }
  clock.advance(500)
  using dict = open(path, { clock })
  expect([dict.size, dict.toObject(), dict.ttl('long')]).toEqual([2, { long: 2, ever: 3 }, 500])
  expect(dict.sweep()).toBe(1)
})
