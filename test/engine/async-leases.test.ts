/** Leases over asynchronous stores: the rules are those of leases.test.ts; here is what differs. */
import { describe, expect, onTestFinished, test } from 'vitest'
import { AsyncLeases, heldCheck } from '../../src/engine/leases/async-leases.js'
import { LEASES } from '../../src/engine/leases/lease-row.js'
import type { ClaimTerms, Lease } from '../../src/engine/leases/lease-table.js'
import { Leasing } from '../../src/engine/leases/leasing.js'
import { LockLostError } from '../../src/errors/lock-errors.js'
import { asyncMemoryStore } from '../../src/store/async-memory.js'
import type { AsyncStore } from '../../src/store/async-store.js'
import { FakeClock } from '../fake-clock.js'
import { redisUrl } from '../redis/redis-url.js'
import { storeOn } from '../redis/rows.js'

const KEY = Buffer.from('job')
const LEASE_MS = 10_000

const STORES: readonly (readonly [string, () => AsyncStore])[] = [
  ['memory', () => asyncMemoryStore()],
  ['redis', () => storeOn(redisUrl())],
]

describe.each(STORES)('leases over %s', (_name, make) => {
  test('claim() by many at once gives the lease to one', async () => {
    const { store, clock } = tableOn(make())
    const tables = Array.from({ length: 8 }, () => new AsyncLeases(store, clock))
    for (let round = 0; round < 5; round++) {
      const answers = await Promise.all(tables.map((table) => claim(table, {})))
      const leases = answers.filter((answer) => answer.kind === 'lease')
      expect(leases).toHaveLength(1)
      expect(await tables[0]?.release(leases)).toEqual([true])
    }
  })

  test('claim() gives tokens that grow, over releases and takeovers', async () => {
    const { table, clock } = tableOn(make())
    const tokens: number[] = []
    for (let round = 0; round < 6; round++) {
      const lease = await granted(table, {})
      tokens.push(lease.token)
      if (round % 2 === 0) expect(await table.release([lease])).toEqual([true])
      else clock.advance(LEASE_MS)
    }
    expect(tokens).toEqual([...new Set(tokens)].sort((a, b) => a - b))
  })

  test('renew() and release() of a lease that was taken over are false', async () => {
    const { table, clock } = tableOn(make())
    const first = await granted(table, {})
    clock.advance(LEASE_MS)
    const second = await granted(table, {})
    expect(await table.renew([first, second])).toEqual([false, true])
    expect(await table.release([first, second])).toEqual([false, true])
    await expect(table.assertHeld(first)).rejects.toThrow(LockLostError)
  })

  test('heldCheck() refuses the batch of an owner that was taken over', async () => {
    const { table, store, clock } = tableOn(make())
    const first = await granted(table, {})
    const write = (lease: Lease) =>
      store.commit({
        promise: 'committed',
        checks: [heldCheck(lease)],
        operations: [{ kind: 'put', bucket: 'rows', key: KEY, record: KEY, deadline: 0 }],
      })
    expect(await write(first)).toBe(true)
    await table.renew([first])
    expect(await write(first)).toBe(true)
    clock.advance(LEASE_MS)
    await granted(table, {})
    expect(await write(first)).toBe(false)
  })

  test('claim() in a queue is served in the order of asking', async () => {
    const { table } = tableOn(make())
    const held = await granted(table, {})
    for (const queueAs of ['a', 'b']) {
      expect((await claim(table, { queueAs })).kind).toBe('blocked')
    }
    await table.release([held])
    expect((await claim(table, { queueAs: 'b' })).kind).toBe('blocked')
    const first = await granted(table, { queueAs: 'a' })
    await table.release([first])
    await table.leave(KEY, 'b')
    await granted(table, {})
  })

  test('claim() takes a row that cannot be read for one that nobody holds', async () => {
    const { table, store } = tableOn(make())
    const operation = { kind: 'put', bucket: LEASES, key: KEY, record: KEY, deadline: 0 } as const
    await store.commit({ promise: 'committed', checks: [], operations: [operation] })
    await granted(table, {})
  })

  test('locks exclude each other, and whoever waits is woken by the release', async () => {
    const { store, clock } = tableOn(make())
    const fail = (error: unknown) => expect.unreachable(String(error))
    const leasing = () => new Leasing(new AsyncLeases(store, clock), clock, fail)
    const [one, other] = [leasing(), leasing()]
    const name = { key: 'job', shown: 'job', leaseKey: KEY }
    const lock = await one.locks.lock(name)
    expect(await other.locks.tryLock(name)).toBeUndefined()
    const waiting = other.locks.lock(name)
    await lock.release()
    // The clock stands still: only the store's word can wake it.
    const second = await waiting
    expect(second.token).toBeGreaterThan(lock.token)
    await second.release()
  })
})

function tableOn(store: AsyncStore) {
  const clock = new FakeClock(Date.now())
  onTestFinished(() => store.close())
  return { store, clock, table: new AsyncLeases(store, clock) }
}

async function claim(table: AsyncLeases, terms: Partial<ClaimTerms>) {
  const [answer] = await table.claim([KEY], { leaseMs: LEASE_MS, ...terms })
  if (answer === undefined) throw new Error('no answer')
  return answer
}

async function granted(table: AsyncLeases, terms: Partial<ClaimTerms>): Promise<Lease> {
  const answer = await claim(table, terms)
  if (answer.kind !== 'lease') throw new Error(`blocked: ${JSON.stringify(answer)}`)
  return answer
}
