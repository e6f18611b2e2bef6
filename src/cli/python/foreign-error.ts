import { CliError } from '../cli-error.js'
import { EXIT } from '../exit-code.js'

/** A store of Python's that cannot be read. */
export function foreignError(message: string, options?: ErrorOptions): CliError {
  return new CliError('ERR_PERSISTDICT_CLI_FOREIGN', EXIT.input, message, options)
}

/** A value that Python has pickled. */
export function pickleError(place: string): CliError {
  return new CliError(
    'ERR_PERSISTDICT_CLI_PICKLE',
    EXIT.unsupported,
    `${place} was written by pickle, which is a program rather than data: only Python can run it, and whoever wrote it decides what it does. Write JSON Lines in Python, and import those: docs/migrate/from-python.md has the lines to run.`,
  )
}
