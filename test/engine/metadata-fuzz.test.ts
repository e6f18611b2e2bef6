/**
 * Rows that are not entries, and keys that are none, damaged and forged: every call answers or throws one
 * of our errors, and all is well again once the row is.
 */
import { open as openLmdb } from 'lmdb'
import { describe, expect, test } from 'vitest'
import type { PersistDict } from '../../src/dict/persist-dict.js'
import { PersistDictError } from '../../src/errors/persist-dict-error.js'
import { open } from '../../src/open/open.js'
import { encodeState, NEW_STATE } from '../../src/store/lmdb/store-state.js'
import { memoryStore } from '../../src/store/memory.js'
import type { SyncStore } from '../../src/store/sync-store.js'
import { mutated, noise } from '../codec/mutations.js'
import { FakeClock } from '../fake-clock.js'
import { asOtherProcess } from '../other-process.js'
import { tempDirectory } from '../processes/temp-directory.js'
import { type Random, randomOf } from '../random.js'
import { seedOf } from '../seed.js'

const ROUNDS = Number(process.env.FUZZ_RECORDS ?? 100_000) / 50

type Dict = PersistDict<Record<string, unknown>>

const CALLS: Readonly<Record<string, (dict: Dict) => unknown>> = {
  size: (dict) => dict.size,
  namespaces: (dict) => [...dict.namespaces()],
  keys: (dict) => [...dict.keys()],
  entries: (dict) => [...dict.entries()],
  'keys by insertion': (dict) => [...dict.keys({ order: 'insertion' })],
  toObject: (dict) => dict.toObject(),
  get: (dict) => dict.get('a'),
  set: (dict) => dict.set('new', 1).flushSync(),
  delete: (dict) => dict.delete('b'),
  sweep: (dict) => dict.sweep(),
  'size of a namespace': (dict) => dict.namespace('n').size,
  'set in a namespace': (dict) => dict.namespace('n').set('x', 1).flushSync(),
  clear: (dict) => dict.clear(),
}

/** Runs a call. Whatever it throws must be ours. */
function tried(what: string, call: () => unknown): void {
  try {
    call()
  } catch (error) {
    if (error instanceof PersistDictError) return
    throw new Error(`${what} threw ${String(error)}`, { cause: error })
  }
}

const STRANGE_JSON = [
  'null',
  '1',
  '"text"',
  '[]',
  '{}',
  '{"path":5,"count":1}',
  '{"path":[1],"count":1}',
  '{"path":["n"],"count":"1"}',
  '{"path":[],"count":1e400}',
  '{"path":[],"count":-5}',
  '{"format":null}',
  '{"format":1}',
  '{"format":1,"serializer":{"toString":1}}',
  '{"__proto__":null,"format":2}',
].map((text) => Buffer.from(text))

function filled(store: SyncStore, clock: FakeClock): Dict {
  const dict = open<Record<string, unknown>>(store, { clock, background: 'disabled' })
  dict.setMany({ a: 1, b: [2], c: 'three' }, { ttl: 1_000 })
  dict.namespace('n').set('d', 4).flushSync()
  return dict
}

function strange(random: Random, row: Uint8Array): Uint8Array {
  return random.below(3) === 0 ? random.pick(STRANGE_JSON) : mutated(random, row, noise(random, 60))
}

describe('a dict whose row of', () => {
  test.each(['counts', 'meta'])('"%s" is damaged answers or throws one of our errors', (bucket) => {
    const random = randomOf(seedOf(`rows of ${bucket}`))
    const names = Object.keys(CALLS)
    for (let round = 0; round < ROUNDS / 10; round++) {
      const store = memoryStore()
      const clock = new FakeClock()
      const dict = filled(store, clock)
      const rows = store.scan(bucket, {}, 10)
      const { key, record } = random.pick(rows)
      const bytes = strange(random, record)
      store.transaction('committed', (tx) => tx.put(bucket, key, bytes, 0))
      const hint = `${Buffer.from(bytes).toString('hex')} under ${Buffer.from(key).toString('hex')}`
      clock.advance(random.below(2) * 2_000)
      for (let calls = 0; calls < 4; calls++) {
        const name = random.pick(names)
        tried(`${name} with ${hint}`, () => CALLS[name]?.(dict))
      }
      tried(`open() with ${hint}`, () => open(asOtherProcess(store)))
      store.transaction('committed', (tx) => tx.put(bucket, key, record, 0))
      dict.close()
    }
  })
})

test('a dict with rows whose keys are none answers or throws one of our errors', () => {
  const random = randomOf(seedOf('storage keys'))
  const store = memoryStore()
  const clock = new FakeClock()
  const dict = filled(store, clock)
  const [sample] = store.scan('rows', {}, 1)
  for (let round = 0; round < ROUNDS; round++) {
    const known = store.scan('rows', {}, 10)
    const key =
      random.below(2) === 0
        ? noise(random, 20)
        : mutated(random, random.pick(known).key, noise(random, 9))
    const isKnown = known.some((row) => Buffer.compare(row.key, key) === 0)
    if (key.length === 0 || isKnown || sample === undefined) continue
    const record = random.below(2) === 0 ? sample.record : noise(random, 40)
    const deadline = random.pick([0, clock.now() - 1, clock.now() + 1e9, 2 ** 48 - 1])
    store.transaction('committed', (tx) => tx.put('rows', key, record, deadline))
    const name = random.pick(['size', 'keys', 'entries', 'toObject', 'sweep', 'namespaces', 'get'])
    const hint = `${name} with the storage key ${Buffer.from(key).toString('hex')}`
    tried(hint, () => CALLS[name]?.(dict))
    store.transaction('committed', (tx) => {
      tx.delete('rows', key)
      tx.forget('rows', { key, deadline })
    })
  }
  expect(dict.toObject()).toEqual({ a: 1, b: [2], c: 'three' })
  dict.close()
})

describe('an LMDB store with a damaged', () => {
  /** Writes to a named database of a store that nobody has open. */
  async function raw(path: string, database: string, key: Uint8Array, value: Uint8Array) {
    const root = openLmdb({ path: `${path}/g1`, maxDbs: 128, encoding: 'binary' })
    root.openDB(database, { encoding: 'binary', keyEncoding: 'binary' }).putSync(key, value)
    await root.close()
  }

  test.each([
    ['row of deadlines, too short', 'deadlines "rows"', Buffer.of(1, 2), Buffer.of(1)],
    ['row of deadlines, without a key', 'deadlines "rows"', Buffer.alloc(6), Buffer.of(1)],
    [
      'row of deadlines, for a key that is none',
      'deadlines "rows"',
      Buffer.alloc(9, 1),
      Buffer.of(),
    ],
    ['state, too short', 'versions', Buffer.from('state'), Buffer.of(1)],
    ['state, of no sense', 'versions', Buffer.from('state'), Buffer.alloc(17, 255)],
    [
      'state, with a counter of versions at its end',
      'versions',
      Buffer.from('state'),
      encodeState({ ...NEW_STATE, base: 2 ** 48 - 1 }),
    ],
  ])('%s answers or throws one of our errors', async (_, database, key, value) => {
    const path = `${tempDirectory()}/dict`
    const clock = new FakeClock()
    {
      using dict = open<Record<string, unknown>>(path, { clock, durability: 'commit' })
      dict.set('a', 1, { ttl: 1_000 }).set('b', 2)
      dict.namespace('n').set('d', 4)
    }
    await raw(path, database, key, value)
    clock.advance(2_000)
    for (const [name, call] of Object.entries(CALLS)) {
      tried(name, () => {
        using dict = open<Record<string, unknown>>(path, {
          clock,
          durability: 'commit',
          background: 'disabled',
        })
        call(dict)
      })
    }
  })
})
