/** The help of the program and of each command, made from the commands' own tables. */
import { usageOf } from './call.js'
import { type Command, GLOBAL_OPTIONS, type Option } from './command.js'

const WIDTH = 96

/** What `persistdict --help` prints. */
export function programHelp(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length))
  return [
    'Usage: persistdict <command> <store> [arguments] [options]',
    '',
    paragraph(
      'A store is the path of a directory (LMDB), an address such as redis://localhost:6379 or ' +
        'sqlite:cache.db, or a configuration file (.json, .yaml).',
    ),
    '',
    'Commands:',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'persistdict <command> --help shows its options and examples.',
    '',
  ].join('\n')
}

/** What `persistdict <command> --help` prints. */
export function commandHelp(command: Command): string {
  const { summary, details, args, options, examples } = command
  const lines = [`Usage: ${usageOf(command)}`, '', paragraph(summary)]
  if (details !== undefined) lines.push('', paragraph(details))
  if (args.length > 0) {
    lines.push('', 'Arguments:', ...rows(args.map(({ name, about }) => [`<${name}>`, about])))
  }
  const all = Object.entries<Option>({ ...options, ...GLOBAL_OPTIONS })
  lines.push(
    '',
    'Options:',
    ...rows(all.map(([name, option]) => [flag(name, option), about(option)])),
  )
  lines.push('', 'Examples:')
  for (const { line, about } of examples) lines.push(`  persistdict ${line}`, `      ${about}`)
  return `${lines.join('\n')}\n`
}

function flag(name: string, { short, value, type }: Option): string {
  const long = type === 'string' ? `--${name} ${value ?? 'TEXT'}` : `--${name}`
  return short === undefined ? `    ${long}` : `-${short}, ${long}`
}

function about({ about: text, choices }: Option): string {
  return choices === undefined ? text : `${text} One of ${choices.join(', ')}.`
}

function rows(pairs: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...pairs.map(([left]) => left.length))
  return pairs.map(([left, right]) => {
    const indent = ' '.repeat(width + 4)
    return `  ${left.padEnd(width)}  ${wrap(right, WIDTH - indent.length).join(`\n${indent}`)}`
  })
}

function paragraph(text: string): string {
  return wrap(text, WIDTH).join('\n')
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return [...lines, line]
}
