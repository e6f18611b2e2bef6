/**
 * `npm test`: runs vitest, with the arguments given, and ends with one line, `N passed, N failed`.
 * A process of its own, so that the line comes last and comes even if the runner dies.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { TALLY_FILE, type Tally } from './tally-reporter.js'

const VITEST = fileURLToPath(new URL('./vitest.mjs', import.meta.resolve('vitest/package.json')))
const CONFIG = fileURLToPath(new URL('../vitest.config.ts', import.meta.url))

const folder = mkdtempSync(join(tmpdir(), 'persistdict-tally-'))
const file = join(folder, 'tally.json')
try {
  const { status } = spawnSync(
    process.execPath,
    [VITEST, 'run', '--config', CONFIG, ...process.argv.slice(2)],
    { stdio: 'inherit', env: { ...process.env, [TALLY_FILE]: file } },
  )
  const tally = readTally()
  // A runner that fails without a reason in its report has failed once all the same.
  const failed = status === 0 ? tally.failed : Math.max(tally.failed, 1)
  console.log(`${tally.passed} passed, ${failed} failed`)
  process.exitCode = failed > 0 ? 1 : 0
} finally {
  rmSync(folder, { recursive: true })
}

function readTally(): Tally {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return { passed: 0, failed: 1 }
  }
}
