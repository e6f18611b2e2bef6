/**
 * The dict against a Map, with a clock that only the test moves: random programs of up to sixty
 * calls, on each store, under every durability, with the dict closed and opened again in between.
 */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { PersistDict } from '../../src/dict/persist-dict.js'
import type { Durability } from '../../src/engine/commits.js'
import { open } from '../../src/open/open.js'
import { FakeClock } from '../fake-clock.js'
import { seedOf } from '../seed.js'
import { newStore, type StoreKind, storeAgain } from './opened.js'

interface Cell {
  readonly value: unknown
  readonly expiresAt: number
}

const EVER = Number.POSITIVE_INFINITY

/** What the dict should be: a Map whose entries go at their deadline. */
class Model {
  #cells = new Map<string, Cell>()
  readonly #clock: FakeClock

  constructor(clock: FakeClock) {
    this.#clock = clock
  }

  /** The live cells, in insertion order; an expired one has never been. */
  get cells(): Map<string, Cell> {
    for (const [key, { expiresAt }] of this.#cells) {
      if (expiresAt <= this.#clock.now()) this.#cells.delete(key)
    }
    return this.#cells
  }

  get(key: string): unknown {
    return this.cells.get(key)?.value
  }

  set(key: string, value: unknown, ttl: number | 'keep' | undefined): void {
    const kept = this.cells.get(key)?.expiresAt ?? EVER
    const expiresAt = ttl === 'keep' ? kept : ttl === undefined ? EVER : this.#clock.now() + ttl
    this.cells.set(key, { value, expiresAt })
  }

  /** Runs `fn`, and takes back what it did if it throws. */
  attempt(fn: () => void): void {
    const before = new Map(this.cells)
    try {
      fn()
    } catch (error) {
      this.#cells = before
      throw error
    }
  }
}

interface World {
  dict: PersistDict<Record<string, unknown>>
  readonly model: Model
  readonly clock: FakeClock
  reopen(): void
}

/** A call: does the same to both and compares what they say. */
type Call = (world: World) => void

const key = fc.constantFrom(
  'a',
  'b',
  'c',
  'd',
  '',
  '10',
  '9',
  '__proto__',
  '\ud800',
  'x'.repeat(600),
)
const value = fc.oneof(
  fc.integer(),
  fc.constantFrom(null, true, 'text', Number.NaN, 5n),
  fc.record({ list: fc.array(fc.nat(9), { maxLength: 3 }) }),
  fc.constant(0).map(() => new Map([['k', [1]]])),
)
const ttl = fc.option(fc.integer({ min: 1, max: 50 }), { nil: undefined })

const simpleCall: fc.Arbitrary<Call> = fc.oneof(
  fc.tuple(key, value, ttl).map(
    ([k, v, t]): Call =>
      ({ dict, model }) => {
        dict.set(k, v, t === undefined ? undefined : { ttl: t })
        model.set(k, v, t)
      },
  ),
  fc.tuple(key, value).map(
    ([k, v]): Call =>
      ({ dict, model }) => {
        dict.set(k, v, { keepTtl: true })
        model.set(k, v, 'keep')
      },
  ),
  key.map(
    (k): Call =>
      ({ dict, model }) => {
        expect(dict.get(k, 'none')).toEqual(model.cells.has(k) ? model.get(k) : 'none')
        expect(dict.has(k)).toBe(model.cells.has(k))
      },
  ),
  key.map(
    (k): Call =>
      ({ dict, model }) => {
        expect(dict.delete(k)).toBe(model.cells.delete(k))
      },
  ),
  key.map(
    (k): Call =>
      ({ dict, model }) => {
        expect(dict.take(k)).toEqual(model.get(k))
        model.cells.delete(k)
      },
  ),
  fc.tuple(key, value).map(
    ([k, v]): Call =>
      ({ dict, model }) => {
        expect(dict.getOrInsert(k, v)).toEqual(model.get(k) ?? (model.cells.has(k) ? null : v))
        if (!model.cells.has(k)) model.set(k, v, undefined)
      },
  ),
  fc.tuple(key, value).map(
    ([k, v]): Call =>
      ({ dict, model }) => {
        const next = (current: unknown) => (current === undefined ? v : [current, v])
        const wanted = next(model.get(k))
        expect(dict.update(k, next)).toEqual(wanted)
        model.set(k, wanted, 'keep')
      },
  ),
  fc.tuple(key, fc.integer({ min: -9, max: 9 })).map(
    ([k, by]): Call =>
      ({ dict, model }) => {
        const current = model.get(k)
        if (current !== undefined && typeof current !== 'number') {
          expect(() => dict.increment(k, by)).toThrow(/increment/)
          return
        }
        expect(dict.increment(k, by)).toBe((current ?? 0) + by)
        model.set(k, (current ?? 0) + by, 'keep')
      },
  ),
  fc.tuple(key, value, fc.boolean()).map(
    ([k, v, isRight]): Call =>
      ({ dict, model }) => {
        const version = dict.getEntry(k)?.version
        const guess = isRight ? version : (version ?? 0) + 1
        expect(dict.compareAndSet(k, guess, v)).toBe(isRight)
        if (isRight) model.set(k, v, undefined)
      },
  ),
  fc.tuple(fc.array(fc.tuple(key, value), { maxLength: 4 }), ttl).map(
    ([pairs, t]): Call =>
      ({ dict, model }) => {
        dict.setMany(pairs, t === undefined ? undefined : { ttl: t })
        for (const [k, v] of pairs) model.set(k, v, t)
      },
  ),
  fc.array(key, { maxLength: 4 }).map(
    (keys): Call =>
      ({ dict, model }) => {
        expect(dict.getMany(keys)).toEqual(keys.map((k) => model.get(k)))
        expect(dict.hasMany(keys)).toEqual(keys.map((k) => model.cells.has(k)))
      },
  ),
  fc.array(key, { maxLength: 4 }).map(
    (keys): Call =>
      ({ dict, model }) => {
        expect(dict.deleteMany(keys)).toBe(keys.filter((k) => model.cells.delete(k)).length)
      },
  ),
  fc.tuple(key, ttl).map(
    ([k, t]): Call =>
      ({ dict, model }) => {
        const cell = model.cells.get(k)
        expect(dict.expire(k, t ?? null)).toBe(cell !== undefined)
        if (cell !== undefined) model.set(k, cell.value, t)
      },
  ),
  key.map(
    (k): Call =>
      ({ dict, model, clock }) => {
        const cell = model.cells.get(k)
        expect(dict.ttl(k)).toBe(cell && cell.expiresAt - clock.now())
      },
  ),
  fc.constant<Call>(({ dict, model }) => expect(dict.size).toBe(model.cells.size)),
  fc.constant<Call>(({ dict, model }) => {
    const wanted = [...model.cells].map(([k, cell]) => [k, cell.value])
    expect([...dict.entries({ order: 'insertion' })]).toEqual(wanted)
    expect(new Set(dict.keys())).toEqual(new Set(model.cells.keys()))
  }),
)

const call: fc.Arbitrary<Call> = fc.oneof(
  { weight: 30, arbitrary: simpleCall },
  {
    weight: 3,
    arbitrary: fc.integer({ min: 1, max: 40 }).map(
      (ms): Call =>
        ({ clock }) =>
          clock.advance(ms),
    ),
  },
  { weight: 1, arbitrary: fc.constant<Call>(({ dict }) => dict.flushSync()) },
  { weight: 1, arbitrary: fc.constant<Call>(({ dict }) => dict.clearCache()) },
  { weight: 1, arbitrary: fc.constant<Call>((world) => world.reopen()) },
  {
    weight: 1,
    arbitrary: fc.constant<Call>(({ dict }) => expect(dict.sweep()).toBeGreaterThanOrEqual(0)),
  },
  {
    weight: 1,
    arbitrary: fc.constant<Call>(({ dict, model }) => {
      dict.clear()
      model.cells.clear()
    }),
  },
  {
    weight: 4,
    arbitrary: fc.tuple(fc.array(simpleCall, { maxLength: 8 }), fc.boolean()).map(
      ([calls, fails]): Call =>
        (world) => {
          const run = () =>
            world.model.attempt(() =>
              world.dict.transaction(() => {
                for (const inner of calls) inner(world)
                if (fails) throw new Error('taken back')
              }),
            )
          // An increment() that is refused inside dooms the transaction, too.
          try {
            run()
            expect(fails).toBe(false)
          } catch (error) {
            expect((error as Error).message).toMatch(/taken back|increment/)
          }
        },
    ),
  },
)

function check(what: string, numRuns: number, place: StoreKind, durability: Durability): void {
  const seed = seedOf(`${numRuns} programs on ${what}`)
  fc.assert(
    fc.property(fc.array(call, { minLength: 30, maxLength: 60 }), (calls) => {
      let store = newStore(place)
      const clock = new FakeClock()
      const make = () => open<Record<string, unknown>>(store, { clock, durability })
      const world: World = {
        dict: make(),
        model: new Model(clock),
        clock,
        reopen() {
          if (place === 'memory') return
          world.dict.close()
          store = storeAgain(place, store)
          world.dict = make()
        },
      }
      // A neighbour that nothing of all this may touch.
      world.dict.namespace('neighbour').set('a', 'untouched')
      try {
        for (const one of calls) one(world)
        world.reopen()
        const { dict, model } = world
        expect(dict.toObject()).toEqual(
          Object.fromEntries([...model.cells].map(([k, { value: v }]) => [k, v])),
        )
        dict.sweep()
        expect(dict.size).toBe(model.cells.size)
        expect(dict.namespace('neighbour').toObject()).toEqual({ a: 'untouched' })
      } finally {
        world.dict.close()
      }
    }),
    { seed, numRuns, interruptAfterTimeLimit: 60_000, markInterruptAsFailure: false },
  )
}

test.each([
  ['memory, batched', 100, 'memory', 'batched'],
  ['memory, sync', 50, 'memory', 'sync'],
  ['lmdb, batched', 60, 'lmdb', 'batched'],
  ['lmdb, commit', 60, 'lmdb', 'commit'],
  ['lmdb, sync', 30, 'lmdb', 'sync'],
  ['sqlite, batched', 30, 'sqlite', 'batched'],
  ['sqlite, commit', 30, 'sqlite', 'commit'],
  ['file, commit', 20, 'file', 'commit'],
] as const)(
  'a dict on %s does what a Map with deadlines does',
  { timeout: 120_000 },
  (what, runs, place, durability) => {
    check(what, runs, place, durability)
  },
)
