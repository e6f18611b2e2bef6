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
    // Text of a file that the inner run is given: it must count what is skipped or planned as failed.
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

  test('fails when the build fails, and runs nothing', () => {
    const result = runTests({ 'a.test.ts': PASSING }, ['--build'], {
      build: 'node -e "process.exit(3)"',
    })
    expect(result).toEqual({ line: '0 passed, 1 failed', status: 1 })
  })

  test('builds before it runs anything', () => {
    const looks = `import { existsSync } from 'node:fs'
      import { test } from 'vitest'
      test.runIf(existsSync('built'))('passes', () => {})\n`
    const build = `node -e "fs.writeFileSync('built', '')"`
    const result = runTests({ 'a.test.ts': looks }, ['--build'], { build })
    expect(result).toEqual({ line: '1 passed, 0 failed', status: 0 })
  })

  test('counts tests that need a Redis server as failed where there is none', () => {
    const server = fileURLToPath(new URL('../redis/redis-url.ts', import.meta.url))
    const needy = `${PASSING} import { redisUrl } from ${JSON.stringify(server)}
      test('needs a server', () => void redisUrl())\n`
    const result = runTests(
      { 'a.test.ts': needy },
      [],
      {},
      {
        PATH: '',
        REDIS_URL: undefined,
      },
    )
    expect(result).toEqual({ line: '1 passed, 1 failed', status: 1 })
  })

  test('fails when the runner does not start', () => {
    const result = runTests({ 'a.test.ts': PASSING }, ['--no-such-option'])
    expect(result).toEqual({ line: '0 passed, 1 failed', status: 1 })
  })
})

const RUN = fileURLToPath(new URL('./run.ts', import.meta.url))

function runTests(
  files: Record<string, string>,
  args: string[] = [],
  scripts: Record<string, string> = {},
  env: NodeJS.ProcessEnv = {},
) {
  root = mkdtempSync(join(tmpdir(), 'persistdict-run-'))
  mkdirSync(join(root, 'test'))
  symlinkSync(join(REPOSITORY, 'node_modules'), join(root, 'node_modules'), 'dir')
  writeFileSync(join(root, 'package.json'), JSON.stringify({ type: 'module', scripts }))
  for (const [name, source] of Object.entries(files)) {
    writeFileSync(join(root, 'test', name), source)
  }
  const { stdout, status } = spawnSync(
    process.execPath,
    ['--import', 'tsx', RUN, ...args, '--root', root],
    { cwd: root, encoding: 'utf8', env: { ...environmentOutsideVitest(), ...env } },
  )
  const [line, ...before] = stdout.trimEnd().split('\n').reverse()
  const verdicts = before.filter((text) => /^\d+ passed, \d+ failed$/.test(text))
  return verdicts.length === 0 ? { line, status } : { verdicts: [line, ...verdicts] }
}

/** The runner marks the environment of its workers; one that is started in there must not see it. */
function environmentOutsideVitest() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/VITEST/.test(name)))
}
