/** Results in a terminal. */
import type { CaseResult, Refusal, SideResult } from './result.js'
import { costText, goalText, rateText, ratioText, scaleText } from './words.js'

export const HOW_TO_READ =
  "Median cost of one operation. Ratio = the rival's cost / ours, its spread over the rounds, and that of the best rounds: " +
  'above 1x, persistdict wins.'

export function caseText(result: CaseResult | Refusal): string {
  if ('refused' in result) return `${result.name}: REFUSED. ${result.refused}\n`
  const { name, what, operations, rounds, unit, ours, rivals, goals, notes } = result
  const lines = [`${name}: ${what} (${scaleText(rounds, operations)})`]
  lines.push(`${sideText(ours, result)}  ${goals.map((goal) => goalText(goal, unit)).join(', ')}`)
  for (const rival of rivals) {
    const words = [ratioText(rival.ratio), rival.verdict]
    words.push(...rival.goals.map((goal) => `[goal ${goalText(goal, unit)}]`))
    lines.push(`${sideText(rival, result)}  ${words.join(' ')}`)
  }
  lines.push(...notes.map((note) => `  note: ${note}`))
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`
}

function sideText({ name, best, median }: SideResult, { unit }: CaseResult): string {
  const bestText = `best ${costText(best, unit)}`
  return `  ${name.padEnd(24)}${costText(median, unit).padStart(9)}  ${bestText.padEnd(14)} ${rateText(median, unit).padStart(9)}`
}
