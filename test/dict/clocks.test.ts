/** Clocks that jump, and times that are far away: nothing is served late, and nothing is lost by a jump. */
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { systemClock } from '../../src/clock.js'
import { open } from '../../src/open/open.js'
import { memoryStore } from '../../src/store/memory.js'
import { FakeClock } from '../fake-clock.js'
import { newStore, opened, STORE_KINDS } from './opened.js'

const DAY_MS = 86_400_000
/** The longest delay that setTimeout() takes as it is. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1

describe('the clock of the machine', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  test.each([1, 100, LONGEST_TIMEOUT_MS, LONGEST_TIMEOUT_MS + 1, 2 ** 33])(
    'after() of %s ms calls neither early nor never',
    (delayMs) => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
      const callback = vi.fn()
      systemClock.after(delayMs, callback)
      vi.advanceTimersByTime(delayMs - 1)
      expect(callback).not.toHaveBeenCalled()
      vi.advanceTimersByTime(1)
      expect(callback).toHaveBeenCalledTimes(1)
    },
  )

  test('cancel() of a timer beyond 2^31 ms works in each of its parts', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const callback = vi.fn()
    const timers = Array.from({ length: 4 }, () => systemClock.after(2 ** 33, callback))
    for (const timer of timers) {
      timer.cancel()
      vi.advanceTimersByTime(LONGEST_TIMEOUT_MS)
    }
    vi.advanceTimersByTime(2 ** 33)
    expect(callback).not.toHaveBeenCalled()
    expect(vi.getTimerCount()).toBe(0)
  })

  test('set() with a ttl beyond 2^31 ms expires nothing and warns of nothing', async () => {
    const warnings: Error[] = []
    const note = (warning: Error) => void warnings.push(warning)
    process.on('warning', note)
    onTestFinished(() => void process.off('warning', note))
    const dict = open(memoryStore())
    const heard = vi.fn()
    dict.on('error', heard)
    for (const ttl of [2 ** 31 - 1, 2 ** 31, 2 ** 32 + 1, 2 ** 45]) dict.set(`${ttl}`, 1, { ttl })
    await dict.flush()
    await new Promise((resolve) => setTimeout(resolve, 30))
    expect([dict.size, warnings, heard.mock.calls]).toEqual([4, [], []])
    dict.close()
  })
})

describe.each(STORE_KINDS)('on %s', (kind) => {
  test.each([2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1, 2 ** 40, 2 ** 46])(
    'set() with ttl %s lives as long as that',
    (ttl) => {
      const clock = new FakeClock()
      const dict = opened(kind, { clock, background: 'disabled' })
      dict.set('a', 1, { ttl }).flushSync()
      expect(dict.ttl('a')).toBe(ttl)
      clock.advance(ttl - 1)
      expect([dict.get('a'), dict.size, dict.sweep()]).toEqual([1, 1, 0])
      clock.advance(1)
      expect([dict.get('a'), dict.has('a'), dict.size, dict.sweep()]).toEqual([
        undefined,
        false,
        0,
        1,
      ])
    },
  )

  test.each([3_600_000, DAY_MS])(
    'a clock that jumps %s ms ahead hides what is past its deadline, and removes nothing by reading',
    (jumpMs) => {
      const clock = new FakeClock()
      const dict = opened(kind, { clock, background: 'disabled' })
      dict.setMany({ a: 1, b: 2 }, { ttl: jumpMs }).set('ever', 3).flushSync()
      clock.advance(jumpMs)
      expect([dict.get('a'), dict.has('b'), dict.size, [...dict.keys()], dict.toObject()]).toEqual([
        undefined,
        false,
        1,
        ['ever'],
        { ever: 3 },
      ])
      clock.advance(-jumpMs)
      expect([dict.get('a'), dict.has('b'), dict.size]).toEqual([1, true, 3])
      expect(dict.ttl('a')).toBe(jumpMs)
    },
  )

  test.each([3_600_000, DAY_MS])(
    'a clock that jumps %s ms back serves nothing that was removed, and loses nothing',
    (jumpMs) => {
      const clock = new FakeClock()
      const dict = opened(kind, { clock, background: 'disabled' })
      dict
        .set('short', 1, { ttl: 10 })
        .set('long', 2, { ttl: 2 * jumpMs })
        .flushSync()
      clock.advance(10)
      expect(dict.sweep()).toBe(1)
      clock.advance(-jumpMs)
      expect([dict.get('short'), dict.get('long')]).toEqual([undefined, 2])
      dict.set('new', 3, { ttl: 50 })
      expect([dict.get('new'), dict.ttl('new')]).toEqual([3, 50])
      // An entry is never older than itself, whatever the clock does.
      dict.set('long', 4, { keepTtl: true })
      const entry = dict.getEntry('long')
      expect(entry && entry.updatedAt >= entry.createdAt).toBe(true)
      clock.advance(50)
      expect([dict.has('new'), dict.get('long'), dict.sweep()]).toEqual([false, 4, 1])
    },
  )

  test('two clocks that disagree each see deadlines by their own time', () => {
    const store = newStore(kind)
    const clock = new FakeClock()
    using dict = open(store, { clock, background: 'disabled' })
    dict.set('a', 1, { expiresAt: clock.now() + 1_000 }).flushSync()
    clock.advance(5_000)
    expect(dict.get('a')).toBeUndefined()
    // Written again by somebody whose clock is behind: what counts is the deadline, not who set it.
    dict.set('a', 2, { expiresAt: clock.now() - 4_500 })
    expect([dict.get('a'), dict.size]).toEqual([undefined, 0])
  })
})
