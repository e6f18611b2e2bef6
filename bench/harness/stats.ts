/**
 * What the figures of the rounds come to.
 *
 * RATIO = the rival's cost / ours, of the same round: above 1, persistdict is the faster, or smaller.
 * Rounds are compared one by one, because a machine that slows down slows both sides of a round.
 */

export interface Summary {
  readonly best: number
  readonly median: number
}

export interface Ratio {
  readonly median: number
  readonly min: number
  readonly max: number
  /** Of each side's best round: the steadier figure on a busy machine, with no spread to show. */
  readonly ofBests: number
}

export type Verdict = 'wins' | 'even' | 'loses'

/** Nearer to 1 than this is even: two runs of the same code differ by as much. */
const EVEN_WITHIN = 0.05

export function summary(costs: readonly number[]): Summary {
  return { best: Math.min(...costs), median: median(costs) }
}

/** Rival's cost / ours, round by round. */
export function ratio(ours: readonly number[], rival: readonly number[]): Ratio {
  if (ours.length !== rival.length) {
    throw new RangeError(`${ours.length} rounds cannot be compared with ${rival.length}.`)
  }
  const ratios = ours.map((cost, round) => (rival[round] as number) / cost)
  return {
    median: median(ratios),
    min: Math.min(...ratios),
    max: Math.max(...ratios),
    ofBests: Math.min(...rival) / Math.min(...ours),
  }
}

/** Who wins, by the median: from our point of view. */
export function verdict({ median }: Pick<Ratio, 'median'>): Verdict {
  if (Math.abs(median - 1) <= EVEN_WITHIN) return 'even'
  return median > 1 ? 'wins' : 'loses'
}

/** The middle value; of an even number of values, the mean of the middle two. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('No values have no median.')
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] as number
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2
}
