/**
 * Guard against getting slower: the ratios to raw lmdb and lru-cache, compared with those of another
 * day. Times are not compared: they say more of the machine than of the code.
 */
import type { CaseResult } from './result.js'

/** By case and rival: the ratio of the best rounds, which a busy machine disturbs least. */
export interface Baseline {
  /** Where the ratios were measured. */
  readonly machine: string
  readonly ratios: Readonly<Record<string, Readonly<Record<string, number>>>>
}

export interface Regression {
  readonly name: string
  readonly rival: string
  readonly before: number
  readonly now: number
}

/** Ratios that fall by more are a regression. */
export const TOLERANCE = 1.25

/** They do what we do, and nothing else. Other rivals get slower and faster by themselves. */
function isYardstick(rival: string): boolean {
  return rival === 'lru-cache' || rival === 'lmdb' || rival.startsWith('lmdb ')
}

/** The baseline with the ratios of these cases in it; those of other cases stay. */
export function movedBaseline(
  before: Baseline | undefined,
  machine: string,
  results: readonly CaseResult[],
): Baseline {
  const ratios: Record<string, Record<string, number>> = {}
  for (const [name, row] of Object.entries(before?.ratios ?? {})) ratios[name] = { ...row }
  for (const { name, rivals } of results) {
    const row = rivals
      .filter((rival) => isYardstick(rival.name))
      .map((rival) => [rival.name, Number(rival.ratio.ofBests.toFixed(3))] as const)
    if (row.length > 0) ratios[name] = Object.fromEntries(row)
  }
  return { machine, ratios }
}

/** Which ratios are worse than in the baseline. What is not in it cannot be. */
export function regressions(baseline: Baseline, results: readonly CaseResult[]): Regression[] {
  return results.flatMap(({ name, rivals }) =>
    rivals.flatMap(({ name: rival, ratio }) => {
      const before = baseline.ratios[name]?.[rival]
      const now = ratio.ofBests
      if (before === undefined || before / now <= TOLERANCE) return []
      return [{ name, rival, before, now }]
    }),
  )
}

export function regressionText({ name, rival, before, now }: Regression): string {
  const by = (before / now).toFixed(2)
  return `${name}: ${now.toFixed(2)}x of ${rival}, which was ${before.toFixed(2)}x: ${by} times worse.`
}
