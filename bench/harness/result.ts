/** What is known of a case once it has run; plain data, sent from the case's process to the runner. */
import type { BenchCase, Goal, Unit } from './case.js'
import type { Costs } from './measure.js'
import { median, type Ratio, ratio, type Summary, summary, type Verdict, verdict } from './stats.js'

export interface CaseResult {
  readonly name: string
  readonly what: string
  readonly unit: Unit
  readonly notes: readonly string[]
  readonly operations: number
  readonly rounds: number
  readonly ours: SideResult
  readonly rivals: readonly RivalResult[]
  /** Goals that concern no rival. */
  readonly goals: readonly GoalResult[]
}

export interface SideResult extends Summary {
  readonly name: string
}

export interface RivalResult extends SideResult {
  readonly ratio: Ratio
  readonly verdict: Verdict
  readonly goals: readonly GoalResult[]
}

export interface GoalResult {
  readonly goal: Goal
  readonly outcome: 'met' | 'missed'
}

/** A case that could not be timed, with the reason. */
export interface Refusal {
  readonly name: string
  readonly refused: string
}

export function caseResult(
  name: string,
  bench: BenchCase,
  operations: number,
  measured: readonly Costs[],
): CaseResult {
  const [own, ...others] = measured as [Costs, ...Costs[]]
  const ours = { name: own.name, ...summary(own.costs) }
  const goals = bench.goals ?? []
  for (const goal of goals) assertRival(name, goal, others)
  return {
    name,
    what: bench.what,
    unit: bench.unit ?? 'time',
    notes: bench.notes ?? [],
    operations,
    rounds: own.costs.length,
    ours,
    rivals: others.map((other) => rivalResult(own, other, goals)),
    goals: goals.flatMap((goal) =>
      'costAtMost' in goal ? goalResult(goal, ours.median <= goal.costAtMost) : [],
    ),
  }
}

function rivalResult(own: Costs, other: Costs, goals: readonly Goal[]): RivalResult {
  const ratios = ratio(own.costs, other.costs)
  const extra = median(own.costs.map((cost, round) => cost - (other.costs[round] as number)))
  return {
    name: other.name,
    ...summary(other.costs),
    ratio: ratios,
    verdict: verdict(ratios),
    goals: goals.flatMap((goal) => {
      if ('costAtMost' in goal || goal.rival !== other.name) return []
      if ('extraAtMost' in goal) return goalResult(goal, extra <= goal.extraAtMost)
      return goalResult(goal, ratios.median >= goal.ratioAtLeast)
    }),
  }
}

function goalResult(goal: Goal, met: boolean): GoalResult {
  return { goal, outcome: met ? 'met' : 'missed' }
}

/** A misspelt rival would make a goal vanish. */
function assertRival(name: string, goal: Goal, rivals: readonly Costs[]): void {
  if ('costAtMost' in goal || rivals.some((rival) => rival.name === goal.rival)) return
  throw new RangeError(`A goal of ${name} names "${goal.rival}", which does not take part.`)
}
