/** What happens at deadlines without anybody's call. */
import { describe, expect, test } from 'vitest'
import { ByteLru } from '../../src/cache/byte-lru.js'
import { knownSerializer } from '../../src/codec/serializer.js'
import { ValueCodec } from '../../src/codec/value-codec.js'
import type { EntryEvent } from '../../src/dict/events/entry-event.js'
import { Engine } from '../../src/engine/engine.js'
import type { Entry } from '../../src/engine/entry.js'
import { expireRows, sizeOf } from '../../src/engine/expired.js'
import { engineLeasing } from '../../src/engine/leases/leasing.js'
import { SweepWork } from '../../src/engine/sweep-work.js'
import { DEFAULT_KEY_SETTINGS } from '../../src/keys/key-settings.js'
import { open } from '../../src/open/open.js'
import { lmdbStore } from '../../src/store/lmdb/open-lmdb.js'
import { memoryStore } from '../../src/store/memory.js'
import type { SyncStore } from '../../src/store/sync-store.js'
import { FakeClock } from '../fake-clock.js'
import { tempDirectory } from '../processes/temp-directory.js'

const STORES = { memory: () => memoryStore(), LMDB: () => lmdbStore(tempDirectory()) }

const settled = async () => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve()
}

/** Lets time pass, and handlers run meanwhile. */
async function pass(clock: FakeClock, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 10) {
    clock.advance(Math.min(left, 10))
    await settled()
  }
}

describe.each(Object.entries(STORES))('on %s', (_, makeStore) => {
  function setUp(options: { background?: boolean | 'disabled' } = {}) {
    const clock = new FakeClock()
    const store = makeStore()
    const dict = open<Record<string, unknown>>(store, { clock, durability: 'commit', ...options })
    const heard: string[] = []
    const listen = () =>
      dict.on('expire', ({ key, value }: EntryEvent) => {
        heard.push(`${key}=${value}@${clock.now()}`)
      })
    return { clock, store, dict, heard, listen }
  }
  const rowsOf = (store: SyncStore) => store.scan('rows', {}, 1_000).length

  test('an expire event comes at the deadline when nobody calls anything, and the row is gone', async () => {
    const { clock, store, dict, heard, listen } = setUp()
    listen()
    const start = clock.now()
    dict.set('a', 1, { ttl: 500 }).set('b', 2, { ttl: 100 }).set('ever', 3)
    clock.advance(99)
    await settled()
    expect(heard).toEqual([])
    clock.advance(1)
    await settled()
    expect([heard, rowsOf(store)]).toEqual([[`b=2@${start + 100}`], 2])
    clock.advance(400)
    await settled()
    expect([heard[1], rowsOf(store)]).toEqual([`a=1@${start + 500}`, 1])
    dict.close()
  })

  test('set() with a long ttl after a short one does not expire at the short one (W1)', async () => {
    const { clock, dict, heard, listen } = setUp()
    listen()
    const start = clock.now()
    dict.set('a', 'short', { ttl: 10 })
    dict.set('a', 'long', { ttl: 1_000 })
    dict.set('b', 'long', { ttl: 1_000 })
    dict.set('b', 'short', { ttl: 10 })
    await pass(clock, 999)
    expect([dict.get('a'), dict.get('b'), heard]).toEqual([
      'long',
      undefined,
      [`b=short@${start + 10}`],
    ])
    clock.advance(1)
    await settled()
    expect(heard).toEqual([`b=short@${start + 10}`, `a=long@${start + 1_000}`])
    dict.close()
  })

  test('set() with a ttl after one without is told when it expires (W2); without after with is not', async () => {
    const { clock, dict, heard, listen } = setUp()
    listen()
    const start = clock.now()
    dict.set('a', 1).set('a', 2, { ttl: 10 })
    dict.set('b', 1, { ttl: 10 }).set('b', 2)
    dict.set('c', 1, { ttl: 10 }).delete('c')
    await pass(clock, 2_500)
    expect([heard, dict.get('b')]).toEqual([[`a=2@${start + 10}`], 2])
    dict.close()
  })

  test('deadlines from before somebody listened, and from another opening, are heard (W9)', async () => {
    const { clock, store, dict, heard, listen } = setUp()
    const start = clock.now()
    dict.set('a', 1, { ttl: 300 })
    clock.advance(100)
    listen()
    const other = open<Record<string, unknown>>(store, { clock, durability: 'commit' })
    dict.close()
    other.on('expire', ({ key }: EntryEvent) => void heard.push(`${key}@${clock.now()}`))
    clock.advance(200)
    await settled()
    expect(heard).toEqual([`a@${start + 300}`])
    other.close()
  })

  test('5,000 overwrites of one key cause one expire event', async () => {
    const { clock, dict, heard, listen } = setUp()
    listen()
    dict.transaction(() => {
      for (let n = 0; n < 5_000; n++) dict.set('a', n, { ttl: 100 + (n % 50) })
    })
    dict.set('a', 'last', { ttl: 70 })
    const start = clock.now()
    await pass(clock, 1_000)
    expect(heard).toEqual([`a=last@${start + 70}`])
    dict.close()
  })

  test('a handler of an expiry may set the key again with a ttl, and hears of that, too', async () => {
    const { clock, dict } = setUp()
    let rounds = 0
    dict.on('expire', ({ key }: EntryEvent) => {
      rounds++
      if (rounds < 5) dict.set(key as string, rounds, { ttl: 10 })
    })
    dict.set('a', 0, { ttl: 10 })
    for (let n = 0; n < 10; n++) {
      clock.advance(10)
      await settled()
    }
    expect(rounds).toBe(5)
    dict.close()
  })

  test('open() sweeps in the background within seconds, though nobody listens or calls', () => {
    const { clock, store, dict } = setUp()
    for (let n = 0; n < 700; n++) dict.set(`k${n}`, n, { ttl: 100 })
    dict.set('ever', 1)
    const { commits } = dict.stats()
    clock.advance(1_000)
    // Not yet due for the sweeper, which leaves others time to hear of it; and looking writes nothing.
    expect([rowsOf(store), dict.stats().commits, dict.size]).toEqual([701, commits, 1])
    clock.advance(2_000)
    expect([rowsOf(store), dict.size]).toEqual([1, 1])
    const after = dict.stats().commits
    clock.advance(60_000)
    expect(dict.stats().commits).toBe(after)
    expect(store.scan('leases', {}, 10)).toEqual([])
    dict.close()
  })

  test('open() with background false has no sweeper: each commit takes a few expired rows', () => {
    const { clock, store, dict } = setUp({ background: false })
    for (let n = 0; n < 40; n++) dict.set(`k${n}`, n, { ttl: 100 })
    clock.advance(60_000)
    expect(rowsOf(store)).toBe(40)
    dict.set('a', 1)
    expect(rowsOf(store)).toBe(25)
    dict.set('a', 1)
    dict.set('a', 1)
    expect([rowsOf(store), dict.size]).toEqual([1, 1])
    dict.close()
  })

  test("open() with background 'disabled' leaves expired rows to sweep(), and readers do not see them", async () => {
    const { clock, store, dict, heard, listen } = setUp({ background: 'disabled' })
    listen()
    dict.set('a', 1, { ttl: 100 })
    clock.advance(60_000)
    dict.set('b', 1)
    await settled()
    expect([rowsOf(store), heard, dict.has('a'), dict.size]).toEqual([2, [], false, 1])
    expect(dict.sweep()).toBe(1)
    await settled()
    expect(heard).toHaveLength(1)
    dict.close()
  })
})

describe('the sweeper', () => {
  function engineOn(store: SyncStore, clock: FakeClock) {
    const engine = new Engine({
      store,
      codec: new ValueCodec(knownSerializer('msgpack')),
      keySettings: DEFAULT_KEY_SETTINGS,
      cache: new ByteLru<Entry>(100, 1e6),
      clock,
      durability: 'commit',
      onError: (error) => {
        throw error
      },
    })
    const { table } = engineLeasing(engine, () => {})
    return { engine, work: new SweepWork(engine, table, []) }
  }

  function dueRows(engine: Engine, clock: FakeClock, count: number): void {
    engine.transaction(() => {
      for (let n = 0; n < count; n++) {
        const payload = engine.codec.encode(`k${n}`, n)
        const expiresAt = clock.now() + 10
        const write = {
          kind: 'set',
          key: `k${n}`,
          payload,
          expiresAt,
          tags: [],
          isNew: false,
        } as const
        engine.write([{ ...write, space: engine.space([]) }])
      }
    })
    clock.advance(5_000)
  }

  test('is one for each store, and is replaced when it stops renewing its lease', () => {
    const store = memoryStore()
    const clock = new FakeClock()
    const [a, b] = [engineOn(store, clock), engineOn(store, clock)]
    dueRows(a.engine, clock, 100)
    expect([a.work.isDue(), b.work.isDue(), a.work.claim(), b.work.claim()]).toEqual([
      true,
      true,
      true,
      false,
    ])
    expect(a.work.step(10).state).toBe('more')
    clock.advance(9_000)
    expect([a.work.step(10).state, b.work.claim()]).toEqual(['more', false])
    // It hangs for longer than its lease.
    clock.advance(10_001)
    expect(b.work.claim()).toBe(true)
    expect(b.work.step(10).state).toBe('more')
    const rows = store.scan('rows', {}, 100).length
    // The fence: what it writes now would be written without a lease.
    expect([a.work.step(10).state, store.scan('rows', {}, 100).length]).toEqual(['lost', rows])
    expect([b.work.step(256).state, b.work.isDue(), store.scan('rows', {}, 100)]).toEqual([
      'done',
      false,
      [],
    ])
    expect(store.scan('leases', {}, 10)).toEqual([])
  })

  test('two at once remove each row once, and the count stays right', () => {
    const store = memoryStore()
    const clock = new FakeClock()
    const [a, b] = [engineOn(store, clock), engineOn(store, clock)]
    dueRows(a.engine, clock, 100)
    const heard: string[] = []
    for (const { engine } of [a, b]) {
      engine.hooks.add({
        wantsChanges: () => true,
        committed: (changes) => void heard.push(...changes.map(({ key }) => key)),
      })
    }
    const hints = store.due('rows', clock.now(), 60)
    const later = store.due('rows', clock.now(), 100)
    expect(a.engine.transaction((session) => expireRows(a.engine, session, hints))).toBe(60)
    expect(b.engine.transaction((session) => expireRows(b.engine, session, later))).toBe(40)
    expect([heard.length, new Set(heard).size]).toEqual([100, 100])
    expect(sizeOf(a.engine, a.engine.space([]))).toBe(0)
    expect(
      JSON.parse(Buffer.from(store.scan('counts', {}, 1)[0]?.record ?? []).toString()),
    ).toMatchObject({ count: 0 })
  })
})
