import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { KeyNames } from '../../src/store/redis/key-names.js'
import { lexBounds } from '../../src/store/redis/lex-range.js'
import { fateOf, storeError } from '../../src/store/redis/redis-errors.js'
import { VersionSource } from '../../src/store/version-source.js'
import { seedOf } from '../seed.js'

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('{', '}', ':', '#', '%', '0', 'r', '\ud800') }),
)

describe('KeyNames', () => {
  test('parsed() gives back the bucket and key of row(), whatever they hold', () => {
    const row = fc.record({
      prefix: text,
      parts: fc.integer({ min: 1, max: 20 }),
      bucket: text,
      key: fc.uint8Array(),
    })
    fc.assert(
      fc.property(row, ({ prefix, parts, bucket, key }) => {
        const names = new KeyNames(prefix, parts)
        const found = names.parsed(names.row(bucket, key))
        expect(found?.bucket).toBe(bucket)
        expect(Buffer.from(found?.key ?? [])).toEqual(Buffer.from(key))
      }),
      { seed: seedOf('KeyNames') },
    )
  })

  test('names of different prefixes, buckets or kinds differ, and none is the beginning of another', () => {
    const pair = fc.tuple(text, text, text, text)
    fc.assert(
      fc.property(pair, ([prefix, bucket, otherPrefix, otherBucket]) => {
        fc.pre(prefix !== otherPrefix || bucket !== otherBucket)
        const mine = new KeyNames(prefix, 1).bucket(bucket, 0)
        const others = new KeyNames(otherPrefix, 1).bucket(otherBucket, 0)
        expect(String(mine.rows).startsWith(String(others.rows))).toBe(false)
        expect([mine.index, mine.deadlines]).not.toContain(others.index)
        expect(mine.index).not.toBe(mine.deadlines)
      }),
      { seed: seedOf('KeyNames of two') },
    )
  })

  test('all names of a part have one hash tag, as a cluster finds it', () => {
    for (const prefix of ['a', '{', '}', '{}', '{x}', 'x{y}z']) {
      const names = new KeyNames(prefix, 1)
      const { rows, index, deadlines } = names.bucket('{b}', 0)
      const tags = [String(rows), index, deadlines, names.versions].map(hashTag)
      expect(new Set(tags).size).toBe(1)
      expect(tags[0]).not.toBe('')
    }
  })
})

describe('lexBounds()', () => {
  test.each([
    [{}, '-', '+'],
    [{ from: 'a', to: 'c' }, '[a', '(c'],
    [{ from: 'a', to: 'c', after: 'b' }, '(b', '(c'],
    [{ from: 'b', after: 'a' }, '[b', '+'],
    [{ from: 'a', to: 'c', after: 'b', reverse: true }, '[a', '(b'],
    [{ to: 'b', after: 'c', reverse: true }, '-', '(b'],
    [{ from: '' }, '[', '+'],
  ])('of %o are %s and %s', (range, low, high) => {
    const bytes = Object.entries(range).map(([name, value]) => [
      name,
      typeof value === 'string' ? Buffer.from(value) : value,
    ])
    expect(lexBounds(Object.fromEntries(bytes)).map(String)).toEqual([low, high])
  })
})

describe('errors', () => {
  test.each([
    ['LOADING Redis is loading the dataset in memory', 'undone', 'ERR_PERSISTDICT_UNREACHABLE'],
    ['CLUSTERDOWN The cluster is down', 'undone', 'ERR_PERSISTDICT_UNREACHABLE'],
    ['The client is closed', 'undone', 'ERR_PERSISTDICT_UNREACHABLE'],
    ['connect ECONNREFUSED 127.0.0.1:1', 'undone', 'ERR_PERSISTDICT_UNREACHABLE'],
    ['Socket closed unexpectedly', 'unknown', 'ERR_PERSISTDICT_UNREACHABLE'],
    ['read ECONNRESET', 'unknown', 'ERR_PERSISTDICT_UNREACHABLE'],
    [
      "READONLY You can't write against a read only replica.",
      'refused',
      'ERR_PERSISTDICT_STORE_READ_ONLY',
    ],
    [
      "OOM command not allowed when used memory > 'maxmemory'.",
      'refused',
      'ERR_PERSISTDICT_STORE_FULL',
    ],
    ['NOPERM this user has no permissions', 'refused', 'ERR_PERSISTDICT_STORE_ACCESS'],
    ['MISCONF Redis is configured to save RDB snapshots', 'refused', 'ERR_PERSISTDICT_STORE'],
    ['WRONGTYPE Operation against a key', 'refused', 'ERR_PERSISTDICT_STORE'],
  ])('"%s" is %s, and %s', (message, fate, code) => {
    expect(fateOf(new Error(message))).toBe(fate)
    const error = storeError('redis://host:1', new Error(message))
    expect(error.code).toBe(code)
    expect(error.message).toContain(message)
    expect(error.message).toContain('redis://host:1')
  })
})

describe('VersionSource', () => {
  test('next() gives each its own numbers, and asks once for all that ask at once', async () => {
    let last = 100
    const taken: number[] = []
    const take = async (count: number) => {
      taken.push(count)
      last += count
      return last - count + 1
    }
    const source = new VersionSource({ take, time: () => undefined })
    expect(await Promise.all([1, 3, 1].map((count) => source.next(count)))).toEqual([101, 102, 105])
    expect(await source.next(2)).toBe(106)
    expect(taken).toEqual([5, 2])
  })

  test('next() rejects for all that asked at once, and works again', async () => {
    let isBroken = true
    const take = async () => {
      if (isBroken) throw new Error('broken')
      return 7
    }
    const source = new VersionSource({ take, time: () => undefined })
    const calls = [source.next(1), source.next(1)]
    for (const call of await Promise.allSettled(calls)) expect(call.status).toBe('rejected')
    isBroken = false
    expect(await source.next(1)).toBe(7)
  })

  test('assume() goes by the time of the server, above all that were given or assumed here', async () => {
    let time: number | undefined
    const source = new VersionSource({ take: async () => 1_000, time: () => time })
    expect(source.assume(1)).toBe(undefined)
    time = 10.5
    expect([source.assume(2), source.assume(1)]).toEqual([672, 674])
    await source.next(5)
    expect(source.assume(1)).toBe(1_005)
    time = 20
    expect(source.assume(1)).toBe(1_280)
  })

  test('assume() of what was wrong again and again is left out ever longer, and comes back', () => {
    const source = new VersionSource({ take: async () => 1, time: () => 1 })
    const untilAssumed = () => {
      let leftOut = 0
      while (source.assume(1) === undefined) leftOut++
      return leftOut
    }
    const leftOut = Array.from({ length: 5 }, () => {
      source.learn(false)
      return untilAssumed()
    })
    expect(leftOut).toEqual([1, 2, 4, 8, 16])
    for (let right = 0; right < 3; right++) source.learn(true)
    expect(untilAssumed()).toBe(0)
    source.learn(false)
    expect(untilAssumed()).toBe(4)
  })
})

/** As the specification of Redis Cluster has it: what is between the first braces, if there is anything. */
function hashTag(name: string): string {
  const open = name.indexOf('{')
  const close = name.indexOf('}', open + 1)
  return open >= 0 && close > open + 1 ? name.slice(open + 1, close) : name
}
