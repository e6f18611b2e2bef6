/**
 * `npm run test:nodes`: the smoke test on every major version of Node that the package supports.
 * The versions are installed from the registry, once, into a folder that outlives the run.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const MAJORS = [20, 22, 24, 26]
const CACHE = join(tmpdir(), 'persistdict-nodes')
const SMOKE = fileURLToPath(new URL('../smoke/smoke.mjs', import.meta.url))

let failed = 0
for (const major of MAJORS) {
  const node = installNode(major)
  const folder = mkdtempSync(join(tmpdir(), 'persistdict-smoke-'))
  try {
    const { status, signal } = spawnSync(node, [SMOKE, folder], { stdio: 'inherit' })
    console.log(`node ${major}: ${status === 0 ? 'passed' : `failed (${signal ?? status})`}`)
    if (status !== 0) failed++
  } finally {
    rmSync(folder, { recursive: true })
  }
}
console.log(`${MAJORS.length - failed} passed, ${failed} failed`)
process.exitCode = failed > 0 ? 1 : 0

/** Returns the path of a binary of the newest release of that major version when first asked for. */
function installNode(major: number): string {
  const name = `node-${process.platform}-${process.arch}`
  const prefix = join(CACHE, String(major))
  const binary = join(prefix, 'node_modules', name, 'bin/node')
  if (!existsSync(binary)) {
    mkdirSync(prefix, { recursive: true })
    const quiet = ['--no-audit', '--no-fund', '--loglevel=error']
    execFileSync('npm', ['install', '--prefix', prefix, ...quiet, `${name}@${major}`])
  }
  return binary
}
