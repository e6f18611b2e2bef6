import { usageError } from '../cli-error.js'
import { type Command, command } from '../command.js'
import { bashScript, fishScript, zshScript } from '../completion-scripts.js'
import { EXIT, type ExitCode } from '../exit-code.js'

const SCRIPTS: Readonly<Record<string, (commands: readonly Command[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
}

/** The command that completes all others, itself included. */
export function completionOf(others: readonly Command[]): Command {
  const completion: Command = command({
    name: 'completion',
    summary: 'Print a script that lets a shell complete commands and options.',
    args: [{ name: 'shell', about: 'bash, zsh or fish.' }],
    options: {},
    examples: [
      { line: 'completion bash', about: 'in ~/.bashrc: source <(persistdict completion bash)' },
      { line: 'completion zsh', about: 'in ~/.zshrc: source <(persistdict completion zsh)' },
      { line: 'completion fish', about: 'in config.fish: persistdict completion fish | source' },
    ],
    async run({ args: [shell = ''], report }): Promise<ExitCode> {
      const script = SCRIPTS[shell]
      if (script === undefined) {
        throw usageError(
          `There is no completion for ${JSON.stringify(shell)}. Name bash, zsh or fish.`,
        )
      }
      await report.write(script([...others, completion]))
      return EXIT.done
    },
  })
  return completion
}
