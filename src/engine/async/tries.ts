/** Trying again what another writer came before. */
import type { Clock } from '../../clock.js'
import { ContentionError } from '../../errors/contention-error.js'

/** What an attempt returns if somebody else was faster. */
export const CONFLICT = Symbol('conflict')

/**
 * Of writers who meet at one key, one succeeds each time. So many failures in a row come of far more
 * writers than a key should have, or of a store that is broken.
 */
const MAX_TRIES = 100

/** After each try the pause grows by this, up to the longest: writers in step fall out of it. */
const PAUSE_STEP_MS = 0.5
const LONGEST_PAUSE_MS = 20

/** The first few tries follow at once: most conflicts are over by then. */
const QUICK_TRIES = 4

/**
 * Calls `attempt` until it returns something else than CONFLICT. Rejects with ContentionError, which
 * names the key as it is shown here.
 */
export async function tries<T>(
  clock: Clock,
  shownKey: string,
  attempt: () => Promise<T | typeof CONFLICT>,
): Promise<T> {
  for (let tried = 1; tried <= MAX_TRIES; tried++) {
    const result = await attempt()
    if (result !== CONFLICT) return result
    if (tried >= QUICK_TRIES) await pause(clock, Math.min(tried * PAUSE_STEP_MS, LONGEST_PAUSE_MS))
  }
  throw new ContentionError(shownKey, MAX_TRIES)
}

function pause(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => void clock.after(delayMs, resolve))
}

/** Whether a callback's answer is still to come. */
export function isPending<T extends object>(answer: T | Promise<T>): answer is Promise<T> {
  return typeof (answer as { then?: unknown }).then === 'function'
}
