/** Iteration: ranges, orders, and what happens when the dict changes meanwhile. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Range } from '../../src/dict/face.js'
import { KeyError } from '../../src/errors/key-errors.js'
import { OptionError } from '../../src/errors/option-error.js'
import { open } from '../../src/open/open.js'
import { tempDirectory } from '../processes/temp-directory.js'
import { seedOf } from '../seed.js'
import { opened, STORE_KINDS } from './opened.js'

/** Keys from a small alphabet, so that bounds and prefixes meet them; a few are long enough to be hashed. */
const key = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.string({
      unit: fc.constantFrom('a', 'b', '\u0000', 'é', '😀', '\uffff', '\ud800'),
      maxLength: 4,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom('a'.repeat(480), 'b'.repeat(480), 'a'.repeat(600), 'b'.repeat(600)),
  },
)

const range: fc.Arbitrary<Range<string>> = fc.record(
  {
    gt: key,
    gte: key,
    lt: key,
    lte: key,
    prefix: fc.string({ unit: fc.constantFrom('a', 'b', 'é'), maxLength: 2 }),
    limit: fc.oneof(fc.nat(5), fc.constant(Number.POSITIVE_INFINITY)),
    reverse: fc.boolean(),
    order: fc.constantFrom('key', 'insertion'),
  },
  { requiredKeys: [] },
)

/** UTF-8 with lone surrogates as three bytes of their own: the order in which keys are stored. */
function bytesOf(text: string): Buffer {
  return Buffer.concat(
    Array.from(text, (point) => {
      const code = point.codePointAt(0) as number
      return code >= 0xd800 && code <= 0xdfff
        ? Buffer.of(0xed, 0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f))
        : Buffer.from(point)
    }),
  )
}

const byBytes = (a: string, b: string): number => Buffer.compare(bytesOf(a), bytesOf(b))

function expected(keys: readonly string[], of: Range<string>): string[] {
  const { gt, gte, lt, lte, prefix = '', limit = Number.POSITIVE_INFINITY } = of
  const found = keys.filter(
    (item) =>
      (gt === undefined || byBytes(item, gt) > 0) &&
      (gte === undefined || byBytes(item, gte) >= 0) &&
      (lt === undefined || byBytes(item, lt) < 0) &&
      (lte === undefined || byBytes(item, lte) <= 0) &&
      item.startsWith(prefix),
  )
  if (of.order !== 'insertion') found.sort(byBytes)
  if (of.reverse) found.reverse()
  return found.slice(0, limit)
}

describe.each(STORE_KINDS)('on %s', (kind) => {
  test('keys() of any range gives what a sorted list gives', () => {
    const seed = seedOf(`ranges on ${kind}`)
    const dict = opened<Record<string, number>>(kind)
    let round = 0
    fc.assert(
      fc.property(
        fc.uniqueArray(key, { maxLength: 40 }),
        fc.array(range, { minLength: 8, maxLength: 8 }),
        (keys, ranges) => {
          // A namespace each is quicker than a directory each, and has neighbours on both sides.
          const fresh = dict.namespace<Record<string, number>>(`n${round++}`)
          keys.forEach((item, at) => {
            fresh.set(item, at)
          })
          expect([...fresh.keys()]).toEqual([...keys].sort(byBytes))
          for (const one of ranges) {
            const wanted = expected(keys, one)
            expect([...fresh.keys(one)]).toEqual(wanted)
            expect([...fresh.values(one)]).toEqual(wanted.map((item) => keys.indexOf(item)))
            expect([...fresh.entries(one)]).toEqual(
              wanted.map((item) => [item, keys.indexOf(item)]),
            )
          }
        },
      ),
      { seed, numRuns: 60 },
    )
  })

  test('keys() walks steps of any length without missing or repeating a key', () => {
    const dict = opened<Record<string, number>>(kind)
    // Making a file takes a hundred times as long as a row.
    const many = kind === 'file' ? 600 : 1_500
    const keys = Array.from({ length: many }, (_, at) => `k${String(at).padStart(5, '0')}`)
    dict.setMany(keys.map((item, at) => [item, at]))
    expect([...dict.keys()]).toEqual(keys)
    expect([...dict.keys({ reverse: true })]).toEqual([...keys].reverse())
    expect([...dict.keys({ gt: keys[15] as string, lte: keys[272] as string })]).toEqual(
      keys.slice(16, 273),
    )
  })

  test('keys() with a prefix longer than the head of a hashed key gives no other', () => {
    const dict = opened(kind)
    const head = 'h'.repeat(470)
    const keys = [
      `${head}aaaaaa1`,
      `${head}aaaaaa2`,
      `${head}zzz`,
      `${head}${'aaaaaa'.repeat(20)}`,
      `${head}${'b'.repeat(90)}`,
    ]
    for (const item of keys) dict.set(item, 1)
    expect(new Set(dict.keys({ prefix: `${head}aaaaaa` }))).toEqual(
      new Set([keys[0], keys[1], keys[3]]),
    )
  })

  test('entries() in insertion order keeps the place of a key that is set again', () => {
    const dict = opened(kind)
    dict.set('c', 1).set('a', 2).flushSync()
    dict.set('b', 3).set('c', 4)
    expect([...dict.entries({ order: 'insertion' })]).toEqual([
      ['c', 4],
      ['a', 2],
      ['b', 3],
    ])
    dict.delete('c')
    dict.set('c', 5)
    expect([...dict.keys({ order: 'insertion' })]).toEqual(['a', 'b', 'c'])
    dict.flushSync()
    dict.delete('a')
    dict.flushSync()
    dict.set('a', 6)
    expect([...dict.keys({ order: 'insertion', reverse: true })]).toEqual(['a', 'c', 'b'])
  })

  test('deleting while iterating never throws, and what is deleted is not visited', () => {
    const dict = opened<Record<string, number>>(kind)
    dict.setMany(Array.from({ length: 1_000 }, (_, at) => [String(at + 1_000), at]))
    const seen: string[] = []
    for (const [item] of dict) {
      seen.push(item)
      dict.delete(item)
      dict.delete(String(Number(item) + 1))
      if (seen.length === 100) dict.flushSync()
    }
    expect(seen).toEqual(Array.from({ length: 500 }, (_, at) => String(1_000 + 2 * at)))
    expect(dict.size).toBe(0)
  })

  test('clear() while iterating ends the iteration', () => {
    const dict = opened<Record<string, number>>(kind)
    dict.setMany(Array.from({ length: 500 }, (_, at) => [`k${at}`, at]))
    let seen = 0
    for (const _ of dict.keys()) if (++seen === 3) dict.clear()
    expect(seen).toBe(3)
  })

  test('writing while iterating: values are the newest, and keys ahead are visited', () => {
    const dict = opened<Record<string, unknown>>(kind)
    dict.setMany({ a: 1, c: 1, e: 1, g: 1 })
    const seen: unknown[] = []
    for (const [item, value] of dict) {
      seen.push([item, value])
      if (item === 'a') dict.set('c', 'new').set('zz', 'far ahead').set('A', 'behind')
      if (item === 'c') dict.flushSync()
    }
    expect(seen.slice(0, 4)).toEqual([
      ['a', 1],
      ['c', 'new'],
      ['e', 1],
      ['g', 1],
    ])
    expect([...dict.keys()]).toEqual(['A', 'a', 'c', 'e', 'g', 'zz'])
  })

  test('changing live values while iterating shows in what is still to come', () => {
    const dict = opened<Record<string, { n: number }>>(kind)
    dict.setMany({ a: { n: 1 }, b: { n: 1 }, c: { n: 1 } })
    const seen: number[] = []
    for (const [item, value] of dict) {
      seen.push(value.n)
      const next = dict.object[item === 'a' ? 'b' : 'c']
      if (next) next.n += 1
    }
    expect(seen).toEqual([1, 2, 2])
  })

  test('iterating on after a transaction that was taken back shows nothing of it', () => {
    const dict = opened<Record<string, number>>(kind)
    dict.setMany({ a: 1, b: 1, c: 1 })
    let entries: Generator<[string, number]> | undefined
    expect(() =>
      dict.transaction(() => {
        dict.set('b', 2).set('bb', 2).delete('c')
        entries = dict.entries()
        expect(entries.next().value).toEqual(['a', 1])
        throw new Error('no')
      }),
    ).toThrow('no')
    const rest = [...(entries as Generator<[string, number]>)]
    expect(rest.filter(([item]) => item !== 'c')).toEqual([['b', 1]])
  })

  test('two iterations of one dict do not disturb each other', () => {
    const dict = opened<Record<string, number>>(kind)
    dict.setMany({ a: 1, b: 2 })
    const pairs: string[] = []
    for (const one of dict.keys()) for (const two of dict.keys()) pairs.push(one + two)
    expect(pairs).toEqual(['aa', 'ab', 'ba', 'bb'])
  })

  test('iterators end early on return(), and stay ended', () => {
    const dict = opened<Record<string, number>>(kind)
    dict.setMany({ a: 1, b: 2 })
    const keys = dict.keys()
    expect([keys.next().value, keys.return(undefined).done, keys.next().done]).toEqual([
      'a',
      true,
      true,
    ])
  })

  test.each([
    [{ limit: -1 }, RangeError],
    [{ limit: Number.NaN }, RangeError],
    [{ order: 'random' }, OptionError],
    [{ prefix: 5 }, OptionError],
    [{ from: 'a' }, OptionError],
    [{ gt: Symbol('s') }, KeyError],
  ])('keys() of the range %o is refused', (bad, type) => {
    const dict = opened(kind)
    expect(() => [...dict.keys(bad as never)]).toThrow(type as new () => Error)
  })

  test('keys() with limit 0 or an empty range gives nothing', () => {
    const dict = opened(kind)
    dict.setMany({ a: 1, b: 2, c: 3 })
    for (const empty of [
      { limit: 0 },
      { gt: 'c' },
      { lt: 'a' },
      { gt: 'b', lt: 'b' },
      { gte: 'c', lte: 'a' },
      { prefix: 'x' },
    ]) {
      expect([...dict.keys(empty)]).toEqual([])
      expect([...dict.keys({ ...empty, reverse: true })]).toEqual([])
    }
    expect([...dict.keys({ limit: 1.9 })]).toEqual(['a'])
  })

  test('namespace() is isolated from its parent, its siblings and its children', () => {
    const dict = opened<Record<string, unknown>>(kind)
    const names = ['a', 'ab', '', '\u0000', '\ud800', 'a/b', '..', '__proto__', 'x'.repeat(300)]
    const spaces = names.map((name) => dict.namespace(name))
    const nested = dict.namespace('a').namespace('b')
    const all = [dict, ...spaces, nested, nested.namespace('')]
    all.forEach((space, at) => {
      space.set('key', at).set(`only${at}`, at)
    })
    all.forEach((space, at) => {
      expect([space.size, space.toObject()]).toEqual([2, { key: at, [`only${at}`]: at }])
    })
    const paths = [...dict.namespaces()].map((path) => JSON.stringify(path))
    expect(new Set(paths)).toEqual(
      new Set(
        [...names.map((name) => [name]), ['a', 'b'], ['a', 'b', '']].map((path) =>
          JSON.stringify(path),
        ),
      ),
    )
    spaces[0]?.clear()
    expect(all.map((space) => space.size)).toEqual(
      all.map((space) => (space === spaces[0] ? 0 : 2)),
    )
    dict.clear()
    expect(nested.size).toBe(2)
  })

  test('namespace() with anything but a string for a name is a KeyError', () => {
    for (const name of [1, null, undefined, Symbol('s'), {}]) {
      expect(() => opened(kind).namespace(name as never)).toThrow(KeyError)
    }
  })
})

test('a paused iteration pins no pages: the file does not grow under writers', () => {
  const path = `${tempDirectory()}/dict`
  using dict = open<Record<string, string>>(path, { durability: 'commit' })
  dict.setMany(Array.from({ length: 2_000 }, (_, at) => [`k${at}`, 'x'.repeat(1_000)]))
  const overwrite = () => {
    for (let round = 0; round < 60; round++) {
      dict.setMany(Array.from({ length: 50 }, (_, at) => [`k${at}`, `${round}`.repeat(500)]))
    }
  }
  const pages = () => dict.stats().engine.lastPageNumber as number
  overwrite()
  const before = pages()
  const paused = dict.entries()
  paused.next()
  overwrite()
  expect(pages() - before).toBeLessThan(200)
  expect(paused.next().done).toBe(false)
  expect(dict.stats().engine.readers).toBeLessThanOrEqual(2)
})
