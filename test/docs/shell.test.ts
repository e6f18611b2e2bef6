/**
 * The shell sessions of the documentation, as a reader would follow them: page by page, all blocks of
 * a page in their order, in one empty directory in which the package is installed.
 *
 *     console           lines with `$ ` are run, and print what follows them; `…` stands for anything
 *                       within a line, and alone on a line for any lines
 *     js first.mjs      is saved under that name, as is any block whose language is followed by a name
 *                       with a dot, from where it stands on the page
 *     sh                commands that print nothing worth showing; they are not run
 */
import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { type Block, blocksOf, pages, REPOSITORY } from './pages.js'

const SESSIONS = pages().filter((each) => blocksOf(each).some(isSession))

describe('the shell sessions of the documentation', () => {
  test.each(SESSIONS)('of $path print what the page says', { timeout: 300_000 }, async (each) => {
    const folder = mkdtempSync(join(tmpdir(), 'persistdict-session-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    install(folder)
    const steps = blocksOf(each).flatMap(stepsOf)
    const printed = await run(folder, steps)
    const commands = steps.filter((step) => step.kind === 'command')
    expect(printed).toHaveLength(commands.length)
    for (const [at, { line, text, output }] of commands.entries()) {
      const given = printed[at] ?? ''
      if (!matches(output, given)) {
        expect.soft(given, `${each.path}:${line} $ ${text}`).toBe(output)
      }
    }
  })

  test('the tutorial is one of the pages', () => {
    expect(SESSIONS.map(({ path }) => path)).toContain('docs/tutorial.md')
  })

  test('commands that show what they print are in console blocks', () => {
    // What the demo prints is checked by a test of its own.
    const others = pages().filter(({ path }) => path !== 'docs/demo/README.md')
    const prompts = others.flatMap((each) =>
      blocksOf(each)
        .filter(({ language, code }) => language !== 'console' && /^\$ /m.test(code))
        .map(({ line }) => `${each.path}:${line}`),
    )
    expect(prompts).toEqual([])
  })
})

describe('matches()', () => {
  test('takes … for anything within a line, and alone on a line for any lines', () => {
    expect(matches('a … c\n', 'a b c\n')).toBe(true)
    expect(matches('a … c\n', 'a b\nc\n')).toBe(false)
    expect(matches('a\n…\nc\n', 'a\nb\nb\nc\n')).toBe(true)
    expect(matches('a\n…\nc\n', 'a\nc\n')).toBe(true)
    expect(matches('a\n', 'a\nb\n')).toBe(false)
    expect(matches('a.c\n', 'abc\n')).toBe(false)
  })
})

type Step =
  | {
      readonly kind: 'command'
      readonly line: number
      readonly text: string
      readonly output: string
    }
  | { readonly kind: 'file'; readonly name: string; readonly text: string }

function isSession({ language }: Block): boolean {
  return language === 'console'
}

function stepsOf(block: Block): Step[] {
  if (block.mark.includes('.')) return [{ kind: 'file', name: block.mark, text: block.code }]
  if (!isSession(block)) return []
  const steps: Step[] = []
  const parts = block.code.split(/^\$ /m)
  let line = block.line
  for (const [at, part] of parts.entries()) {
    const end = part.indexOf('\n')
    if (at > 0) {
      const text = part.slice(0, end)
      steps.push({ kind: 'command', line, text, output: part.slice(end + 1) })
    } else if (part !== '') throw new Error(`Line ${line} is the output of no command`)
    line += part.split('\n').length - 1
  }
  return steps
}

/** The package by its name, and its command on the path, as npm would put them. */
function install(folder: string): void {
  const modules = join(folder, 'node_modules')
  mkdirSync(join(modules, '.bin'), { recursive: true })
  symlinkSync(REPOSITORY, join(modules, 'persistdict'))
  for (const name of ['zod', 'keyv', 'lru-cache']) {
    symlinkSync(join(REPOSITORY, 'node_modules', name), join(modules, name))
  }
  writeFileSync(join(folder, 'package.json'), '{ "private": true, "type": "module" }')
  writeFileSync(
    join(modules, '.bin/persistdict'),
    `#!/bin/sh\nexec "${process.execPath}" "${join(REPOSITORY, 'dist/cli/bin.js')}" "$@"\n`,
  )
  // npx looks into .bin first, and takes half a second for that.
  writeFileSync(join(modules, '.bin/npx'), '#!/bin/sh\nexec "$@"\n')
  for (const name of ['persistdict', 'npx']) chmodSync(join(modules, '.bin', name), 0o755)
}

/** What each command printed, all of them run by one shell. */
async function run(folder: string, steps: readonly Step[]): Promise<string[]> {
  // Files are written by the shell, too: a later one may take the place of an earlier one.
  const script = steps.map((step, at) =>
    step.kind === 'command'
      ? `${step.text}\nprintf '${END}'\n`
      : `cat > '${step.name}' <<'FILE-${at}-ENDS'\n${step.text}FILE-${at}-ENDS\n`,
  )
  const bin = [join(folder, 'node_modules/.bin'), dirname(process.execPath)]
  const shell = spawn('bash', ['-c', `exec 2>&1\n${script.join('')}`], {
    cwd: folder,
    env: {
      PATH: [...bin, process.env.PATH].join(delimiter),
      HOME: folder,
      NO_COLOR: '1',
      LANG: 'C.UTF-8',
      TZ: 'UTC',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let printed = ''
  for await (const chunk of shell.stdout.setEncoding('utf8')) printed += chunk
  return printed.split(END).slice(0, -1)
}

/** Between the outputs of two commands; nothing prints that. */
const END = '\u001e'

function matches(announced: string, given: string): boolean {
  const pattern = announced
    .split('\n')
    .map((line) =>
      line.trim() === '…' ? ANY_LINES : `${line.split('…').map(literal).join('.*')}\n`,
    )
    .join('')
    .replace(/\n$/, '')
  return new RegExp(`^${pattern}$`, 'u').test(given)
}

const ANY_LINES = '(?:.*\\n)*?'

function literal(text: string): string {
  return text.trimEnd() === '' ? text : text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')
}
