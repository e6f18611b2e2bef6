/** Figures as people read them. */
import type { Goal, Unit } from './case.js'
import type { GoalResult } from './result.js'
import type { Ratio } from './stats.js'

/** `21 ns`, `1.4 µs`, `182 B`. */
export function costText(cost: number, unit: Unit): string {
  if (unit === 'bytes') return `${digits(cost)} B`
  if (cost < 1e3) return `${digits(cost)} ns`
  return cost < 1e6 ? `${digits(cost / 1e3)} µs` : `${digits(cost / 1e6)} ms`
}

/** `2.6 M/s`; nothing for bytes. */
export function rateText(cost: number, unit: Unit): string {
  if (unit === 'bytes') return ''
  const perSecond = 1e9 / cost
  if (perSecond >= 1e6) return `${digits(perSecond / 1e6)} M/s`
  return perSecond >= 1e3 ? `${digits(perSecond / 1e3)} k/s` : `${digits(perSecond)} /s`
}

/** `1.42x (1.30–1.55, bests 1.40)`. */
export function ratioText({ median, min, max, ofBests }: Ratio): string {
  const [middle, least, most, best] = [median, min, max, ofBests].map((x) => x.toFixed(2))
  return `${middle}x (${least}–${most}, bests ${best})`
}

/** `≥ 0.50x: met`. */
export function goalText({ goal, outcome }: GoalResult, unit: Unit): string {
  return `${wantedText(goal, unit)}: ${outcome}`
}

function wantedText(goal: Goal, unit: Unit): string {
  if ('costAtMost' in goal) return `≤ ${costText(goal.costAtMost, unit)}`
  if ('extraAtMost' in goal) return `≤ ${costText(goal.extraAtMost, unit)} more`
  return `≥ ${goal.ratioAtLeast.toFixed(2)}x`
}

/** `9 rounds of 100,000`. */
export function scaleText(rounds: number, operations: number): string {
  return `${rounds} ${rounds === 1 ? 'round' : 'rounds'} of ${operations.toLocaleString('en')}`
}

/** Three digits, or all that stand before the point. */
function digits(value: number): string {
  if (value >= 100) return value.toFixed(0)
  return value.toFixed(value >= 10 ? 1 : 2)
}
