/** The engine over an AsyncStore: its cache, and what happens between a read and a commit. */
import { expect, onTestFinished, test } from 'vitest'
import { ByteLru } from '../../src/cache/byte-lru.js'
import { systemClock } from '../../src/clock.js'
import { knownSerializer } from '../../src/codec/serializer.js'
import { ValueCodec } from '../../src/codec/value-codec.js'
import { KeyQueue } from '../../src/engine/async/key-queue.js'
import { RemoteEngine } from '../../src/engine/async/remote-engine.js'
import { CONFLICT, tries } from '../../src/engine/async/tries.js'
import type { Entry } from '../../src/engine/entry.js'
import { ContentionError } from '../../src/errors/contention-error.js'
import { DEFAULT_KEY_SETTINGS } from '../../src/keys/key-settings.js'
import { asyncMemoryStore } from '../../src/store/async-memory.js'
import type { AsyncStore, Batch } from '../../src/store/async-store.js'

/** A store over another whose answers to get and commit wait until the test lets them go. */
class HeldStore {
  readonly store: AsyncStore
  hears = true
  #held: (() => void)[] = []
  isHolding = false
  beforeCommit: () => Promise<void> = async () => {}

  constructor(inner: AsyncStore) {
    const held = this
    this.store = {
      ...bound(inner),
      get hears() {
        return held.hears
      },
      async getMany(bucket, keys) {
        const records = await inner.getMany(bucket, keys)
        if (held.isHolding) await new Promise<void>((resolve) => held.#held.push(resolve))
        return records
      },
      async commit(batch: Batch) {
        await held.beforeCommit()
        return inner.commit(batch)
      },
    }
  }

  letGo(): void {
    this.isHolding = false
    for (const resolve of this.#held.splice(0)) resolve()
  }
}

function bound(store: AsyncStore): AsyncStore {
  return {
    kind: store.kind,
    location: store.location,
    identity: store.identity,
    atomicity: store.atomicity,
    hears: store.hears,
    get: store.get.bind(store),
    getMany: store.getMany.bind(store),
    scan: store.scan.bind(store),
    count: store.count.bind(store),
    due: store.due.bind(store),
    commit: store.commit.bind(store),
    clear: store.clear.bind(store),
    nextVersions: store.nextVersions.bind(store),
    onInvalidate: store.onInvalidate.bind(store),
    sync: store.sync.bind(store),
    stats: store.stats.bind(store),
    close: store.close.bind(store),
  }
}

function engineOver(store: AsyncStore, keySettings = DEFAULT_KEY_SETTINGS) {
  const codec = new ValueCodec(knownSerializer('msgpack'))
  const engine = new RemoteEngine({
    store,
    codec,
    keySettings,
    cache: new ByteLru<Entry>(100, 2 ** 20),
    clock: systemClock,
    durability: 'batched',
    onError: (error) => {
      throw error
    },
  })
  onTestFinished(() => engine.close())
  const space = engine.space([])
  const write = (key: string, value: unknown) => ({
    kind: 'set' as const,
    space,
    key,
    payload: codec.encode(key, value),
    expiresAt: 0,
    tags: [],
    isNew: false,
  })
  return {
    engine,
    size: () => engine.size(space),
    delete: (key: string) => engine.delete(space, [key]),
    get: (key: string) => engine.value(space, key, 'frozen'),
    set: (key: string, value: unknown) =>
      engine.write(space, [{ write: write(key, value), keepsDeadline: false }]),
    change: (key: string, value: unknown) =>
      engine.change(space, key, () => ({ write: write(key, value), result: value })),
  }
}

test('a hit asks the store nothing, and a change by another engine ends it', async () => {
  const store = asyncMemoryStore()
  const [one, other] = [engineOver(store), engineOver(store)]
  await one.set('a', 1)
  for (let reads = 0; reads < 5; reads++) expect(await other.get('a')).toBe(1)
  expect(await other.engine.stats()).toMatchObject({ hits: 4, misses: 1 })
  for (let n = 2; n < 10; n++) {
    await one.set('a', n)
    expect(await other.get('a')).toBe(n)
  }
})

test('a read under way does not bring back what was changed meanwhile', async () => {
  const store = asyncMemoryStore()
  const held = new HeldStore(store)
  const [reader, writer] = [engineOver(held.store), engineOver(store)]
  await writer.set('a', 'old')
  held.isHolding = true
  const reading = reader.get('a')
  await writer.set('a', 'new')
  held.letGo()
  // The read began before the change: it may give what was there then, but must not keep it.
  expect(await reading).toBe('old')
  expect(await reader.get('a')).toBe('new')
})

test('nothing comes from the cache while the store does not hear of changes', async () => {
  const store = asyncMemoryStore()
  const held = new HeldStore(store)
  const { get, set, engine } = engineOver(held.store)
  await set('a', 1)
  await get('a')
  held.hears = false
  await get('a')
  await get('a')
  expect(await engine.stats()).toMatchObject({ hits: 0, misses: 3 })
})

test('a change that somebody came before is decided anew, and gives up after 100 tries', async () => {
  const store = asyncMemoryStore()
  const held = new HeldStore(store)
  const [slow, rival] = [engineOver(held.store), engineOver(store)]
  let rounds = 0
  held.beforeCommit = async () => {
    if (rounds++ < 3) await rival.set('a', rounds)
  }
  expect(await slow.change('a', 'mine')).toBe('mine')
  expect(rounds).toBe(4)
  expect(await rival.get('a')).toBe('mine')
  held.beforeCommit = () => rival.set('a', rounds++)
  await expect(slow.change('a', 'never')).rejects.toBeInstanceOf(ContentionError)
  expect(await rival.get('a')).not.toBe('never')
})

const COLLIDING = {
  keySizeLimit: 40,
  digestBytes: 32,
  hash: { id: 'one digest', digest: () => new Uint8Array(32) },
}
const [A, B, C] = ['a', 'b', 'c'].map((name) => name.padStart(60, '.')) as [string, string, string]

for (const [what, keys] of [
  ['with one other key', [A]],
  ['with two other keys', [A, B]],
] as const) {
  test(`a key of a digest ${what} is not inserted twice by two who do so at once`, async () => {
    const store = asyncMemoryStore()
    const held = new HeldStore(store)
    const [slow, rival] = [engineOver(held.store, COLLIDING), engineOver(store, COLLIDING)]
    for (const key of keys) await rival.set(key, key)
    let isFirst = true
    held.beforeCommit = async () => {
      if (!isFirst) return
      isFirst = false
      // The first place becomes free, and is the one that the rival takes.
      await rival.delete(A)
      await rival.set(C, 'of the rival')
    }
    await slow.set(C, 'mine')
    expect(await rival.size()).toBe(keys.length)
    expect(await rival.get(C)).toBe('mine')
    expect(await rival.delete(C)).toBe(1)
    expect(await rival.get(C)).toBeUndefined()
  })
}

test('tries() returns the first answer that is no conflict', async () => {
  let calls = 0
  const attempt = async () => (++calls < 3 ? CONFLICT : 'done')
  expect(await tries(systemClock, 'a', attempt)).toBe('done')
  expect(calls).toBe(3)
})

test('run() of a KeyQueue keeps the order of tasks with a key in common, and no others wait', async () => {
  const queue = new KeyQueue()
  const log: string[] = []
  let release = () => {}
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  const first = queue.run(['a', 'b'], async () => {
    await gate
    log.push('first')
    throw new Error('no')
  })
  const second = queue.run(['b'], async () => log.push('second'))
  const third = queue.run(['c'], async () => log.push('third'))
  await third
  release()
  await expect(first).rejects.toThrow('no')
  await second
  await queue.idle()
  expect(log).toEqual(['third', 'first', 'second'])
})
