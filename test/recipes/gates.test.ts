/** Semaphore, throttle and barrier: recipes on the public methods of a dict, synchronous or not. */
import { setImmediate as turn } from 'node:timers/promises'
import { Barrier, LockTimeoutError, open, openAsync, Semaphore, Throttle } from 'persistdict'
import { asyncMemoryStore, memoryStore } from 'persistdict/memory'
import { describe, expect, onTestFinished, test } from 'vitest'
import { FakeClock } from '../fake-clock.js'

const DICTS = [
  ['synchronous', async () => open<Record<string, never>>(memoryStore())],
  ['asynchronous', async () => openAsync<Record<string, never>>(asyncMemoryStore())],
] as const

describe.each(DICTS)('over a %s dict', (_kind, make) => {
  async function opened() {
    const dict = await make()
    onTestFinished(async () => void (await dict.close()))
    return dict
  }

  test('Semaphore lets so many in and no more, and everybody in the end', async () => {
    const dict = await opened()
    const gates = [new Semaphore(dict, 'gate', 3), new Semaphore(dict, 'gate', 3)]
    let [inside, most, done] = [0, 0, 0]
    const task = async (_: unknown, index: number) =>
      gates[index % 2]?.run(async () => {
        most = Math.max(most, ++inside)
        await turn()
        inside--
        done++
      })
    await Promise.all(Array.from({ length: 20 }, task))
    expect([most, done]).toEqual([3, 20])
    const locks = await Promise.all([0, 1, 2].map(() => gates[0]?.tryAcquire()))
    expect(await gates[1]?.tryAcquire()).toBeUndefined()
    await locks[1]?.release()
    expect(await gates[1]?.tryAcquire()).toBeDefined()
    expect(() => new Semaphore(dict, 'gate', 0)).toThrow('limit')
  })

  test('Throttle lets so many begin in any time of its length', async () => {
    const dict = await opened()
    const clock = new FakeClock()
    const start = clock.now()
    const throttles = [0, 1].map(
      () => new Throttle(dict as never, 't', { limit: 2, per: '1s', clock }),
    )
    const begun: number[] = []
    const all = Array.from({ length: 6 }, async (_, index) => {
      await throttles[index % 2]?.begin()
      begun.push(clock.now() - start)
    })
    for (let steps = 0; begun.length < 6; steps++) {
      await turn()
      if (steps % 10 === 9) clock.advance(100)
    }
    await Promise.all(all)
    expect(begun.slice(0, 2)).toEqual([0, 0])
    for (let index = 2; index < 6; index++) {
      expect((begun[index] as number) - (begun[index - 2] as number)).toBeGreaterThanOrEqual(1_000)
    }
    const reason = new Error('enough')
    await expect(throttles[0]?.begin(AbortSignal.abort(reason))).rejects.toBe(reason)
  })

  test('Barrier lets all go on when the last has come, round by round', async () => {
    const dict = await opened()
    const gone: string[] = []
    const party = async (name: string) => {
      const barrier = new Barrier(dict as never, 'b', { parties: 3 })
      for (let round = 0; round < 3; round++) {
        expect(await barrier.wait()).toBe(round)
        gone.push(`${round} ${name}`)
      }
    }
    await Promise.all(['x', 'y', 'z'].map(party))
    expect(gone.map((line) => line.slice(0, 1)).join('')).toBe('000111222')
  })

  test('Barrier with a timeout lets one leave who waits in vain', async () => {
    const dict = await opened()
    const alone = new Barrier(dict as never, 'b', { parties: 2, timeout: 30 })
    await expect(alone.wait()).rejects.toBeInstanceOf(LockTimeoutError)
    const pair = [0, 1].map(() => new Barrier(dict as never, 'b', { parties: 2 }).wait())
    expect(await Promise.all(pair)).toEqual([0, 0])
  })
})
