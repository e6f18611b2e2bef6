/**
 * Runs the sides of a trial in turn, round by round: A B C, B C A, C A B …, so that each side meets
 * the same machine, and none always comes after the same other.
 *
 * A round whose answer is wrong ends the trial: a wrong answer has no speed. The first round is not
 * timed; it warms up, and what it stored is read back.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Side, Trial } from './case.js'

export interface MeasureOptions {
  readonly rounds: number
  /** No further round starts once so much time has gone, except to reach MIN_ROUNDS. */
  readonly budgetMs: number
  /** The clock, in milliseconds. @default performance.now */
  readonly now?: () => number
}

/** What each round cost a side, per operation: nanoseconds, or bytes. */
export interface Costs {
  readonly name: string
  readonly costs: readonly number[]
}

/** A median of fewer says nothing. */
const MIN_ROUNDS = 3

const NS_PER_MS = 1e6

/** A side returned, or reads back, something else than it should. */
export class WrongAnswerError extends Error {
  override readonly name = 'WrongAnswerError'
}

export async function measure(trial: Trial, options: MeasureOptions): Promise<Costs[]> {
  const { sides } = trial
  const now = options.now ?? (() => performance.now())
  for (const side of sides) {
    await round(side, trial, now)
    await assertReadsBack(side, trial)
  }
  const costs = sides.map((): number[] => [])
  const rounds = Math.min(options.rounds, trial.rounds ?? options.rounds)
  const end = now() + options.budgetMs
  for (let done = 0; done < rounds && (done < MIN_ROUNDS || now() < end); done++) {
    for (let turn = 0; turn < sides.length; turn++) {
      const index = (done + turn) % sides.length
      const cost = await round(sides[index] as Side, trial, now)
      costs[index]?.push(cost / trial.operations)
    }
  }
  for (const side of sides) await assertReadsBack(side, trial)
  return sides.map(({ name }, index) => ({ name, costs: costs[index] as number[] }))
}

/** One round of one side: nanoseconds, or what the side says it cost. */
async function round(side: Side, trial: Trial, now: () => number): Promise<number> {
  await side.prepare?.()
  // Garbage of the side before must not be collected on this one's time.
  globalThis.gc?.()
  const start = now()
  const running = side.run()
  const answer = typeof running === 'number' ? running : await running
  const elapsedNs = (now() - start) * NS_PER_MS
  if (answer !== trial.answer) {
    throw new WrongAnswerError(`${side.name} answered ${answer}, which should be ${trial.answer}.`)
  }
  await side.settle?.()
  return side.cost?.() ?? elapsedNs
}

async function assertReadsBack(side: Side, { stored }: Trial): Promise<void> {
  if (stored === undefined) return
  if (side.read === undefined) throw new WrongAnswerError(`${side.name} cannot be read back.`)
  for (const [key, value] of stored) {
    const found = await side.read(key)
    if (isDeepStrictEqual(found, value)) continue
    const [is, should] = [JSON.stringify(found), JSON.stringify(value)]
    throw new WrongAnswerError(`${side.name} has ${is} under "${key}", which should be ${should}.`)
  }
}
