/**
 * `npm run bench -- [term…] [--quick] [--json] [--write] [--seed=N] [--against=FILE] [--baseline]`:
 * see bench/README.md.
 */
import { fork } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CASES } from './cases.js'
import { type Baseline, movedBaseline, regressions, regressionText } from './harness/baseline.js'
import { readCommand } from './harness/command-line.js'
import { machineLine } from './harness/machine.js'
import { benchmarksPage } from './harness/page.js'
import { caseText, HOW_TO_READ } from './harness/print.js'
import type { CaseResult, Refusal } from './harness/result.js'
import { keepingSections } from './harness/sections.js'
import type { StageOptions } from './harness/stage.js'

const CHILD = fileURLToPath(new URL('./child.ts', import.meta.url))
const BASELINE = fileURLToPath(new URL('./baseline.json', import.meta.url))
const PAGE = fileURLToPath(new URL('../docs/benchmarks.md', import.meta.url))

/** A case that takes longer hangs. */
const LIMIT_MS = 120_000

const { cases, json, quick, write, seed, against, baseline } = readCommand(
  process.argv.slice(2),
  CASES,
)
if (baseline && quick)
  throw new RangeError('--baseline takes a full run: a quick one has other ratios.')
const guarded = against === undefined ? undefined : readBaseline(against)
if (write && cases.length < CASES.length) throw new RangeError('--write takes all cases, or none.')

const machine = machineLine({ seed, quick })
if (!json) console.log(`${machine}\n${HOW_TO_READ}\n`)
const results: (CaseResult | Refusal)[] = []
for (const name of cases) {
  const result = await inProcess(name)
  results.push(result)
  if (!json) console.log(caseText(result))
}
if (json) console.log(JSON.stringify({ machine, results }, undefined, 2))
const timed = results.filter((result): result is CaseResult => !('refused' in result))
if (timed.length < results.length) {
  // A page without the refused cases would hide them.
  if (write) console.error('Nothing was written: a case was refused.')
  process.exitCode = 1
} else if (write) {
  const old = existsSync(PAGE) ? readFileSync(PAGE, 'utf8') : ''
  writeFileSync(PAGE, keepingSections(benchmarksPage(machine, timed), old))
}
if (baseline) {
  const before = existsSync(BASELINE) ? readBaseline(BASELINE) : undefined
  const moved = movedBaseline(before, machine, timed)
  writeFileSync(BASELINE, `${JSON.stringify(moved, undefined, 2)}\n`)
}
if (guarded !== undefined) {
  const worse = regressions(guarded, timed)
  for (const each of worse) console.error(regressionText(each))
  if (worse.length > 0) process.exitCode = 1
  else if (!json) console.log(`No ratio is worse than in ${against}, beyond the tolerance.`)
}

function readBaseline(file: string): Baseline {
  return JSON.parse(readFileSync(file, 'utf8')) as Baseline
}

/** Each case starts with fresh memory, and compiled code that no other case has shaped. */
function inProcess(name: string): Promise<CaseResult | Refusal> {
  const root = mkdtempSync(join(tmpdir(), 'persistdict-bench-'))
  const options: StageOptions = { root, seed, quick }
  return new Promise((resolve) => {
    const child = fork(CHILD, [name, JSON.stringify(options)], {
      execArgv: ['--import', 'tsx', '--expose-gc'],
      timeout: LIMIT_MS,
    })
    let outcome: CaseResult | Refusal | undefined
    child.on('message', (message) => {
      outcome = message as CaseResult | Refusal
    })
    child.on('exit', (code, signal) => {
      rmSync(root, { recursive: true, force: true })
      resolve(outcome ?? { name, refused: `Its process ended with ${signal ?? code}.` })
    })
  })
}
