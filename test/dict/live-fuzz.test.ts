/**
 * Live values against plain structures: the same random operations on both, compared after each
 * stretch and after each reload. LIVE_OPS sets the number of operations; SEED replays a run.
 */
import { isDeepStrictEqual } from 'node:util'
import { expect, test } from 'vitest'
import { open, type PersistDict, plain, StoreError } from '../../src/index.js'
import { memoryStore } from '../../src/memory.js'
import type { SyncStore } from '../../src/testing.js'
import { tempDirectory } from '../processes/temp-directory.js'
import { type Random, randomOf } from '../random.js'
import { seedOf } from '../seed.js'

const OPERATIONS = Number(process.env.LIVE_OPS ?? 6_000)
const STRETCH = 12
const MAX_PARTS = 300

type Container = Record<string, unknown> | unknown[] | Map<unknown, unknown> | Set<unknown>
interface Pair {
  readonly live: Container
  readonly model: Container
}

const KEYS = ['a', 'b', 'name', '0', '7', '', '__proto__', 'ü', 'constructor']

function freshValue(random: Random, depth = 0): unknown {
  const kind = random.below(depth > 2 ? 9 : 13)
  const some = () => freshValue(random, depth + 1)
  switch (kind) {
    case 0:
      return null
    case 1:
      return undefined
    case 2:
      return random.below(1_000) - 500
    case 3:
      return random.pick([-0, Number.NaN, Number.POSITIVE_INFINITY, 1e300])
    case 4:
      return random.pick(['', 'text', '\ud800', 'ünï'])
    case 5:
      return BigInt(random.below(1_000)) ** 9n
    case 6:
      return new Date(random.below(1e9))
    case 7:
      return new Uint8Array([random.below(256), 2])
    case 8:
      return random.below(2) === 1
    case 9:
      return Array.from({ length: random.below(4) }, some)
    case 10:
      return new Map<unknown, unknown>([
        ['k', some()],
        [random.below(3), some()],
      ])
    case 11:
      return new Set([some(), random.below(3)])
    default:
      return { a: some(), [random.pick(['b', 'name'])]: some() }
  }
}

function isContainer(value: unknown): value is Container {
  if (Array.isArray(value) || value instanceof Map || value instanceof Set) return true
  return (
    typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
  )
}

/** Goes down from the root, on both sides at once, and stops somewhere. */
function walk(random: Random, root: Pair): Pair {
  let at = root
  for (let depth = 0; depth < 6; depth++) {
    if (random.below(3) === 0) break
    const steps = stepsOf(at)
    if (steps.length === 0) break
    at = random.pick(steps)
  }
  return at
}

function stepsOf({ live, model }: Pair): Pair[] {
  const pairs: Pair[] = []
  const add = (a: unknown, b: unknown) => {
    if (isContainer(a) !== isContainer(b))
      throw new Error('one side has a container where the other has none')
    if (isContainer(a) && isContainer(b)) pairs.push({ live: a, model: b })
  }
  if (model instanceof Map || model instanceof Set) {
    // By their place: keys that are objects are others on both sides.
    const items = [...(live as typeof model).values()]
    ;[...model.values()].forEach((item, at) => {
      add(items[at], item)
    })
  } else {
    const bag = live as Record<string, unknown>
    for (const key of Object.keys(model)) add(bag[key], (model as Record<string, unknown>)[key])
  }
  return pairs
}

/** The same for both sides, though each is given values of its own. */
function operation(random: Random, root: Pair): (side: keyof Pair) => void {
  const at = walk(random, root)
  const other = walk(random, root)
  const value = freshValue(random)
  const isShared = random.below(8) === 0
  const given = (side: keyof Pair) => (isShared ? other[side] : copyOf(value))
  const key = random.pick(KEYS)
  const choice = random.below(8)
  const number = random.below(5)
  return (side) => {
    const target = at[side]
    if (target instanceof Map) {
      if (choice < 4) target.set(key, given(side))
      else if (choice < 5) target.set(new Date(number), given(side))
      else if (choice < 6) target.delete(key)
      else if (choice < 7) target.delete(itemOf(target, number))
      else target.clear()
    } else if (target instanceof Set) {
      // A shared container is an item of its own on both sides only if it is one object on both.
      if (choice < 4) target.add(isContainer(value) ? number : value)
      else if (choice < 5) target.add(new Date(number))
      else if (choice < 6) target.delete(number)
      else if (choice < 7) target.delete(itemOf(target, number))
      else target.clear()
    } else if (Array.isArray(target)) {
      arrayOperation(target, choice, number, given(side))
    } else if (choice < 6) {
      Object.defineProperty(target, key, {
        value: given(side),
        writable: true,
        enumerable: true,
        configurable: true,
      })
    } else {
      delete target[key]
    }
  }
}

/** The key or item at a place, as each side hands it out: an object is deleted by nothing else. */
function itemOf(target: Map<unknown, unknown> | Set<unknown>, place: number): unknown {
  return [...target.keys()][place % Math.max(1, target.size)]
}

function arrayOperation(target: unknown[], choice: number, number: number, value: unknown): void {
  switch (choice) {
    case 0:
    case 1:
      target.push(value)
      return
    case 2:
      target[number] = value
      return
    case 3:
      target.splice(number, 1, value)
      return
    case 4:
      target.reverse()
      return
    case 5:
      target.pop()
      return
    case 6:
      target.unshift(value)
      return
    default:
      target.length = Math.min(target.length, number)
  }
}

function copyOf(value: unknown): unknown {
  return structuredClone(value)
}

/** A store that refuses to commit while it fails. */
interface Faults {
  isFailing: boolean
  readonly heard: unknown[]
}

async function fuzz(
  reopen: (dict: PersistDict | undefined) => PersistDict,
  faults: Faults = { isFailing: false, heard: [] },
): Promise<void> {
  const seed = seedOf('live values')
  const random = randomOf(seed)
  let dict = reopen(undefined)
  let model: Record<string, unknown> = { root: {} }
  dict.object.root = {}
  for (let done = 0; done < OPERATIONS; done += STRETCH) {
    const root: Pair = { live: dict.object.root as Container, model: model.root as Container }
    faults.isFailing = random.below(4) === 0
    for (let at = 0; at < STRETCH; at++) {
      const apply = operation(random, root)
      apply('live')
      apply('model')
      // Whatever could not be written by then is changed further, and written again.
      if (faults.isFailing && random.below(STRETCH) === 0) await new Promise(setImmediate)
    }
    const hint = `after ${done + STRETCH} operations, SEED=${seed}`
    if (faults.isFailing) await new Promise(setImmediate)
    expect(isDeepStrictEqual(plain(root.live), model.root), hint).toBe(true)
    faults.isFailing = false
    expect(isDeepStrictEqual(plain(dict.object.root), model.root), hint).toBe(true)
    if (random.below(4) === 0) {
      await dict.flush()
      dict = reopen(dict)
      const reloaded = dict.get('root')
      expect(isDeepStrictEqual(reloaded, model.root), `reloaded, ${hint}`).toBe(true)
    }
    // Sharing makes structures grow without end: begin anew now and then.
    if (partsOf(model) > MAX_PARTS || random.below(40) === 0) {
      model = { root: {} }
      dict.object.root = {}
    }
  }
  dict.close()
}

/** How many objects there are in a structure, counting until there are too many. */
function partsOf(value: unknown): number {
  const open = [value]
  const seen = new Set<unknown>()
  for (let part = open.pop(); open.length > 0 || part !== undefined; part = open.pop()) {
    if (!isContainer(part) || seen.has(part)) continue
    seen.add(part)
    if (seen.size > MAX_PARTS) break
    if (part instanceof Map) open.push(...part.values())
    else open.push(...(part instanceof Set ? part : Object.values(part)))
  }
  return seen.size
}

test('live values on LMDB change like plain structures, and reload as they were', async () => {
  const directory = tempDirectory()
  await fuzz((dict) => {
    dict?.close()
    return open(directory)
  })
})

test('live values in memory change like plain structures, and reload as they were', async () => {
  const store = memoryStore()
  const dict = open(store)
  await fuzz(() => {
    dict.clearCache()
    return dict
  })
})

test.each(['commit', 'batched'] as const)(
  "live values of a store that fails now and then lose no change, under '%s'",
  async (durability) => {
    const faults: Faults = { isFailing: false, heard: [] }
    const dict = open(failing(memoryStore(), faults), { durability })
    dict.on('error', (error) => faults.heard.push(error))
    await fuzz(() => {
      dict.clearCache()
      return dict
    }, faults)
    // Otherwise nothing of all this was tried.
    expect(faults.heard.length).toBeGreaterThan(10)
    for (const error of faults.heard) expect(error).toBeInstanceOf(StoreError)
  },
)

function failing(store: SyncStore, faults: Faults): SyncStore {
  const transaction: SyncStore['transaction'] = (promise, fn) =>
    store.transaction(promise, (tx) => {
      const result = fn(tx)
      if (faults.isFailing) throw new StoreError('The disk is tired.')
      return result
    })
  return new Proxy(store, {
    get(_, name) {
      if (name === 'transaction') return transaction
      const member: unknown = Reflect.get(store, name, store)
      return typeof member === 'function' ? member.bind(store) : member
    },
  })
}
