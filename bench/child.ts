/** The process of one case: runs it, and sends the result to the runner. */
import { loadCase } from './cases.js'
import { measure } from './harness/measure.js'
import { type CaseResult, caseResult, type Refusal } from './harness/result.js'
import { Stage, type StageOptions } from './harness/stage.js'

/** Full and quick runs: the rounds of a case, and when to stop before them. */
const FULL = { rounds: 15, budgetMs: 8_000 }
const QUICK = { rounds: 5, budgetMs: 500 }

const [name = '', options = '{}'] = process.argv.slice(2)
const outcome = await run(name, JSON.parse(options) as StageOptions).catch(refusal)
process.send?.(outcome, () => process.disconnect())

async function run(name: string, options: StageOptions): Promise<CaseResult> {
  const bench = await loadCase(name)
  const trial = await bench.setUp(new Stage(options))
  try {
    const measured = await measure(trial, options.quick ? QUICK : FULL)
    return caseResult(name, bench, trial.operations, measured)
  } finally {
    for (const side of trial.sides) await side.close?.()
  }
}

function refusal(error: unknown): Refusal {
  return { name, refused: error instanceof Error ? `${error.name}: ${error.message}` : `${error}` }
}
