import { EXIT, type ExitCode } from './exit-code.js'

/** Why a command was not done, beside what the library throws. docs/cli.md lists the codes. */
export class CliError extends Error {
  readonly code: `ERR_PERSISTDICT_CLI_${string}`
  readonly exitCode: ExitCode

  constructor(code: CliError['code'], exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'CliError'
    this.code = code
    this.exitCode = exitCode
  }
}

/** The command line cannot be understood. */
export function usageError(message: string, options?: ErrorOptions): CliError {
  return new CliError('ERR_PERSISTDICT_CLI_USAGE', EXIT.usage, message, options)
}

/** What was given cannot be stored. */
export function inputError(message: string, options?: ErrorOptions): CliError {
  return new CliError('ERR_PERSISTDICT_CLI_INPUT', EXIT.input, message, options)
}
