/**
 * `npm run test:shells`: the completions, in the shells themselves: each command and option is begun,
 * and the shell has to end it. A shell that is not here is said so, and is a failure.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { COMMANDS } from '../../src/cli/commands.js'

const BIN = fileURLToPath(new URL('../../dist/cli/bin.js', import.meta.url))
const PRESS_TAB = fileURLToPath(new URL('press-tab.zsh', import.meta.url))

/** A line that is begun, and what its last word may become. */
interface Trial {
  readonly line: string
  readonly wanted: readonly string[]
}

type Shell = 'bash' | 'zsh' | 'fish'

/** What a shell makes of the last word of each line: its candidates, or the only one. */
type Complete = (script: string, lines: readonly string[]) => string[][]

const SHELLS: Readonly<Record<Shell, Complete>> = {
  bash: (script, lines) =>
    lines.map((line) => {
      const program = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _persistdict; printf '%s\\n' "\${COMPREPLY[@]}"`
      return said('bash', ['--norc', '-c', program, 'bash', script, ...words(line)])
    }),
  zsh(script, lines) {
    const out = said('zsh', ['-f', PRESS_TAB, script, ...lines]).join('\n')
    return out
      .split('ARGS')
      .slice(1)
      .map((given) => given.trim().split('\n').slice(0, -1).slice(-1))
  },
  fish(script, lines) {
    const program = 'source $argv[1]; for line in $argv[2..]; echo "?"; complete -C $line; end'
    const out = said('fish', ['--no-config', '-c', program, script, ...lines]).join('\n')
    return out
      .split('?\n')
      .slice(1)
      .map((found) => found.split('\n').map((each) => each.split('\t')[0] ?? ''))
  },
}

/** A space in a name is escaped. */
function words(line: string): string[] {
  return line.split(/(?<!\\) /).map((word) => word.replaceAll('\\ ', ' '))
}

function said(shell: string, words: readonly string[]): string[] {
  const { stdout, stderr, error } = spawnSync(shell, words, { encoding: 'utf8', timeout: 60_000 })
  if (error !== undefined) throw error
  if (stderr !== '') throw new Error(`${shell} says: ${stderr}`)
  return stdout.split('\n').map((line) => line.trim())
}

/** Each command, each option of each, and each choice of an option. */
function trials(folder: string): Trial[] {
  return [
    ...COMMANDS.map(({ name }) => ({ line: `persistdict ${name}`, wanted: [name] })),
    ...COMMANDS.flatMap(({ name, options }) =>
      Object.entries(options).flatMap(([option, { choices = [] }]) => [
        { line: `persistdict ${name} --${option}`, wanted: [`--${option}`] },
        ...choices.map((choice) => ({
          line: `persistdict ${name} --${option} ${choice}`,
          wanted: [choice],
        })),
      ]),
    ),
    { line: 'persistdict namesp', wanted: ['namespaces'] },
    { line: 'persistdict get --ra', wanted: ['--raw'] },
    { line: 'persistdict import --values j', wanted: ['json'] },
    // A word that is also the name of a command changes nothing.
    { line: 'persistdict get set --ra', wanted: ['--raw'] },
    { line: `persistdict get ${folder}/a\\ fi`, wanted: [`${folder}/a file`] },
  ]
}

const folder = mkdtempSync(join(tmpdir(), 'persistdict-shells-'))
let failed = 0
try {
  writeFileSync(join(folder, 'a file'), '')
  for (const [shell, complete] of Object.entries(SHELLS)) {
    if (spawnSync(shell, ['-c', 'true']).error !== undefined) {
      console.log(`${shell}: not here. Install it, with your package manager, and begin again.`)
      failed++
      continue
    }
    const script = join(folder, `script.${shell}`)
    writeFileSync(script, execFileSync(process.execPath, [BIN, 'completion', shell]))
    const all = trials(folder)
    const found = complete(
      script,
      all.map(({ line }) => line),
    )
    const wrong = all.filter(({ wanted }, at) => !wanted.every((each) => found[at]?.includes(each)))
    for (const { line } of wrong) {
      console.log(
        `${shell}: "${line}" became ${JSON.stringify(found[all.findIndex((each) => each.line === line)])}`,
      )
    }
    console.log(`${shell}: ${all.length - wrong.length} lines completed, ${wrong.length} not`)
    failed += wrong.length
  }
} finally {
  rmSync(folder, { recursive: true })
}
process.exitCode = failed > 0 ? 1 : 0
