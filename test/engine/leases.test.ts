/** Leases over synchronous stores: one owner at a time, whatever happens to it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { describe, expect, onTestFinished, test } from 'vitest'
import { decodeLease, encodeLease, LEASES } from '../../src/engine/leases/lease-row.js'
import { type Blocked, TURN_MS } from '../../src/engine/leases/lease-rules.js'
import type { ClaimTerms, Lease } from '../../src/engine/leases/lease-table.js'
import { assertHeld, SyncLeases } from '../../src/engine/leases/sync-leases.js'
import { LockLostError } from '../../src/errors/lock-errors.js'
import { processIdentity } from '../../src/process-identity.js'
import { lmdbStore } from '../../src/store/lmdb/open-lmdb.js'
import { memoryStore } from '../../src/store/memory.js'
import type { SyncStore } from '../../src/store/sync-store.js'
import { FakeClock } from '../fake-clock.js'
import { tempDirectory } from '../processes/temp-directory.js'

const KEY = Buffer.from('job')
const OTHER = Buffer.from('other')
const LEASE_MS = 10_000

const STORES: readonly (readonly [string, () => SyncStore])[] = [
  ['memory', () => memoryStore()],
  ['lmdb', () => lmdbStore(`${tempDirectory()}/dict`)],
]

describe.each(STORES)('leases over %s', (_name, make) => {
  test('claim() gives a lease to one, and names its owner to the other', () => {
    const { leases } = tableOn(make())
    const lease = granted(leases, {})
    expect(lease).toMatchObject({ kind: 'lease', key: KEY, leaseMs: LEASE_MS })
    const blocked = refused(leases, {})
    expect(blocked).toMatchObject({ token: lease.token, owner: processIdentity() })
    expect(blocked.retryMs).toBe(LEASE_MS)
    expect(leases.look([{ key: KEY, terms: { leaseMs: LEASE_MS } }])).toEqual([blocked])
  })

  test('claim() of several gives each that is free, in one transaction', () => {
    const { leases, store } = tableOn(make())
    granted(leases, {})
    const before = store.changeId()
    const kinds = leases.claim([OTHER, KEY], { leaseMs: LEASE_MS }).map(({ kind }) => kind)
    expect(kinds).toEqual(['lease', 'blocked'])
    expect(store.changeId()).toBe(before + 1)
  })

  test('release() lets the next one in at once, with a greater token, and leaves no row', () => {
    const { leases, store } = tableOn(make())
    const tokens: number[] = []
    for (let round = 0; round < 5; round++) {
      const lease = granted(leases, {})
      tokens.push(lease.token)
      expect(leases.release([lease])).toEqual([true])
      expect(store.get(LEASES, KEY)).toBeUndefined()
    }
    expect(tokens).toEqual([...new Set(tokens)].sort((a, b) => a - b))
  })

  test('release() of a lease that was taken over is false, and takes nothing from the new owner', () => {
    const { leases, clock } = tableOn(make())
    const first = granted(leases, {})
    clock.advance(LEASE_MS)
    const second = granted(leases, {})
    expect(leases.release([first])).toEqual([false])
    expect(leases.renew([first, second])).toEqual([false, true])
    expect(refused(leases, {}).token).toBe(second.token)
  })

  test('claim() takes over at the deadline, and not a millisecond before', () => {
    const { leases, clock } = tableOn(make())
    granted(leases, {})
    clock.advance(LEASE_MS - 1)
    expect(refused(leases, {}).retryMs).toBe(1)
    clock.advance(1)
    granted(leases, {})
  })

  test('renew() gives a lease its whole time again, even past its deadline if nobody came', () => {
    const { leases, clock } = tableOn(make())
    const lease = granted(leases, {})
    clock.advance(LEASE_MS - 1)
    expect(leases.renew([lease])).toEqual([true])
    clock.advance(LEASE_MS - 1)
    refused(leases, {})
    clock.advance(LEASE_MS)
    expect(leases.renew([lease])).toEqual([true])
    refused(leases, {})
  })

  test('assertHeld() stops a step of an owner that was taken over, and the step leaves no trace', () => {
    const { leases, store, clock } = tableOn(make())
    const first = granted(leases, {})
    clock.advance(LEASE_MS)
    granted(leases, {})
    const step = () =>
      store.transaction('committed', (tx) => {
        tx.put('rows', KEY, KEY, 0)
        assertHeld(tx, first)
      })
    expect(step).toThrow(LockLostError)
    expect(store.get('rows', KEY)).toBeUndefined()
  })

  test.each([3_600_000, -3_600_000, 86_400_000, -86_400_000])(
    'claim() is not misled by a wall clock that jumps by %i ms',
    (jumpMs) => {
      const { leases, clock } = tableOn(make())
      granted(leases, {})
      clock.jump(jumpMs)
      expect(refused(leases, {}).retryMs).toBe(LEASE_MS)
      clock.advance(LEASE_MS)
      granted(leases, {})
    },
  )

  test('claim() of a lease from another host waits by the wall clock, and never longer than a lease', () => {
    const { leases, store, clock } = tableOn(make())
    const foreign = { ...processIdentity(), host: 'elsewhere', bootId: 'another boot' }
    putRow(store, foreign, clock.now() + LEASE_MS)
    expect(refused(leases, {}).retryMs).toBe(LEASE_MS)
    clock.jump(-3_600_000)
    const seen = refused(leases, {})
    expect(seen.retryMs).toBe(LEASE_MS)
    expect(granted(leases, { seen }).token).toBeGreaterThan(seen.token)
  })

  test('claim() takes over from a dead process at once, and tidy() removes what it left', async () => {
    const { leases, store, clock } = tableOn(make())
    const child = spawn('sleep', ['60'])
    onTestFinished(() => void child.kill('SIGKILL'))
    const pid = child.pid as number
    putRow(store, { ...processIdentity(), pid, startTime: startTimeOf(pid) }, clock.now() + 1e9)
    refused(leases, {})
    expect(leases.tidy()).toBe(0)
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(leases.look([{ key: KEY, terms: { leaseMs: LEASE_MS } }])).toEqual([undefined])
    expect(leases.tidy()).toBe(1)
    expect(store.get(LEASES, KEY)).toBeUndefined()
    granted(leases, {})
    expect(leases.tidy()).toBe(0)
  })

  test('claim() in a queue is served in the order of asking, whoever asks first afterwards', () => {
    const { leases } = tableOn(make())
    const held = granted(leases, {})
    for (const queueAs of ['a', 'b', 'c', 'a']) refused(leases, { queueAs })
    leases.release([held])
    const served: string[] = []
    while (served.length < 3) {
      for (const queueAs of ['c', 'b', 'a'].filter((id) => !served.includes(id))) {
        const [answer] = leases.claim([KEY], { leaseMs: LEASE_MS, queueAs })
        if (answer?.kind !== 'lease') continue
        served.push(queueAs)
        leases.release([answer])
      }
    }
    expect(served).toEqual(['a', 'b', 'c'])
  })

  test('claim() passes over those who do not come in their turn, and those who left', () => {
    const { leases, store, clock } = tableOn(make())
    const held = granted(leases, {})
    for (const queueAs of ['gone', 'late', 'here']) refused(leases, { queueAs })
    leases.leave(KEY, 'gone')
    leases.release([held])
    expect(refused(leases, { queueAs: 'here' }).retryMs).toBe(TURN_MS)
    clock.advance(TURN_MS)
    const lease = granted(leases, { queueAs: 'here' })
    leases.leave(KEY, 'late')
    leases.release([lease])
    expect(store.get(LEASES, KEY)).toBeUndefined()
  })

  test('claim() takes a row that cannot be read for one that nobody holds', () => {
    const { leases, store } = tableOn(make())
    store.transaction('committed', (tx) => tx.put(LEASES, KEY, Buffer.from('damage'), 0))
    granted(leases, {})
  })

  test('a row comes back as it was stored', () => {
    const { leases, store } = tableOn(make())
    const { token } = granted(leases, {})
    const bytes = store.get(LEASES, KEY) as Uint8Array
    const row = decodeLease(bytes)
    expect(row).toMatchObject({ token, beat: 0, owner: processIdentity(), waiters: [] })
    expect(row && encodeLease(row)).toEqual(Buffer.from(bytes))
  })
})

function tableOn(store: SyncStore) {
  const clock = new FakeClock()
  const leases = new SyncLeases({
    clock,
    transact: (fn) => store.transaction('committed', fn),
    reader: () => store,
    onCommit: () => () => {},
  })
  onTestFinished(() => store.close())
  return { leases, store, clock }
}

function granted(leases: SyncLeases, terms: Partial<ClaimTerms>): Lease {
  const [answer] = leases.claim([KEY], { leaseMs: LEASE_MS, ...terms })
  if (answer?.kind !== 'lease') throw new Error(`blocked: ${JSON.stringify(answer)}`)
  return answer
}

function refused(leases: SyncLeases, terms: Partial<ClaimTerms>): Blocked {
  const [answer] = leases.claim([KEY], { leaseMs: LEASE_MS, ...terms })
  if (answer?.kind !== 'blocked') throw new Error(`granted: ${JSON.stringify(answer)}`)
  return answer
}

function putRow(store: SyncStore, owner: ReturnType<typeof processIdentity>, deadline: number) {
  const row = {
    token: 0,
    beat: 0,
    owner,
    leaseMs: LEASE_MS,
    deadline,
    bootDeadline: deadline,
    bootId: owner.bootId,
    waiters: [],
  }
  store.transaction('committed', (tx) => tx.put(LEASES, KEY, encodeLease(row), 0))
}

/** As process-identity.ts reads it. */
function startTimeOf(pid: number): string {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
  return text.slice(text.lastIndexOf(')') + 2).split(' ')[19] as string
}
