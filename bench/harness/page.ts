/** docs/benchmarks.md, made from results alone: a row that we lose is a row. */
import type { CaseResult, GoalResult, RivalResult } from './result.js'
import { costText, goalText, rateText, ratioText, scaleText } from './words.js'

const HEAD = [
  'case',
  'persistdict',
  'rival',
  "rival's cost",
  'ratio (spread, of best rounds)',
  'outcome for us',
  'goal',
]

/** The page, from results in the order in which they are to be shown. */
export function benchmarksPage(machine: string, results: readonly CaseResult[]): string {
  return `${[
    '# Benchmarks',
    'Written by `npm run bench -- --write`; how it measures is in [bench/README.md](../bench/README.md), and where the time goes in [profiles.md](profiles.md).',
    machine,
    "Cost: the median of one operation. Ratio: the rival's cost / ours, of the same round, with the " +
      'spread over the rounds and the ratio of the best rounds; **above 1x persistdict wins**. Absolute figures move by a factor of ' +
      'two from day to day and machine to machine; ratios move much less.',
    table(HEAD, results.flatMap(rowsOf)),
    '## What the cases do',
    results.map(describe).join('\n'),
  ].join('\n\n')}\n`
}

function rowsOf(result: CaseResult): string[][] {
  const { name, ours, rivals, unit } = result
  return rivals.map((rival, index) => [
    index === 0 ? name : '',
    index === 0 ? figure(ours.median, unit) : '',
    rival.name,
    figure(rival.median, unit),
    ratioText(rival.ratio),
    rival.verdict === 'loses' ? '**loses**' : rival.verdict,
    goalsOf(result, rival, index)
      .map((goal) => goalText(goal, unit))
      .join(', '),
  ])
}

/** A goal that concerns no rival stands in the case's first row. */
function goalsOf(result: CaseResult, rival: RivalResult, index: number): readonly GoalResult[] {
  return index === 0 ? [...result.goals, ...rival.goals] : rival.goals
}

function figure(cost: number, unit: CaseResult['unit']): string {
  const rate = rateText(cost, unit)
  return costText(cost, unit) + (rate && `, ${rate}`)
}

function describe({ name, what, operations, rounds, notes }: CaseResult): string {
  return `- **${name}**: ${[what, ...notes].join('. ')}. (${scaleText(rounds, operations)})`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
