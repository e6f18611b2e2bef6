/** How coarse the times of access are that `maxIdle` goes by: the same on every store. */

/** How exact times are, in parts of `maxIdle`. */
const GRAINS = 50
const SHORTEST_GRAIN_MS = 10
const LONGEST_GRAIN_MS = 3_600_000

/** Noted reads reach the store after so long at the latest, or half a grain. */
const WRITE_AFTER_MS = 5_000

/** More noted reads are written at once: they are held in memory. */
export const MOST_NOTED = 100_000

/** How coarse times are: a read is noted once in a grain. */
export function grainMsOf(maxIdleMs: number): number {
  return Math.min(Math.max(SHORTEST_GRAIN_MS, maxIdleMs / GRAINS), LONGEST_GRAIN_MS)
}

/** How long a noted read may wait until it is written. */
export function noteWithinMs(grainMs: number): number {
  return Math.min(WRITE_AFTER_MS, grainMs / 2)
}

/** Who was last used then, by what is written, is idle. That may be too old by two grains: nothing goes early. */
export function oldestKept(now: number, maxIdleMs: number): number {
  return now - maxIdleMs - 2 * grainMsOf(maxIdleMs)
}
