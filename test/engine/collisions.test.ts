/**
 * Keys that share a digest, in all that a dict does. The hashes here have so few values that nearly
 * every long key shares its own with others.
 */
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { PersistDict } from '../../src/dict/persist-dict.js'
import type { KeyHash } from '../../src/keys/key-settings.js'
import { open } from '../../src/open/open.js'
import type { OpenOptions } from '../../src/open/open-options.js'
import { lmdbStore } from '../../src/store/lmdb/open-lmdb.js'
import { memoryStore } from '../../src/store/memory.js'
import { type Random, withSeed } from '../../src/testing/random.js'
import { FakeClock } from '../fake-clock.js'
import { tempDirectory } from '../processes/temp-directory.js'
import { seedOf } from '../seed.js'
import { DictModel } from './dict-model.js'

type Dict = PersistDict<Record<string, unknown>>

const OPERATIONS = 2_000
const OPERATIONS_PER_LOOK = 60

/** A hash with so many values. */
function coarseHash(values: number): KeyHash {
  const digest = (bytes: Uint8Array) =>
    Uint8Array.of(bytes.reduce((sum, byte) => sum + byte, 0) % values)
  return { id: `${values} values`, digest }
}

/** Plain keys up to the limit, long ones just over it, with few heads, and odd characters. */
const KEYS = [
  '',
  'a',
  'ab',
  'aba',
  'abcdefgh',
  'b',
  '1',
  '\u0000',
  '\ud800',
  '\uffff',
  '\u{1f600}',
  '__proto__',
  'hasOwnProperty',
  ...Array.from({ length: 14 }, (_, at) => `ab long key ${at}`),
  ...Array.from({ length: 8 }, (_, at) => `a${at} another head`),
  ...Array.from({ length: 6 }, (_, at) => `\u{1f600} long ${at}`),
  ...Array.from({ length: 3 }, (_, at) => `\ud800 lone surrogate ${at}`),
  'abcdefghi',
  'abcdefghj',
  'x'.repeat(5_000),
  `${'x'.repeat(5_000)}y`,
]

const PREFIXES = [
  '',
  'a',
  'ab',
  'ab ',
  'abcdefg',
  'abcdefgh',
  'ab long key 1',
  'x',
  'xxxxxxxxxxxx',
  'z',
  '\ud800',
]

const SPACES: readonly (readonly string[])[] = [
  [],
  ['one'],
  ['one', 'two'],
  ['ab long key 1, as a name'.repeat(9)],
]

/** How many values the hash has, and the longest key that is not hashed. */
const ALL = [
  [4, 6],
  [4, 8],
  [1, 6],
  [1, 8],
] as const

/** In memory all of them; on LMDB, which takes longer, each under one durability. */
const STORES = {
  memory: { places: () => memoryStore(), durability: 'batched', hashes: ALL },
  LMDB: { places: () => tempDirectory(), durability: 'commit', hashes: [ALL[0], ALL[3]] },
  'LMDB, batched': {
    places: () => tempDirectory(),
    durability: 'batched',
    hashes: [ALL[1], ALL[2]],
  },
} as const

for (const [name, { places, durability, hashes }] of Object.entries(STORES)) {
  describe(`a dict on ${name} equals a Map`, () => {
    for (const [values, keySizeLimit] of hashes) {
      test(`with a hash of ${values} values and keys of up to ${keySizeLimit} bytes`, () => {
        withSeed((random) => {
          const place = places()
          const clock = new FakeClock()
          const options: OpenOptions<Record<string, unknown>, string> = {
            durability,
            keySizeLimit,
            digestBytes: 1,
            keyHash: coarseHash(values),
            clock,
            cache: { maxEntries: random.pick([0, 5, 10_000]) },
          }
          const run = new Run(() => open(place, options), random, clock, keySizeLimit)
          run.go(typeof place === 'string')
        })
      })
    }
  })
}

/** Random operations on a dict and its model alike. */
class Run {
  readonly #open: () => Dict
  readonly #random: Random
  readonly #clock: FakeClock
  readonly #model: DictModel
  #dict: Dict
  #count = 0

  constructor(openDict: () => Dict, random: Random, clock: FakeClock, keySizeLimit: number) {
    this.#open = openDict
    this.#random = random
    this.#clock = clock
    this.#model = new DictModel(() => clock.now(), keySizeLimit, 1)
    this.#dict = openDict()
  }

  go(canReopen: boolean): void {
    for (let operation = 1; operation <= OPERATIONS; operation++) {
      this.#step()
      if (operation % OPERATIONS_PER_LOOK !== 0) continue
      if (canReopen && this.#random.chance(0.2)) {
        this.#dict.close()
        this.#dict = this.#open()
      }
      for (const path of SPACES) this.#look(path)
      const filled = [...this.#dict.namespaces()].map((path) => JSON.stringify(path))
      expect(filled.sort()).toEqual(
        this.#model
          .filled()
          .filter((name) => name !== '[]')
          .sort(),
      )
    }
    expect(this.#dict.sweep()).toBe(this.#model.sweep())
    for (const path of SPACES) {
      this.#look(path)
      this.#space(path).clear()
      this.#model.clear(JSON.stringify(path))
      for (const other of SPACES) this.#look(other)
    }
    this.#dict.close()
  }

  #step(): void {
    const random = this.#random
    const path = random.pick(SPACES)
    const key = random.pick(KEYS)
    const dict = this.#space(path)
    const choice = random.below(100)
    if (choice < 80) this.#change(path, key)
    else if (choice < 84) this.#clock.advance(random.below(40))
    else if (choice < 85) expect(dict.sweep()).toBe(this.#model.sweep())
    else if (choice < 86 && random.chance(0.2)) {
      dict.clear()
      this.#model.clear(JSON.stringify(path))
    } else if (choice < 88) this.#deleteWhileIterating(path)
    else if (choice < 92) this.#transaction()
    else if (choice < 94) dict.flushSync()
    else {
      const keys = Array.from({ length: 5 }, () => random.pick(KEYS))
      const name = JSON.stringify(path)
      expect(dict.getMany(keys)).toEqual(keys.map((each) => this.#model.get(name, each)?.value))
      expect(dict.hasMany(keys)).toEqual(keys.map((each) => this.#model.has(name, each)))
    }
  }

  #change(path: readonly string[], key: string): void {
    const random = this.#random
    const dict = this.#space(path)
    const name = JSON.stringify(path)
    const before = this.#model.get(name, key)
    const choice = random.below(10)
    if (choice < 4) {
      const value = { number: ++this.#count, text: 'v'.repeat(random.below(100)) }
      const ttl = random.chance(0.4) ? 1 + random.below(60) : undefined
      const keepTtl = ttl === undefined && random.chance(0.2)
      dict.set(key, value, ttl === undefined ? { keepTtl } : { ttl })
      const expiresAt = ttl === undefined ? 0 : this.#clock.now() + ttl
      this.#model.set(name, key, value, keepTtl ? (before?.expiresAt ?? 0) : expiresAt)
    } else if (choice < 7) {
      expect(dict.delete(key)).toBe(this.#model.delete(name, key))
    } else if (choice < 8) {
      const ttl = random.chance(0.3) ? null : 1 + random.below(60)
      expect(dict.expire(key, ttl)).toBe(before !== undefined)
      const expiresAt = ttl === null ? 0 : this.#clock.now() + ttl
      if (before !== undefined) this.#model.set(name, key, before.value, expiresAt)
    } else if (choice < 9) {
      expect(dict.take(key)).toEqual(before?.value)
      this.#model.delete(name, key)
    } else {
      expect(dict.get(key)).toEqual(before?.value)
      expect(dict.has(key)).toBe(before !== undefined)
    }
  }

  #transaction(): void {
    const isRolledBack = this.#random.chance(0.5)
    const attempt = () =>
      this.#model.transaction(() => {
        this.#dict.transaction(() => {
          for (let change = this.#random.below(12); change >= 0; change--) {
            this.#change(this.#random.pick(SPACES), this.#random.pick(KEYS))
          }
          if (isRolledBack) throw new Error('rolled back')
        })
      })
    if (isRolledBack) expect(attempt).toThrow('rolled back')
    else attempt()
  }

  /** What is deleted ahead of an iteration does not come; what stays comes once. */
  #deleteWhileIterating(path: readonly string[]): void {
    const dict = this.#space(path)
    const name = JSON.stringify(path)
    const expected = new Set(this.#model.keys(name))
    for (const key of dict.keys()) {
      expect(expected.delete(key), `${JSON.stringify(key)} was deleted, or came twice`).toBe(true)
      for (const victim of [key, this.#random.pick(KEYS)]) {
        if (this.#random.chance(0.7)) continue
        expect(dict.delete(victim)).toBe(this.#model.delete(name, victim))
        expected.delete(victim)
      }
    }
    expect([...expected]).toEqual([])
  }

  /** Compares everything that can be seen of a namespace. */
  #look(path: readonly string[]): void {
    const dict = this.#space(path)
    const model = this.#model
    const name = JSON.stringify(path)
    const inserted = model.keys(name)
    const all = [...dict.keys()]
    const stored = (key: string) => model.get(name, key)?.value

    same(all.toSorted(), inserted.toSorted())
    all.reduce((before, key) => {
      const isOrdered = model.compare(before, key) <= 0
      if (!isOrdered) expect.fail(`${JSON.stringify(before)} before ${JSON.stringify(key)}`)
      return key
    }, all[0] as string)
    same(dict.size, inserted.length)
    same(
      [...dict],
      all.map((key) => [key, stored(key)]),
    )
    same([...dict.values()], all.map(stored))
    same([...dict.keys({ reverse: true })], all.toReversed())
    same([...dict.keys({ order: 'insertion' })], inserted)
    same([...dict.keys({ order: 'insertion', reverse: true })], inserted.toReversed())
    for (const key of KEYS) {
      const entry = model.get(name, key)
      same(dict.get(key), entry?.value, key)
      same(dict.getEntry(key)?.expiresAt, entry?.expiresAt || undefined)
    }
    for (const prefix of PREFIXES) {
      const found = all.filter((key) => key.startsWith(prefix))
      same([...dict.keys({ prefix })], found, prefix)
      const lastTwo = [...dict.keys({ prefix, reverse: true, limit: 2 })]
      same(lastTwo, found.toReversed().slice(0, 2), prefix)
    }
    for (let sample = 0; sample < 6; sample++) {
      this.#lookAtRanges(dict, all, this.#random.pick(KEYS))
    }
  }

  #lookAtRanges(dict: Dict, all: readonly string[], bound: string): void {
    const below = [...dict.keys({ lt: bound })]
    const upTo = [...dict.keys({ lte: bound })]
    same([...below, ...dict.keys({ gte: bound })], all, bound)
    same([...upTo, ...dict.keys({ gt: bound })], all, bound)
    const at = all.indexOf(bound)
    if (at >= 0) {
      same(below, all.slice(0, at), bound)
      same(upTo, all.slice(0, at + 1), bound)
    } else {
      same(upTo, below, bound)
    }
    if (!this.#model.isLong(bound)) {
      same(
        below,
        all.filter((key) => this.#model.compare(key, bound) < 0),
        bound,
      )
    }
    const other = this.#random.pick(KEYS)
    const range = { gte: bound, lt: other }
    const belowOther = new Set(dict.keys({ lt: other }))
    const found = [...dict.keys({ gte: bound })].filter((key) => belowOther.has(key))
    same([...dict.keys(range)], found, bound, other)
    same([...dict.keys({ ...range, reverse: true })], found.toReversed())
    same([...dict.keys({ ...range, limit: 1 })], found.slice(0, 1))
  }

  #space(path: readonly string[]): Dict {
    return path.reduce<Dict>((dict, name) => dict.namespace(name), this.#dict)
  }
}

/** As toEqual(), which takes much longer where all is well. */
function same(found: unknown, wanted: unknown, ...where: string[]): void {
  if (!isDeepStrictEqual(found, wanted)) expect(found, JSON.stringify(where)).toEqual(wanted)
}

test('40 keys at a digest of one byte are all right, whatever they are', () => {
  const seed = seedOf('40 keys')
  const keys = fc.uniqueArray(fc.string({ unit: 'binary', minLength: 7, maxLength: 60 }), {
    minLength: 40,
    maxLength: 40,
  })
  const property = fc.property(keys, fc.nat(), (forty, pick) => {
    using dict = open<Record<string, unknown>>(memoryStore(), { keySizeLimit: 6, digestBytes: 1 })
    for (const key of forty) dict.set(key, { key })
    expect(dict.size).toBe(40)
    for (const key of forty) expect(dict.get(key)).toEqual({ key })
    expect([...dict.keys()].sort()).toEqual(forty.toSorted())
    const gone = forty[pick % 40] as string
    expect(dict.delete(gone)).toBe(true)
    expect(dict.size).toBe(39)
    for (const key of forty) expect(dict.get(key)).toEqual(key === gone ? undefined : { key })
  })
  fc.assert(property, { seed, numRuns: 100 })
})

test('a chain of 300 keys behind one digest can be taken apart from either end and the middle', () => {
  for (const order of ['first', 'last', 'middle'] as const) {
    using dict = open<Record<string, unknown>>(lmdbStore(tempDirectory()), {
      durability: 'commit',
      keySizeLimit: 6,
      digestBytes: 1,
      keyHash: coarseHash(1),
    })
    const keys = Array.from({ length: 300 }, (_, at) => `key number ${at}`)
    dict.setMany(keys.map((key, at) => [key, at] as const))
    const left = [...keys]
    while (left.length > 0) {
      const at = { first: 0, last: left.length - 1, middle: left.length >> 1 }[order]
      const [gone] = left.splice(at, 1) as [string]
      expect(dict.delete(gone)).toBe(true)
      expect(dict.has(gone)).toBe(false)
      expect(dict.size).toBe(left.length)
      if (left.length % 50 === 0) {
        expect([...dict.keys()].sort()).toEqual(left.toSorted())
        expect(left.every((key) => dict.get(key) === keys.indexOf(key))).toBe(true)
      }
    }
    expect([...dict.keys()]).toEqual([])
  }
})
