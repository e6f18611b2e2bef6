/** From the words of a command line to a command with its options. */
import { parseArgs } from 'node:util'
import { nearestOf } from '../errors/unknown-option.js'
import { usageError } from './cli-error.js'
import { type Command, GLOBAL_OPTIONS, type OptionTable } from './command.js'

export interface ParsedCall {
  readonly args: readonly string[]
  readonly options: Readonly<Record<string, unknown>>
}

/** Throws a usage error that says what is wrong and how it is right. */
export function parseCall(command: Command, words: readonly string[]): ParsedCall {
  const table: OptionTable = { ...command.options, ...GLOBAL_OPTIONS }
  let parsed: { values: Record<string, unknown>; positionals: string[] }
  try {
    const options = Object.fromEntries(
      Object.entries(table).map(([name, { type, short, multiple = false }]) => [
        name,
        short === undefined ? { type, multiple } : { type, multiple, short },
      ]),
    )
    parsed = parseArgs({ args: [...words], options, allowPositionals: true, strict: true })
  } catch (cause) {
    throw usageError(`${explain(cause, table)} ${adviceFor(command)}`, { cause })
  }
  const { values, positionals } = parsed
  if (values.help !== true) checkArguments(command, positionals)
  for (const [name, { choices }] of Object.entries(table)) {
    const value = values[name]
    if (choices === undefined || value === undefined || choices.includes(String(value))) continue
    throw usageError(`--${name} must be one of ${choices.join(', ')}. ${adviceFor(command)}`)
  }
  return { args: positionals, options: values }
}

/** `persistdict get <store> <key> [options]` */
export function usageOf({ name, args }: Command): string {
  const places = args.map(({ name: place, isOptional, isRest }) => {
    const word = `<${place}>${isRest ? '…' : ''}`
    return isOptional ? `[${word}]` : word
  })
  return ['persistdict', name, ...places, '[options]'].join(' ')
}

function checkArguments(command: Command, given: readonly string[]): void {
  const required = command.args.filter(({ isOptional }) => !isOptional)
  const missing = required[given.length]
  if (missing !== undefined) {
    throw usageError(`<${missing.name}> is missing. ${adviceFor(command)}`)
  }
  const takesRest = command.args.some(({ isRest }) => isRest)
  const tooMany = given[command.args.length]
  if (tooMany !== undefined && !takesRest) {
    throw usageError(`There is a word too many: ${JSON.stringify(tooMany)}. ${adviceFor(command)}`)
  }
}

function explain(cause: unknown, table: OptionTable): string {
  const { code, message } = cause as NodeJS.ErrnoException
  if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') {
    const name = /'(--?[^']*)'/.exec(message)?.[1] ?? ''
    const nearest = nearestOf(name.replace(/^--?/, ''), Object.keys(table))
    const advice =
      name.startsWith('--') && nearest !== undefined ? ` Did you mean --${nearest}?` : ''
    const other = name.startsWith('--') ? '' : ' A word that begins with - comes after --.'
    return `There is no option ${name}.${advice}${other}`
  }
  // Node's own sentence: which option, and what it takes.
  return (message.split('\n')[0] ?? '').replace(/\.?$/, '.')
}

function adviceFor(command: Command): string {
  return `Usage: ${usageOf(command)}`
}
