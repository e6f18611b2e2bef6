/** Locks of one process: its tasks exclude each other, in the order in which they came. */
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, onTestFinished, test } from 'vitest'
import { leaseKey } from '../../src/engine/leases/lease-key.js'
import { encodeLease, LEASES } from '../../src/engine/leases/lease-row.js'
import { SyncLeases } from '../../src/engine/leases/sync-leases.js'
import { LockLostError, LockTimeoutError } from '../../src/errors/lock-errors.js'
import { DEFAULT_KEY_SETTINGS } from '../../src/keys/key-settings.js'
import { KeySpace } from '../../src/keys/key-space.js'
import { open } from '../../src/open/open.js'
import { processIdentity } from '../../src/process-identity.js'
import { lmdbStore } from '../../src/store/lmdb/open-lmdb.js'
import { memoryStore } from '../../src/store/memory.js'
import { newStore, opened, STORE_KINDS, type StoreKind } from '../dict/opened.js'
import { FakeClock } from '../fake-clock.js'
import { tempDirectory } from '../processes/temp-directory.js'

describe.each(STORE_KINDS)('locks on %s', (kind) => {
  test('lock() is held by one task at a time, in the order of asking (W6)', async () => {
    const dict = opened(kind)
    const order: string[] = []
    let inside = 0
    const task = async (name: string) => {
      await using lock = await dict.lock('job')
      expect(++inside).toBe(1)
      order.push(name)
      await turn()
      inside--
      expect(lock.key).toBe('job')
    }
    await Promise.all(['a', 'b', 'c', 'd'].map(task))
    expect(order).toEqual(['a', 'b', 'c', 'd'])
  })

  test('lock() of one key has nothing to do with another, nor with one in a namespace', async () => {
    const dict = opened(kind)
    await using _first = await dict.lock('a')
    await using _second = await dict.lock('b')
    await using _third = await dict.namespace('n').lock('a')
    expect(await dict.tryLock('a')).toBeUndefined()
  })

  test('lock() of 1 and of "1" is one lock, as they are one key', async () => {
    const dict = opened(kind)
    await using _lock = await dict.lock(1)
    expect(await dict.tryLock('1')).toBeUndefined()
  })

  test('lock() gives tokens that grow, over all keys', async () => {
    const dict = opened(kind)
    const tokens: number[] = []
    for (const key of ['a', 'b', 'a', 'c']) {
      await dict.withLock(key, ({ token }) => tokens.push(token))
    }
    expect(tokens).toEqual([...new Set(tokens)].sort((a, b) => a - b))
  })

  test('lock() leaves nothing among the entries, and no row once it is released', async () => {
    const dict = opened(kind)
    const lock = await dict.lock('a')
    expect([dict.size, [...dict.keys()], dict.has('a')]).toEqual([0, [], false])
    dict.clear()
    expect(await dict.tryLock('a')).toBeUndefined()
    expect(await lock.release()).toBe(true)
    expect(await lock.release()).toBe(false)
    expect(await dict.tryLock('a')).toBeDefined()
  })

  test('withLock() releases when its function throws, and throws the same', async () => {
    const dict = opened(kind)
    const failure = new Error('inside')
    await expect(dict.withLock('a', () => Promise.reject(failure))).rejects.toBe(failure)
    expect(await dict.withLock('a', () => 7)).toBe(7)
  })

  test('lock() with a timeout rejects when it is over, and leaves the queue', async () => {
    const dict = opened(kind)
    const held = await dict.lock('a')
    const failure = await dict.lock('a', { timeout: 20 }).catch((error) => error)
    expect(failure).toBeInstanceOf(LockTimeoutError)
    expect(failure).toMatchObject({ key: 'a', timeoutMs: 20 })
    await held.release()
    expect(await (await dict.lock('a')).release()).toBe(true)
  })

  test('lock() with a signal rejects with its reason, before and while it waits', async () => {
    const dict = opened(kind)
    await using _held = await dict.lock('a')
    const reason = new Error('enough')
    await expect(dict.lock('a', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const controller = new AbortController()
    const waiting = dict.lock('a', { signal: controller.signal })
    controller.abort(reason)
    await expect(waiting).rejects.toBe(reason)
  })

  test('lock() refuses misspelt options, and times that are none', async () => {
    const dict = opened(kind)
    await expect(dict.lock('a', { timeot: 1 } as object)).rejects.toThrow('Did you mean "timeout"?')
    await expect(dict.lock('a', { lease: 0 })).rejects.toThrow(RangeError)
    await expect(dict.tryLock('a', { timeout: 1 } as object)).rejects.toThrow('Unknown option')
  })

  test('assertHeld() stops a transaction of an owner that was taken over, and lost tells it', async () => {
    const { dict, clock, takeOver } = withRival(kind)
    const lock = await dict.lock('a', { lease: '1m' })
    const write = (value: number) =>
      dict.transaction(() => {
        dict.set('x', value)
        void lock.assertHeld()
      })
    write(1)
    takeOver('a', 60_000)
    expect(() => write(2)).toThrow(LockLostError)
    expect(dict.get('x')).toBe(1)
    expect(lock.lost.aborted).toBe(false)
    await pass(clock, 20_000)
    expect(lock.lost.reason).toBeInstanceOf(LockLostError)
    expect(lock.lost.reason).toMatchObject({ token: lock.token })
    expect(await lock.release()).toBe(false)
    expect(await dict.tryLock('a')).toBeUndefined()
  })

  test('lock() is renewed while it is held, however long, and whatever the wall clock does', async () => {
    const { dict, clock, tryTakeOver } = withRival(kind)
    const lock = await dict.lock('a', { lease: '1m' })
    for (const jumpMs of [0, 86_400_000, -2 * 86_400_000, 3_600_000]) {
      clock.jump(jumpMs)
      await pass(clock, 59_000)
      expect(tryTakeOver('a', 0)).toBe(false)
    }
    expect(lock.lost.aborted).toBe(false)
    expect(await lock.release()).toBe(true)
  })

  test('a lost lock passes the turn on, so that others here can wait for it', async () => {
    const { dict, clock, takeOver } = withRival(kind)
    const lock = await dict.lock('a', { lease: '1m' })
    const next = dict.lock('a')
    takeOver('a', 60_000)
    await pass(clock, 20_000)
    expect(lock.lost.aborted).toBe(true)
    await pass(clock, 60_000)
    expect((await next).token).toBeGreaterThan(lock.token)
  })

  test('what dead processes left behind is removed some seconds after opening', async () => {
    const store = newStore(kind)
    const clock = new FakeClock()
    const { bootId, host, pidNamespace } = processIdentity()
    const owner = { pid: 2 ** 22 + 1, startTime: '1', bootId, host, pidNamespace }
    const time = { leaseMs: 1_000, deadline: 2 ** 47, bootDeadline: 2 ** 47, bootId }
    const row = encodeLease({ token: 0, beat: 0, owner, ...time, waiters: [] })
    store.transaction('committed', (tx) => tx.put(LEASES, Buffer.from('left'), row, 0))
    using dict = open(store, { clock })
    await using _held = await dict.lock('held')
    expect(store.scan(LEASES, {}, 10)).toHaveLength(2)
    clock.advance(5_000)
    expect(store.scan(LEASES, {}, 10)).toHaveLength(1)
    expect(dict.stats().commits).toBeGreaterThan(0)
  })

  test('close() of the dict gives its locks back, and tells their holders', async () => {
    const store = kind === 'memory' ? memoryStore() : undefined
    if (store === undefined) {
      const path = `${tempDirectory()}/dict`
      const dict = open(path)
      const lock = await dict.lock('a')
      dict.close()
      expect(lock.lost.aborted).toBe(true)
      using again = open(path)
      expect(await again.tryLock('a')).toBeDefined()
    } else {
      const dict = open(store)
      const lock = await dict.lock('a')
      dict.close()
      expect(lock.lost.aborted).toBe(true)
    }
  })
})

/** Lets time pass as it does: what is to happen in the middle happens. */
async function pass(clock: FakeClock, ms: number): Promise<void> {
  for (let leftMs = ms; leftMs > 0; leftMs -= 1_000) {
    clock.advance(Math.min(leftMs, 1_000))
    await turn()
  }
}

/** A dict, and another owner of its leases, whose clock is ahead. */
function withRival(kind: StoreKind) {
  const clock = new FakeClock()
  const path = `${tempDirectory()}/dict`
  const store = kind === 'memory' ? memoryStore() : lmdbStore(path)
  const dict = open<Record<string, number>>(store, { clock })
  const rival = kind === 'memory' ? store : lmdbStore(path)
  onTestFinished(() => {
    dict.close()
    rival.close()
  })
  const claim = (key: string, aheadMs: number): 'lease' | 'blocked' => {
    const ahead = new FakeClock(clock.monotonic() + aheadMs)
    const leases = new SyncLeases({
      clock: ahead,
      transact: (fn) => rival.transaction('committed', fn),
      reader: () => rival,
      onCommit: () => () => {},
    })
    const name = leaseKey('lock', new KeySpace([], DEFAULT_KEY_SETTINGS).encode(key))
    const [answer] = leases.claim([name], { leaseMs: 60_000 })
    return answer?.kind ?? 'blocked'
  }
  return {
    dict,
    clock,
    tryTakeOver: (key: string, aheadMs: number) => claim(key, aheadMs) === 'lease',
    takeOver: (key: string, aheadMs: number) => expect(claim(key, aheadMs)).toBe('lease'),
  }
}
