/** How long a client of Redis waits between attempts: longer each time, bounded, never quite the same. */
import { afterEach, expect, test, vi } from 'vitest'
import { backOffMs } from '../../src/store/redis/back-off.js'

afterEach(() => vi.restoreAllMocks())

/** The delays of the first attempts when the lot falls so. */
function delays(lot: number): number[] {
  vi.spyOn(Math, 'random').mockReturnValue(lot)
  return Array.from({ length: 9 }, (_, attempts) => backOffMs(attempts))
}

test('backOffMs() begins with 50 ms, doubles, and stays at 2 s', () => {
  expect(delays(0)).toEqual([50, 100, 200, 400, 800, 1_600, 2_000, 2_000, 2_000])
})

test('backOffMs() takes off up to a fifth, by lot', () => {
  const shortest = delays(1).map(Math.round)
  expect(shortest).toEqual([40, 80, 160, 320, 640, 1_280, 1_600, 1_600, 1_600])
})

test('backOffMs() stays within these bounds after any number of attempts, and differs', () => {
  for (const attempts of [6, 10, 11, 1_000, 1e6, Number.MAX_SAFE_INTEGER]) {
    const drawn = Array.from({ length: 50 }, () => backOffMs(attempts))
    for (const delay of drawn) {
      expect(delay).toBeGreaterThan(1_600)
      expect(delay).toBeLessThanOrEqual(2_000)
    }
    // Many clients of one server must not all come back at once.
    expect(new Set(drawn).size).toBeGreaterThan(25)
  }
})
