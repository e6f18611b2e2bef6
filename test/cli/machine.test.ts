/** doctor, bench and completion. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { COMMANDS } from '../../src/cli/commands.js'
import { systemClock } from '../../src/clock.js'
import { freshPath, PLACES } from './places.js'
import { persistdict, printed } from './program.js'

describe('doctor', () => {
  const looks = (out: string) =>
    new Map(
      out
        .trim()
        .split('\n')
        .map((line) => [JSON.parse(line).what, JSON.parse(line)]),
    )

  test('of a machine that can run the tests finds nothing bad', async () => {
    const found = looks(await printed(['doctor', '--json']))
    expect(found.get('node')).toEqual({ what: 'node', state: 'good', says: process.versions.node })
    expect([...found.keys()]).toEqual(['node', 'system', 'lmdb', 'sqlite', 'redis', 'yaml'])
    expect(await printed(['doctor'])).toMatch(/^WHAT +STATE +SAYS\nnode +good +\d+/)
  })

  test('of a store looks at its place, and inside', async () => {
    const store = freshPath()
    await printed(['set', store, 'k', '1'])
    const found = looks(await printed(['doctor', store, '--json']))
    expect(found.get('processes').says).toBe('nobody has it open')
    expect(found.get('entries')).toEqual({
      what: 'entries',
      state: 'good',
      says: '1, all as they should be',
    })
    expect(looks(await printed(['doctor', store, '--quick', '--json'])).has('entries')).toBe(false)
  })

  test('says what is bad, and exits with 1', async () => {
    const missing = await persistdict(['doctor', freshPath(), '--json'])
    expect(missing.code).toBe(1)
    expect(looks(missing.out).get('directory')).toMatchObject({ state: 'bad' })

    const store = freshPath()
    await printed(['set', store, 'k', '1'])
    writeFileSync(join(store, 'g1/data.mdb'), 'this is no data file, and much too short')
    const damaged = await persistdict(['doctor', store, '--json'])
    expect(damaged.code).toBe(1)
    expect(looks(damaged.out).get('data file').state).toBe('bad')
    expect(looks(damaged.out).get('open').state).toBe('bad')
  })

  test('knows who has a store open, and who died', async () => {
    const store = freshPath()
    await printed(['set', store, 'k', '1'])
    const owner = { pid: 2 ** 22 + 1, host: '', bootId: 'x', openedAt: 1, thread: 0 }
    mkdirSync(join(store, 'owners'), { recursive: true })
    const dead = { ...owner, ...JSON.parse(identityOfTheDead()) }
    writeFileSync(join(store, 'owners/dead.json'), JSON.stringify(dead))
    const { processes } = Object.fromEntries(looks(await printed(['doctor', store, '--json'])))
    expect(processes.state).toBe('odd')
    expect(processes.says).toContain(`${dead.pid} died`)
  })
})

/** Of a process that ran on this machine a moment ago. */
function identityOfTheDead(): string {
  const script = `import { processIdentity } from '${new URL('../../src/process-identity.ts', import.meta.url)}'
    console.log(JSON.stringify(processIdentity()))`
  const args = ['--import', 'tsx', '--input-type=module', '-e', script]
  return execFileSync(process.execPath, args, { encoding: 'utf8' })
}

describe('bench', () => {
  test.each(['lmdb', 'redis'])('measures %s, and leaves nothing', async (kind) => {
    const place = PLACES[kind]?.() ?? ''
    const words = ['bench', place, '--seconds', '0.01', '--size', '10', '--json']
    const out = await printed(words, { clock: systemClock })
    const measures = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(measures.map(({ operation }) => operation)).toEqual([
      'set, many on disk at once',
      'set, each on disk',
      'get, from the store',
      'get, again and again',
      'walk through entries',
      'delete, many on disk at once',
    ])
    for (const { calls, perSecond } of measures) {
      expect(calls).toBeGreaterThan(0)
      expect(perSecond).toBeGreaterThan(0)
    }
    if (kind === 'lmdb') {
      const beside = readdirSync(dirname(place))
      expect(beside.filter((name) => name.startsWith('persistdict-bench-'))).toEqual([])
    }
  })

  test('prints a table', async () => {
    const out = await printed(['bench', 'memory:', '--seconds', '0.01'], { clock: systemClock })
    expect(out).toMatch(/^MEMORY +CALLS\/S +µS A CALL\nset, many on disk at once +\d+ +[\d.]+\n/)
    expect((await persistdict(['bench', '--seconds', 'long'])).code).toBe(2)
  })
})

describe('completion', () => {
  test('of bash completes commands and their options', async () => {
    const script = await printed(['completion', 'bash'])
    const complete = (...words: string[]) => {
      const program = `${script}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _persistdict; printf '%s\\n' "\${COMPREPLY[@]}"`
      const { stdout, stderr } = spawnSync('bash', ['-c', program, 'bash', ...words], {
        encoding: 'utf8',
      })
      expect(stderr).toBe('')
      return stdout.trim().split('\n')
    }
    expect(complete('persistdict', 'ex')).toEqual(['expire', 'export'])
    expect(complete('persistdict', 'get', '--r')).toEqual(['--raw'])
    expect(complete('persistdict', 'import', '--values', '')).toEqual(['json', 'text'])
    expect(complete('persistdict', 'export', './x', '--')).toContain('--output')
  })

  test.each(['bash', 'zsh', 'fish'])('of %s names every command and option', async (shell) => {
    const script = await printed(['completion', shell])
    for (const { name, options } of COMMANDS) {
      expect(script).toContain(name)
      for (const option of Object.keys(options)) expect(script).toContain(option)
    }
  })

  test('of another shell is a usage error', async () => {
    expect((await persistdict(['completion', 'tcsh'])).code).toBe(2)
  })
})
