/** The program: finds the command, runs it, and makes an exit code of what happened. */
import { nearestOf } from '../errors/unknown-option.js'
import { parseCall } from './call.js'
import { usageError } from './cli-error.js'
import type { Command } from './command.js'
import { COMMANDS } from './commands.js'
import { EXIT, type ExitCode } from './exit-code.js'
import { exitCodeOf, shownError } from './failure.js'
import { commandHelp, programHelp } from './help.js'
import type { Io } from './io.js'
import { Report } from './output/report.js'
import { ownVersion } from './own-version.js'

/** Runs a command line, without the name of the program. Never rejects. */
export async function run(words: readonly string[], io: Io): Promise<ExitCode> {
  const isJson = words.includes('--json')
  try {
    return await dispatch(words, io)
  } catch (error) {
    if (io.signal.aborted) return EXIT.interrupted
    io.stderr.write(shownError(error, isJson))
    return exitCodeOf(error)
  }
}

async function dispatch([name, ...words]: readonly string[], io: Io): Promise<ExitCode> {
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    const asked = name === 'help' ? words[0] : undefined
    io.stdout.write(asked === undefined ? programHelp(COMMANDS) : commandHelp(commandNamed(asked)))
    return name === undefined ? EXIT.usage : EXIT.done
  }
  if (name === '--version' || name === '-V') {
    io.stdout.write(`${ownVersion()}\n`)
    return EXIT.done
  }
  const command = commandNamed(name)
  const { args, options } = parseCall(command, words)
  if (options.help === true) {
    io.stdout.write(commandHelp(command))
    return EXIT.done
  }
  const report = new Report(io, options.json === true)
  // The values of its own table: parseCall() let no others through.
  const call = { args, options: options as never, io, report }
  return command.run(call)
}

function commandNamed(name: string): Command {
  const found = COMMANDS.find((each) => each.name === name)
  if (found !== undefined) return found
  const nearest = nearestOf(
    name,
    COMMANDS.map((each) => each.name),
  )
  const advice =
    nearest === undefined ? 'persistdict --help lists them.' : `Did you mean "${nearest}"?`
  throw usageError(`There is no command ${JSON.stringify(name)}. ${advice}`)
}
