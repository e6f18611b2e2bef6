/** Scripts by which shells complete command lines, made from the table of commands. */
import { type Command, GLOBAL_OPTIONS, type Option } from './command.js'

export function bashScript(commands: readonly Command[]): string {
  const cases = commands.map((each) => `    ${each.name}) words="${flagsOf(each).join(' ')}" ;;`)
  return `# bash completion of persistdict
_persistdict() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${namesOf(commands).join(' ')}" -- "$current"))
    return
  fi
  case "$current" in -*) ;; *) COMPREPLY=($(compgen -f -- "$current")); return ;; esac
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o filenames -F _persistdict persistdict
`
}

export function zshScript(commands: readonly Command[]): string {
  const names = commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`)
  const cases = commands.map((each) => {
    const options = optionsOf(each).map(([name, option]) =>
      quoted(
        `${option.multiple ? '*' : ''}--${name}[${option.about.replace(/[[\]]/g, '')}]${
          option.type === 'string' ? `:${option.value ?? 'TEXT'}:` : ''
        }`,
      ),
    )
    return `    ${each.name}) _arguments ${options.join(' ')} '*:file:_files' ;;`
  })
  return `#compdef persistdict
_persistdict() {
  local -a commands=(
${names.join('\n')}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local name="$words[2]"
  shift words
  (( CURRENT-- ))
  case "$name" in
${cases.join('\n')}
  esac
}
compdef _persistdict persistdict
`
}

export function fishScript(commands: readonly Command[]): string {
  const lines = commands.flatMap((each) => {
    const seen = `__fish_seen_subcommand_from ${each.name}`
    return [
      `complete -c persistdict -n __fish_use_subcommand -f -a ${each.name} -d ${quoted(each.summary)}`,
      ...optionsOf(each).map(([name, { short, type, about }]) => {
        const letter = short === undefined ? '' : ` -s ${short}`
        const value = type === 'string' ? ' -r' : ''
        return `complete -c persistdict -n ${quoted(seen)} -l ${name}${letter}${value} -d ${quoted(about)}`
      }),
    ]
  })
  return `# fish completion of persistdict\n${lines.join('\n')}\n`
}

function namesOf(commands: readonly Command[]): string[] {
  return commands.map(({ name }) => name)
}

function flagsOf(command: Command): string[] {
  return optionsOf(command).flatMap(([name, { short }]) =>
    short === undefined ? [`--${name}`] : [`--${name}`, `-${short}`],
  )
}

function optionsOf({ options }: Command): [string, Option][] {
  return Object.entries<Option>({ ...options, ...GLOBAL_OPTIONS })
}

/** As all three shells read it: nothing inside single quotation marks means anything. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", '’')}'`
}
