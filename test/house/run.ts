/**
 * `npm test`: builds, with `--build` as the first argument, runs vitest with the others, and ends with one
 * line, `N passed, N failed`. A process of its own, so that the line comes last and comes whatever happens:
 * if the build fails, or the runner does not start or dies.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { TALLY_FILE, type Tally } from './tally-reporter.js'

const CONFIG = fileURLToPath(new URL('../vitest.config.ts', import.meta.url))
const NOTHING_RAN: Tally = { passed: 0, failed: 1 }

const [first, ...others] = process.argv.slice(2)
const builds = first === '--build'
const { passed, failed } = tallyOf(builds, builds ? others : process.argv.slice(2))
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0

function tallyOf(builds: boolean, args: readonly string[]): Tally {
  try {
    if (builds && run('npm', ['run', 'build']) !== 0) return NOTHING_RAN
    return testsRun(args)
  } catch (error) {
    console.error(error)
    return NOTHING_RAN
  }
}

function testsRun(args: readonly string[]): Tally {
  const vitest = fileURLToPath(new URL('./vitest.mjs', import.meta.resolve('vitest/package.json')))
  const folder = mkdtempSync(join(tmpdir(), 'persistdict-tally-'))
  try {
    const file = join(folder, 'tally.json')
    const words = [vitest, 'run', '--config', CONFIG, ...args]
    const status = run(process.execPath, words, { [TALLY_FILE]: file })
    const tally = told(file)
    // A runner that fails without a reason in its report has failed once all the same.
    return status === 0 ? tally : { ...tally, failed: Math.max(tally.failed, 1) }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Returns the exit code, or null if there was none. */
function run(command: string, args: readonly string[], more: NodeJS.ProcessEnv = {}) {
  return spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, ...more } }).status
}

function told(file: string): Tally {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return NOTHING_RAN
  }
}
