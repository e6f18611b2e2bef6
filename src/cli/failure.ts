/** What a command that failed prints, and its exit code. */
import { ConfigError } from '../errors/config-error.js'
import { KeyError } from '../errors/key-errors.js'
import { OptionError } from '../errors/option-error.js'
import { PersistDictError } from '../errors/persist-dict-error.js'
import { UnsupportedError } from '../errors/store-errors.js'
import {
  InvalidValueError,
  UnpersistableValueError,
  ValueTooLongError,
} from '../errors/value-errors.js'
import { CliError } from './cli-error.js'
import { EXIT, type ExitCode } from './exit-code.js'
import { visible } from './output/text.js'

const OF_USAGE = [OptionError, ConfigError, RangeError]
const OF_INPUT = [KeyError, UnpersistableValueError, InvalidValueError, ValueTooLongError]

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CliError) return error.exitCode
  if (error instanceof UnsupportedError) return EXIT.unsupported
  if (OF_USAGE.some((type) => error instanceof type)) return EXIT.usage
  if (OF_INPUT.some((type) => error instanceof type)) return EXIT.input
  if (error instanceof PersistDictError) return EXIT.store
  // What the system says to a file that was named.
  if (typeof (error as Partial<NodeJS.ErrnoException> | null)?.syscall === 'string')
    return EXIT.input
  return EXIT.failure
}

/** One line with the code and the message; a failure that nobody foresaw, with its stack. */
export function shownError(error: unknown, isJson: boolean): string {
  const { code, message } = described(error)
  if (isJson) return `${JSON.stringify({ error: { code, message } })}\n`
  const stack = exitCodeOf(error) === EXIT.failure && error instanceof Error ? error.stack : ''
  return visible(`persistdict: ${message} (${code})\n${stack ? `${stack}\n` : ''}`)
}

function described(error: unknown): { readonly code: string; readonly message: string } {
  if (!(error instanceof Error)) return { code: 'ERR_UNKNOWN', message: String(error) }
  const { code } = error as { readonly code?: unknown }
  return { code: typeof code === 'string' ? code : error.name, message: error.message }
}
