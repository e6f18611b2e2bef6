/**
 * The TypeScript of the README and of docs, as a reader would try it: every block compiles against
 * the built package, and those marked `run` print what their comments say.
 *
 *     ts        compiles, as a module of its own
 *     ts run    compiles, and runs in an empty directory without an error; each of its console.log
 *               lines ends with a comment, which is what it prints
 *     ts more   goes on where the block before it on the page ends: compiled and run with it
 *
 * Blocks in other languages are for reading, or belong to shell sessions: see shell.test.ts.
 */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { blocksOf, type Page, pages, REPOSITORY } from './pages.js'

interface Program {
  /** Of the page and the line where the program starts. */
  readonly name: string
  readonly line: number
  readonly runs: boolean
  /** On the same lines as in the page, so that the compiler's positions are those of the page. */
  readonly code: string
}

const PROGRAMS = pages().flatMap(programsOf)
const RUNNABLE = PROGRAMS.filter(({ runs }) => runs)

/** Between the outputs of two programs; nothing prints that. */
const END = '\u001e'

/**
 * Runs the programs one after the other, each in a directory of its own. All in one process: starting
 * one for each took ten times as long as all that they do.
 */
const RUNNER = `
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
const folder = process.cwd()
for (const name of process.argv.slice(2)) {
  mkdirSync(join(folder, 'run', name), { recursive: true })
  process.chdir(join(folder, 'run', name))
  await import(join(folder, 'out', name + '.js')).catch((error) => console.error(name, error))
  process.stdout.write('${END}')
}
`

describe('the TypeScript blocks of the documentation', () => {
  const folder = mkdtempSync(join(tmpdir(), 'persistdict-blocks-'))
  let complaints: string

  beforeAll(() => {
    write('package.json', JSON.stringify({ type: 'module', private: true }))
    write('tsconfig.json', JSON.stringify(CONFIG))
    mkdirSync(join(folder, 'node_modules'))
    // As if installed: the package is found by its name, through its exports.
    link('.', 'persistdict')
    for (const name of ['ai', 'keyv', 'lru-cache', 'openai', 'zod'])
      link(`node_modules/${name}`, name)
    for (const { name, code } of PROGRAMS) write(`${name}.ts`, code)
    const tsc = join(REPOSITORY, 'node_modules/.bin/tsc')
    complaints = spawnSync(tsc, ['-p', folder], { cwd: folder, encoding: 'utf8' }).stdout
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  test('compile', () => {
    expect(PROGRAMS.length).toBeGreaterThan(0)
    expect(complaints).toBe('')
  })

  describe('run', () => {
    let run: {
      readonly printed: readonly string[]
      readonly code: number | null
      readonly err: string
    }

    beforeAll(() => {
      write('run.mjs', RUNNER)
      const { stdout, stderr, status } = spawnSync(
        process.execPath,
        ['run.mjs', ...RUNNABLE.map(({ name }) => name)],
        { cwd: folder, encoding: 'utf8' },
      )
      run = { printed: stdout.split(END), code: status, err: stderr }
    }, 120_000)

    test('without an error', () => {
      expect(run.err).toBe('')
      expect(run.code).toBe(0)
    })

    test.each(RUNNABLE.map((program, at) => ({ ...program, at })))(
      '$name as it says',
      (program) => {
        expect(run.printed[program.at]).toBe(announced(program.code))
      },
    )
  })

  function write(name: string, text: string): void {
    writeFileSync(join(folder, name), text)
  }

  function link(from: string, name: string): void {
    symlinkSync(join(REPOSITORY, from), join(folder, 'node_modules', name))
  }
})

const CONFIG = {
  compilerOptions: {
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    module: 'nodenext',
    target: 'es2022',
    lib: ['es2023', 'esnext.disposable'],
    types: ['node'],
    typeRoots: [join(REPOSITORY, 'node_modules/@types')],
    skipLibCheck: true,
    outDir: 'out',
  },
  include: ['*.ts'],
}

function programsOf(page: Page): Program[] {
  const programs: Program[] = []
  for (const { line, language, mark, code } of blocksOf(page)) {
    if (language !== 'ts') continue
    const before = programs.at(-1)
    if (mark === 'more' && before !== undefined) {
      programs[programs.length - 1] = { ...before, code: placed(before.code, line, code) }
    } else if (mark === 'run' || mark === '') {
      const name = `${page.path.replaceAll('/', '-')}-${line}`
      programs.push({ name, line, runs: mark === 'run', code: placed('', line, code) })
    } else throw new Error(`${page.path}:${line - 1} has a block "ts ${mark}"`)
  }
  return programs
}

/** `code` from its line of the page on, after what came before it there. */
function placed(before: string, line: number, code: string): string {
  return before + '\n'.repeat(line - before.split('\n').length) + code
}

/** What a program says that it prints: the comments behind its console.log lines. */
function announced(code: string): string {
  const lines = code.split('\n').filter((text) => text.trimStart().startsWith('console.log('))
  return lines.map((text) => `${/ \/\/ (.*)$/.exec(text)?.[1] ?? '(no comment)'}\n`).join('')
}
