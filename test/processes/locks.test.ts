/** A slice of R6; the rest is `npm run soak:locks`. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { open } from 'persistdict'
import { describe, expect, onTestFinished, test } from 'vitest'
import { decodeLease, LEASES } from '../../src/engine/leases/lease-row.js'
import { lmdbStore } from '../../src/store/lmdb/open-lmdb.js'
import { randomOf } from '../random.js'
import { seedOf } from '../seed.js'
import { startChild } from './child.js'
import { LockerCrew, type LockerOptions } from './lockers.js'
import { tempDirectory } from './temp-directory.js'

const ROUNDS = 50

/** Fewer say nothing of who gets how many. */
const ENOUGH_TURNS = 40

test('tryLock() of 2, 4, 8 and 16 processes on free, stale and dead locks has one winner', async () => {
  const random = randomOf(seedOf('locks'))
  const place = join(tempDirectory(), 'dict')
  const crew = await crewOn({ store: 'lmdb, commit', place, processes: 16 })
  const store = lmdbStore(place)
  onTestFinished(() => store.close())
  for (const contenders of [2, 4, 8, 16]) {
    const winners = new Array<number>(ROUNDS)
    for (let round = 0; round < ROUNDS; round++) {
      winners[round] = await crew.race(contenders, store, random)
    }
    expect(winners, `${contenders} contenders`).toEqual(new Array(ROUNDS).fill(1))
  }
})

test('proper-lockfile in its place lets two in, which the races show', async () => {
  const base = tempDirectory()
  const place = join(base, 'dict')
  const crew = await crewOn({ store: 'lmdb, commit', place, processes: 8, rival: base })
  const store = lmdbStore(place)
  onTestFinished(() => store.close())
  let doubles = 0
  for (let round = 0; round < 200 && doubles === 0; round++) {
    if ((await crew.race(8, store, randomOf(1))) > 1) doubles++
  }
  expect(doubles).toBe(1)
})

test('lock() of four processes with two tasks each has one owner at a time, and starves nobody', async () => {
  const base = tempDirectory()
  const crew = await crewOn({ store: 'lmdb, commit', place: join(base, 'dict'), processes: 4 })
  let counts: number[] = []
  // Again with more rounds, if one began when the others were nearly done, or did not get the processor for so
  // long that it missed its turns. Without turns, one would have nearly all each time.
  for (let rounds = 15; !isFair(counts) && rounds < 200; rounds *= 2) {
    const order = { do: 'loop', key: `k${rounds}`, rounds, tasks: 2, flag: join(base, 'flag') }
    const ends = await Promise.all(
      crew.crew.map(async (child) => {
        child.process.stdin?.write(`${JSON.stringify(order)}\n`)
        const begin = `{"did":"loop","key":"${order.key}"`
        return JSON.parse(await child.line((line) => line.startsWith(begin)))
      }),
    )
    expect(ends.map(({ doubles }) => doubles)).toEqual([0, 0, 0, 0])
    const tokens: number[] = ends.flatMap(({ held }) => held)
    expect(new Set(tokens).size).toBe(4 * 2 * rounds)
    // While all contend they take turns: once the last has begun, until the first has ended.
    const start = Math.max(...ends.map(({ held }) => held[0]))
    const end = Math.min(...ends.map(({ held }) => held.at(-1)))
    const shares = ends.map(({ held }) =>
      held.filter((token: number) => token > start && token < end),
    )
    counts = shares.map(({ length }) => length)
  }
  expect(isFair(counts), `turns while all contended: ${counts.join()}`).toBe(true)
})

test('lock() keeps a process alive that waits for it, and a timeout or release ends the wait', async () => {
  const place = join(tempDirectory(), 'dict')
  using dict = open(place)
  const store = lmdbStore(place)
  onTestFinished(() => store.close())
  const lock = await dict.lock('k')
  const child = startChild('lock-once.mjs', [place, 'k'])
  const waiters = () => store.scan(LEASES, {}, 1).map(({ record }) => decodeLease(record)?.waiters)
  while (waiters()[0]?.length !== 1) {
    expect(child.process.exitCode).toBeNull()
    await pause(5)
  }
  await lock.release()
  expect(await child.ended).toMatchObject({ code: 0, stdout: 'got\n', stderr: '' })
  expect(waiters()).toEqual([])
})

describe.each(['stop', 'block'])(
  'a holder that does nothing for longer than its lease (%s)',
  (how) => {
    test('is taken over, hears of it, and its fenced write is refused', async () => {
      const place = join(tempDirectory(), 'dict')
      using dict = open<Record<string, string>>(place)
      const child = startChild('locker.mjs', [JSON.stringify({ store: 'lmdb, batched', place })])
      onTestFinished(() => void child.process.kill('SIGKILL'))
      await child.line((line) => line === 'ready')
      const until = join(place, '..', 'go on')
      const order = { do: 'freeze', key: 'k', lease: 300, how, until }
      child.process.stdin?.write(`${JSON.stringify(order)}\n`)
      const { token } = JSON.parse(await child.line((line) => line.startsWith('{"did":"lock"')))
      const lock = await dict.lock('k', { timeout: '2m' })
      expect(lock.token).toBeGreaterThan(token)
      dict.transaction(() => {
        void lock.assertHeld()
        dict.set('k', 'written by the new owner')
      })
      writeFileSync(until, '')
      // It may not have stopped yet, if it was taken over because the machine is busy.
      const waking = setInterval(() => child.process.kill('SIGCONT'), 50)
      onTestFinished(() => clearInterval(waking))
      const end = JSON.parse(await child.line((line) => line.startsWith('{"did":"freeze"')))
      expect(end).toEqual({
        did: 'freeze',
        refusal: 'ERR_PERSISTDICT_LOCK_LOST',
        lost: 'ERR_PERSISTDICT_LOCK_LOST',
        released: false,
      })
      expect(dict.get('k')).toBe('written by the new owner')
      expect(await lock.release()).toBe(true)
    })
  },
)

/** On a busy machine one may miss a turn. */
function isFair(counts: readonly number[]): boolean {
  const total = counts.reduce((sum, count) => sum + count, 0)
  return total >= ENOUGH_TURNS && Math.min(...counts) >= Math.max(...counts) / 2 - 1
}

async function crewOn(options: LockerOptions): Promise<LockerCrew> {
  const crew = await LockerCrew.start(options)
  onTestFinished(() => crew.kill())
  return crew
}
