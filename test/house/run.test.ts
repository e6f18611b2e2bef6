import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url))
const PASSING = `import { test } from 'vitest'; test('passes', () => {})\n`

let root: string

afterEach(() => rmSync(root, { recursive: true }))

describe('npm test', () => {
  test('counts what passed and exits with 0', () => {
    expect(runTests({ 'a.test.ts': PASSING, 'b.test.ts': PASSING })).toEqual({
      line: '2 passed, 0 failed',
      status: 0,
    })
  })

  test('counts a failed test', () => {
    const failing = `${PASSING} test('fails', () => { throw new Error('no') })\n`
    expect(runTests({ 'a.test.ts': failing })).toEqual({ line: '1 passed, 1 failed', status: 1 })
  })

  test('counts a test that did not run as failed', () => {
    const idle = `${PASSING} test.skip('skipped', () => {}); test.todo('planned')\n`
    expect(runTests({ 'a.test.ts': idle })).toEqual({ line: '1 passed, 2 failed', status: 1 })
  })

  test('counts a file that does not load', () => {
    const files = { 'a.test.ts': PASSING, 'b.test.ts': `throw new Error('at load')\n` }
    expect(runTests(files)).toEqual({ line: '1 passed, 1 failed', status: 1 })
  })

  test('counts a suite whose teardown fails', () => {
    const broken = `import { afterAll, describe, test } from 'vitest'
      describe('suite', () => { test('passes', () => {}); afterAll(() => { throw new Error('no') }) })\n`
    expect(runTests({ 'a.test.ts': broken })).toEqual({ line: '1 passed, 1 failed', status: 1 })
  })

  test('counts an error that nobody caught', () => {
    const leaking = `${PASSING} test('leaks', async () => {
      Promise.reject(new Error('nobody waits for me'))
      await new Promise((resolve) => setTimeout(resolve, 50))
    })\n`
    expect(runTests({ 'a.test.ts': leaking })).toEqual({ line: '2 passed, 1 failed', status: 1 })
  })

  test('fails when there are no tests', () => {
    expect(runTests({})).toEqual({ line: '0 passed, 1 failed', status: 1 })
  })

  test('fails when the runner does not start', () => {
    const result = runTests({ 'a.test.ts': PASSING }, ['--no-such-option'])
    expect(result).toEqual({ line: '0 passed, 1 failed', status: 1 })
  })
})

function runTests(files: Record<string, string>, args: string[] = []) {
  root = mkdtempSync(join(tmpdir(), 'persistdict-run-'))
  mkdirSync(join(root, 'test'))
  symlinkSync(join(REPOSITORY, 'node_modules'), join(root, 'node_modules'), 'dir')
  for (const [name, source] of Object.entries(files)) {
    writeFileSync(join(root, 'test', name), source)
  }
  const { stdout, status } = spawnSync(
    process.execPath,
    ['--import', 'tsx', 'test/house/run.ts', '--root', root, ...args],
    { cwd: REPOSITORY, encoding: 'utf8', env: environmentOutsideVitest() },
  )
  return { line: stdout.trimEnd().split('\n').at(-1), status }
}

/** The runner marks the environment of its workers; one that is started in there must not see it. */
function environmentOutsideVitest() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/VITEST/.test(name)))
}
