/** Scripts by which shells complete command lines, made from the table of commands. */
import { type Command, GLOBAL_OPTIONS, type Option } from './command.js'

export function bashScript(commands: readonly Command[]): string {
  const cases = commands.map((each) => `    ${each.name}) words="${flagsOf(each).join(' ')}" ;;`)
  const choices = commands.flatMap((each) =>
    optionsOf(each).flatMap(([name, option]) =>
      option.choices === undefined
        ? []
        : `    "${each.name} --${name}") words="${option.choices.join(' ')}" ;;`,
    ),
  )
  return `# bash completion of persistdict
_persistdict() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${namesOf(commands).join(' ')}" -- "$current"))
    return
  fi
  case "\${COMP_WORDS[1]} \${COMP_WORDS[COMP_CWORD-1]}" in
${choices.join('\n')}
  esac
  if [ -n "$words" ]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
    return
  fi
  case "$current" in -*) ;; *) local IFS=$'\\n'; COMPREPLY=($(compgen -f -- "$current")); return ;; esac
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
    const options = optionsOf(each).flatMap(zshSpecs)
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

/** As _arguments() wants them: one for each name of the option, which exclude each other. */
function zshSpecs([name, option]: [string, Option]): string[] {
  const { short, about, multiple = false } = option
  const flags = short === undefined ? [`--${name}`] : [`--${name}`, `-${short}`]
  const before = multiple ? '*' : `(${flags.join(' ')})`
  return flags.map((flag) =>
    quoted(`${before}${flag}[${about.replace(/[[\]]/g, '')}]${zshValue(option)}`),
  )
}

function zshValue({ type, value = 'TEXT', choices }: Option): string {
  if (type !== 'string') return ''
  if (choices !== undefined) return `:${value}:(${choices.join(' ')})`
  return `:${value}:${value === 'FILE' ? '_files' : ''}`
}

export function fishScript(commands: readonly Command[]): string {
  const lines = commands.flatMap((each) => [
    `complete -c persistdict -n __persistdict_at_command -f -a ${each.name} -d ${quoted(each.summary)}`,
    ...optionsOf(each).map(([name, option]) => {
      const letter = option.short === undefined ? '' : ` -s ${option.short}`
      const condition = quoted(`__persistdict_in ${each.name}`)
      return `complete -c persistdict -n ${condition} -l ${name}${letter}${fishValue(option)} -d ${quoted(option.about)}`
    }),
  ])
  return `# fish completion of persistdict
function __persistdict_at_command
  test (count (commandline -opc)) -eq 1
end
function __persistdict_in
  set -l words (commandline -opc)
  test (count $words) -gt 1; and test $words[2] = $argv[1]
end
${lines.join('\n')}
`
}

function fishValue({ type, value, choices }: Option): string {
  if (type !== 'string') return ''
  if (choices !== undefined) return ` -x -a ${quoted(choices.join(' '))}`
  return value === 'FILE' ? ' -r' : ' -x'
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
