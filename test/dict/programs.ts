/**
 * Random programs of calls, for a dict and its model alike: a Map for each namespace, with a clock that
 * only the program moves. The programs use several handles, of this process and of what might be another
 * one, close and open again, and crash.
 */
import { cpSync } from 'node:fs'
import { basename } from 'node:path'
import fc from 'fast-check'
import { expect } from 'vitest'
import type { PersistDict } from '../../src/dict/persist-dict.js'
import type { Durability } from '../../src/engine/commits.js'
import { open } from '../../src/open/open.js'
import { lmdbStore } from '../../src/store/lmdb/open-lmdb.js'
import type { SyncStore } from '../../src/store/sync-store.js'
import { FakeClock } from '../fake-clock.js'
import { asOtherProcess } from '../other-process.js'
import { tempDirectory } from '../processes/temp-directory.js'
import { newStore, type StoreKind, storeAgain } from './opened.js'

type Dict = PersistDict<Record<string, unknown>>

interface Cell {
  readonly value: unknown
  readonly expiresAt: number
}

type Cells = Map<string, Cell>

const EVER = Number.POSITIVE_INFINITY

/** The namespaces that programs go to. */
const SPACES: readonly (readonly string[])[] = [[], ['n'], ['n', 'inner'], ['m'.repeat(300)]]

/** What a dict should be: for each namespace a Map whose entries go at their deadline. */
class Model {
  #spaces = new Map<string, Cells>()
  /** Where calls go. */
  at = JSON.stringify([])
  readonly #clock: FakeClock

  constructor(clock: FakeClock) {
    this.#clock = clock
  }

  /** The live cells, in insertion order; an expired one has never been. */
  get cells(): Cells {
    const cells = this.#spaces.get(this.at) ?? new Map<string, Cell>()
    this.#spaces.set(this.at, cells)
    for (const [key, { expiresAt }] of cells) {
      if (expiresAt <= this.#clock.now()) cells.delete(key)
    }
    return cells
  }

  get(key: string): unknown {
    return this.cells.get(key)?.value
  }

  set(key: string, value: unknown, ttl: number | 'keep' | undefined): void {
    const kept = this.cells.get(key)?.expiresAt ?? EVER
    const expiresAt = ttl === 'keep' ? kept : ttl === undefined ? EVER : this.#clock.now() + ttl
    this.cells.set(key, { value, expiresAt })
  }

  /** All that there is, to be put back later. */
  snapshot(): ReadonlyMap<string, Cells> {
    return new Map([...this.#spaces].map(([name, cells]) => [name, new Map(cells)]))
  }

  restore(snapshot: ReadonlyMap<string, Cells>): void {
    this.#spaces = new Map([...snapshot].map(([name, cells]) => [name, new Map(cells)]))
  }

  /** Runs `fn`, and takes back what it did if it throws. */
  attempt(fn: () => void): void {
    const before = this.snapshot()
    try {
      fn()
    } catch (error) {
      this.restore(before)
      throw error
    }
  }
}

export interface WorldOptions {
  readonly place: StoreKind
  readonly durability: Durability
}

/** A dict with several handles, and its model. */
class World {
  readonly clock = new FakeClock()
  readonly model = new Model(this.clock)
  readonly #options: WorldOptions
  #store: SyncStore
  #handles: readonly Dict[]
  #handle = 0
  #space: readonly string[] = []
  /** What a crash leaves: the state as of the last commit. */
  #committed = this.model.snapshot()
  #commits = 0

  constructor(options: WorldOptions) {
    this.#options = options
    this.#store = newStore(options.place)
    this.#handles = this.#open()
    // A neighbour that nothing of all this may touch.
    this.#root.namespace('neighbour').set('a', 'untouched').flushSync()
  }

  /** The handle and namespace that calls go to. */
  get dict(): Dict {
    return this.#within(this.#space)
  }

  useHandle(handle: number): void {
    this.#handle = handle % this.#handles.length
  }

  useSpace(space: readonly string[]): void {
    this.#space = space
    this.model.at = JSON.stringify(space)
  }

  /** To be called between calls, with the state before the last one. */
  settle(before: ReadonlyMap<string, Cells>): void {
    const { pendingWrites, commits } = this.#root.stats()
    if (pendingWrites === 0) this.#committed = this.model.snapshot()
    // A set() that keeps the deadline of a pending write commits that first, and is pending itself.
    else if (commits !== this.#commits) this.#committed = before
    this.#commits = commits
  }

  reopen(): void {
    if (this.#options.place === 'memory') return
    this.close()
    this.#store = storeAgain(this.#options.place, this.#store)
    this.#handles = this.#open()
    this.#committed = this.model.snapshot()
  }

  /** Goes on with what is on disk at this moment, as if the process had been killed. */
  crash(): void {
    if (this.#options.place !== 'lmdb') return
    const copy = `${tempDirectory()}/dict`
    // LMDB's lock files must never be opened through fs; those of a dead process mean nothing anyway.
    const filter = (file: string) => !/lock|gate|owner/.test(basename(file))
    cpSync(this.#store.location, copy, { recursive: true, filter })
    this.close()
    this.#store = lmdbStore(copy)
    this.#handles = this.#open()
    this.model.restore(this.#committed)
  }

  /** Compares everything. */
  check(): void {
    for (const space of SPACES) {
      this.useSpace(space)
      const { dict, model } = this
      const expected = [...model.cells].map(([key, { value }]) => [key, value])
      expect([...dict.entries({ order: 'insertion' })]).toEqual(expected)
      expect(dict.size).toBe(model.cells.size)
    }
    this.#root.sweep()
    for (const space of SPACES) {
      this.useSpace(space)
      expect(this.dict.size).toBe(this.model.cells.size)
    }
    expect(this.#root.namespace('neighbour').toObject()).toEqual({ a: 'untouched' })
  }

  close(): void {
    for (const handle of this.#handles) handle.close()
  }

  get #root(): Dict {
    return this.#handles[this.#handle] as Dict
  }

  #within(space: readonly string[]): Dict {
    return space.reduce<Dict>((dict, name) => dict.namespace(name), this.#root)
  }

  /** Pending writes are seen in their own process only: under 'batched' all handles are of one. */
  #open(): readonly Dict[] {
    const { durability } = this.#options
    const make = (store: SyncStore): Dict => open(store, { clock: this.clock, durability })
    const own = [make(this.#store), make(this.#store)]
    return durability === 'batched' ? own : [...own, make(asOtherProcess(this.#store))]
  }
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
  // Goes and comes again: last in the order of insertion.
  fc.tuple(key, value).map(
    ([k, v]): Call =>
      ({ dict, model }) => {
        expect(dict.delete(k)).toBe(model.cells.delete(k))
        dict.set(k, v)
        model.set(k, v, undefined)
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
  fc.constantFrom(...SPACES).map(
    (space): Call =>
      (world) =>
        world.useSpace(space),
  ),
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
  { weight: 1, arbitrary: fc.constant<Call>((world) => world.crash()) },
  {
    weight: 4,
    arbitrary: fc.nat(2).map(
      (handle): Call =>
        (world) =>
          world.useHandle(handle),
    ),
  },
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

export interface ProgramOptions extends WorldOptions {
  readonly seed: number
  readonly programs: number
  readonly calls: number
  /** Looks for a shorter program that fails as well. @default true */
  readonly shrinks?: boolean
}

/** Runs so many programs. Throws, with the program, when a dict and its model differ. */
export function runPrograms({ seed, programs, calls, shrinks, ...options }: ProgramOptions): void {
  fc.assert(
    fc.property(fc.array(call, { minLength: calls >> 1, maxLength: calls }), (program) => {
      const world = new World(options)
      try {
        for (const one of program) {
          const before = world.model.snapshot()
          one(world)
          world.settle(before)
        }
        world.check()
        world.reopen()
        world.check()
      } finally {
        world.close()
      }
    }),
    { seed, numRuns: programs, endOnFailure: shrinks === false },
  )
}
