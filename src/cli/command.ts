/** What a command of the command line is: one object in a file of its own, listed in commands.ts. */
import type { ExitCode } from './exit-code.js'
import type { Io } from './io.js'
import type { Report } from './output/report.js'

export interface Option {
  readonly type: 'string' | 'boolean'
  readonly short?: string
  /** May be given several times. */
  readonly multiple?: boolean
  /** What stands for its value in the usage: `TIME`. Of options of type string. */
  readonly value?: string
  /** A list of all values that it may have. */
  readonly choices?: readonly string[]
  readonly about: string
}

export type OptionTable = Readonly<Record<string, Option>>

/** The values of the options that were given. */
export type OptionValues<O extends OptionTable> = {
  readonly [N in keyof O]?: O[N] extends { type: 'boolean' }
    ? boolean
    : O[N] extends { multiple: true }
      ? readonly string[]
      : string
}

export interface Argument {
  readonly name: string
  readonly about: string
  /** May be left out. */
  readonly isOptional?: boolean
  /** Takes all that is left: one or more, or none if it is optional. */
  readonly isRest?: boolean
}

export interface Example {
  /** Without the name of the program. */
  readonly line: string
  readonly about: string
}

/** What a command was called with. */
export interface Call<O extends OptionTable> {
  readonly args: readonly string[]
  readonly options: OptionValues<O>
  readonly io: Io
  readonly report: Report
}

export interface CommandDefinition<O extends OptionTable> {
  readonly name: string
  /** One line, for the list of commands. */
  readonly summary: string
  /** More, for its own help. */
  readonly details?: string
  readonly args: readonly Argument[]
  readonly options: O
  readonly examples: readonly Example[]
  /** Does it; resolves to the exit code. */
  run(call: Call<O>): Promise<ExitCode>
}

/** A command whose options have been checked against its table. */
export type Command = CommandDefinition<OptionTable>

/** Checks `run` against the command's own options, which the list of all commands cannot know. */
export function command<const O extends OptionTable>(definition: CommandDefinition<O>): Command {
  // run.ts hands it nothing but the values of its own table.
  return definition as unknown as Command
}

/** Options that several commands have. */
export const NAMESPACE = {
  type: 'string',
  short: 'n',
  multiple: true,
  value: 'NAME',
  about: 'A namespace; again for one within it.',
} as const

/** Of every command. */
export const GLOBAL_OPTIONS = {
  json: { type: 'boolean', about: 'Print JSON, one value a line, for programs.' },
  help: { type: 'boolean', short: 'h', about: 'Show this help.' },
} as const
