/**
 * The object view against a plain object: the same random operations on both, each answer compared,
 * and the order of properties exactly. FUZZ_OPS sets the number of operations; SEED replays a run.
 */
import { expect, onTestFinished, test } from 'vitest'
import type { PersistDict } from '../../src/dict/persist-dict.js'
import { open } from '../../src/open/open.js'
import type { OpenOptions } from '../../src/open/open-options.js'
import { memoryStore } from '../../src/store/memory.js'
import { tempDirectory } from '../processes/temp-directory.js'
import { type Random, randomOf } from '../random.js'
import { seedOf } from '../seed.js'

const OPERATIONS = Number(process.env.FUZZ_OPS ?? 40_000)

type Bag = Record<string, unknown>

/** One dict and what it should look like. */
interface Pair {
  readonly name: string
  view: Bag
  model: Bag
  /** Closes the dict and opens it again. */
  reopen(): void
  flush(): void
  /** How often it is picked, relative to the others: a synced commit costs a thousand reads. */
  readonly weight: number
}

const KEYS = [
  ...[
    'a',
    'b',
    'c',
    'd',
    'e',
    'f',
    'aa',
    'ab',
    'key with spaces',
    'ü',
    '😀',
    '\ud800',
    '\u0000',
    '',
  ],
  ...['0', '1', '2', '9', '10', '11', '100', '-0', '-1', '01', '00', '1.5', '1e3', '+1', ' 1'],
  ...['4294967293', '4294967294', '4294967295', '4294967296', '9007199254740993', '12345678901'],
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'then', 'toJSON', 'length', 'NaN'],
  'long '.repeat(200),
]

/** JSON brings these back unchanged, which makes comparing them simple. */
function freshValue(random: Random): unknown {
  switch (random.below(8)) {
    case 0:
      return null
    case 1:
      return random.below(2) === 0
    case 2:
      return `text ${random.below(100)}`
    case 3:
      return [random.below(10), { nested: random.below(10) }]
    case 4:
      return { n: random.below(100), list: [] }
    case 5:
      return {}
    default:
      return random.below(1_000_000)
  }
}

type Answer = string | ((...of: never[]) => unknown) | undefined

/** Comparable: functions by identity, everything else by its text, which has the order in it. */
function answer(value: unknown): Answer {
  if (typeof value === 'function') return value as Answer
  return value === undefined ? undefined : JSON.stringify(value)
}

function assign(object: Bag, key: string, value: unknown): void {
  if (key === '__proto__' && !isView.has(object)) {
    // On a plain object this assignment would set the prototype; on a view it is data.
    const property = { writable: true, enumerable: true, configurable: true }
    Object.defineProperty(object, key, { value, ...property })
  } else {
    object[key] = value
  }
}

const isView = new WeakSet<object>()

/** Each does the same to both objects and returns what it saw. */
const OPERATION: Readonly<
  Record<string, { weight: number; run(object: Bag, key: string, random: Random): unknown }>
> = {
  set: { weight: 30, run: (object, key, random) => assign(object, key, freshValue(random)) },
  get: { weight: 12, run: (object, key) => object[key] },
  delete: { weight: 14, run: (object, key) => delete object[key] },
  in: { weight: 5, run: (object, key) => key in object },
  hasOwn: { weight: 5, run: (object, key) => Object.hasOwn(object, key) },
  keys: { weight: 4, run: (object) => Object.keys(object) },
  ownKeys: { weight: 2, run: (object) => Reflect.ownKeys(object) },
  entries: { weight: 2, run: (object) => Object.entries(object) },
  spread: { weight: 2, run: (object) => Object.entries({ ...object }) },
  stringify: { weight: 2, run: (object) => JSON.stringify(object) },
  descriptor: { weight: 5, run: (object, key) => Object.getOwnPropertyDescriptor(object, key) },
  forIn: {
    weight: 2,
    run(object) {
      const keys: string[] = []
      for (const key in object) keys.push(key)
      return keys
    },
  },
  define: {
    weight: 5,
    run(object, key, random) {
      const full = { writable: true, enumerable: true, configurable: true }
      return Reflect.defineProperty(object, key, { value: freshValue(random), ...full })
    },
  },
  defineValue: {
    weight: 3,
    run: (object, key, random) =>
      Object.hasOwn(object, key) &&
      Reflect.defineProperty(object, key, { value: freshValue(random) }),
  },
  assign: {
    weight: 3,
    run(object, key, random) {
      const other = random.pick(KEYS.filter((name) => name !== '__proto__'))
      const from = key === '__proto__' ? {} : { [key]: freshValue(random) }
      Object.assign(object, { ...from, [other]: freshValue(random) })
    },
  },
  change: {
    weight: 4,
    run(object, key, random) {
      const value = Object.hasOwn(object, key) ? object[key] : undefined
      if (typeof value !== 'object' || value === null) return
      const next = random.below(100)
      if (Array.isArray(value)) value.push(next)
      else Object.assign(value, { changed: next })
    },
  },
  empty: {
    weight: 0.05,
    run(object) {
      for (const key of Object.keys(object)) delete object[key]
    },
  },
}

const WEIGHTED = Object.entries(OPERATION).flatMap(([name, { weight }]) =>
  Array.from({ length: Math.ceil(weight * 20) }, () => name),
)

function pairOf(
  name: string,
  weight: number,
  make: () => PersistDict<Bag>,
  canReopen: boolean,
): Pair {
  let dict = make()
  const viewed = (): Bag => {
    const view = dict.object as Bag
    isView.add(view)
    return view
  }
  onTestFinished(() => dict.close())
  return {
    name,
    weight,
    view: viewed(),
    model: {},
    reopen() {
      if (!canReopen) return
      dict.close()
      dict = make()
      this.view = viewed()
    },
    flush: () => dict.flushSync(),
  }
}

test('a view answers every operation as a plain object does', { timeout: 1_800_000 }, () => {
  const seed = seedOf(`${OPERATIONS} operations on views`)
  const random = randomOf(seed)
  const folder = tempDirectory()
  const onDisk = (name: string, options: OpenOptions<Bag, string>) => () =>
    open<Bag>(`${folder}/${name}`, options)
  const pairs = [
    pairOf('memory', 6, () => open<Bag>(memoryStore()), false),
    pairOf(
      'memory without a cache',
      3,
      () => open<Bag>(memoryStore(), { cache: { maxEntries: 0 } }),
      false,
    ),
    pairOf('lmdb, commit', 8, onDisk('commit', { durability: 'commit' }), true),
    pairOf('lmdb, json', 3, onDisk('json', { durability: 'commit', serializer: 'json' }), true),
    pairOf('lmdb, batched', 1, onDisk('batched', {}), true),
  ]
  const picks = pairs.flatMap((pair) => Array.from({ length: pair.weight }, () => pair))
  const trail: string[] = []

  for (let at = 0; at < OPERATIONS; at++) {
    const pair = random.pick(picks)
    const name = random.pick(WEIGHTED)
    const key = random.pick(KEYS)
    if (random.below(2_000) === 0) pair.reopen()
    if (random.below(50) === 0) pair.flush()
    trail.push(`${at}: ${pair.name}: ${name} ${JSON.stringify(key.slice(0, 30))}`)
    if (trail.length > 12) trail.shift()

    // Both get the same random values.
    const values = random.below(2 ** 31)
    const run = OPERATION[name]?.run as (object: Bag, key: string, random: Random) => unknown
    const wanted = answer(run(pair.model, key, randomOf(values)))
    const found = answer(run(pair.view, key, randomOf(values)))
    if (found !== wanted) expect(found, hint(seed, trail)).toBe(wanted)
    if (at % 500 === 499) comparePairs(pairs, seed, trail)
  }
  for (const pair of pairs) pair.reopen()
  comparePairs(pairs, seed, trail)
  expect(pairs.some(({ model }) => Object.keys(model).length > 0)).toBe(true)
})

function comparePairs(pairs: readonly Pair[], seed: number, trail: readonly string[]): void {
  for (const { name, view, model } of pairs) {
    const message = `${name}: ${hint(seed, trail)}`
    expect(Reflect.ownKeys(view), message).toEqual(Reflect.ownKeys(model))
    expect(JSON.stringify(view), message).toBe(JSON.stringify(model))
  }
}

function hint(seed: number, trail: readonly string[]): string {
  return `again: SEED=${seed} FUZZ_OPS=${OPERATIONS}\n${trail.join('\n')}\n`
}
