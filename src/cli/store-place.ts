/** Stores as the command line names them: opened for one command, and closed after it. */

import { type CheckedConfig, checkConfig } from '../config/check-config.js'
import { configAt } from '../config/config-at.js'
import { openFromConfigAsync } from '../config/open-from-config.js'
import type { AsyncPersistDict } from '../dict/async-persist-dict.js'
import { FormatMismatchError } from '../errors/open-errors.js'
import { CliError, usageError } from './cli-error.js'
import type { Argument } from './command.js'
import { EXIT } from './exit-code.js'
import { isMissing, kindAt } from './found-store.js'
import type { Io } from './io.js'
import { visible } from './output/text.js'

export type AnyDict = AsyncPersistDict<Record<string, unknown>>

export const STORE: Argument = {
  name: 'store',
  about: 'A path, an address (sqlite:FILE, redis://HOST, env:NAME) or a configuration file.',
}

export interface Wanted {
  readonly io: Pick<Io, 'clock' | 'env' | 'stderr'>
  /** The namespace to work in, within that of the configuration. @default the dict itself */
  readonly namespace?: readonly string[] | undefined
  /** Whether a store that is not there is made. @default false */
  readonly isMade?: boolean | undefined
}

/** Runs `use` with the dict of a store, and closes it. Rejects as openAsync() does, or if there is none. */
export function withDict<T>(
  place: string,
  wanted: Wanted,
  use: (dict: AnyDict, config: CheckedConfig) => Promise<T>,
): Promise<T> {
  return withConfig(configOf(place, wanted.io.env), { ...wanted, shown: place }, use)
}

/** The same, of a configuration; `shown` is what the user calls it. */
export async function withConfig<T>(
  config: CheckedConfig,
  { io, namespace = [], isMade = false, shown }: Wanted & { readonly shown: string },
  use: (dict: AnyDict, config: CheckedConfig) => Promise<T>,
): Promise<T> {
  if (!isMade && isMissing(config.store)) {
    throw new CliError(
      'ERR_PERSISTDICT_CLI_NO_STORE',
      EXIT.store,
      `There is no store at "${shown}". "persistdict set" and "persistdict import" make one.`,
    )
  }
  const root = await opened(config, io)
  const tell = (text: string) => io.stderr.write(visible(`persistdict: ${text}\n`))
  root.on('error', (error) => tell(error instanceof Error ? error.message : String(error)))
  root.on('warning', ({ message }) => tell(message))
  try {
    return await use(
      namespace.reduce<AnyDict>((dict, name) => dict.namespace(name), root),
      config,
    )
  } finally {
    await root.close()
  }
}

/** What a word says of a store. Throws ConfigError, PathError, or a usage error. */
export function configOf(place: string, env: Io['env']): CheckedConfig {
  const address = place.startsWith('env:') ? addressIn(place.slice('env:'.length), env) : place
  if (address === place) refusePassword(address)
  const kind = kindAt(address)
  return kind === undefined ? configAt(address) : checkConfig({ store: { kind, path: address } })
}

function addressIn(name: string, env: Io['env']): string {
  const address = env[name]
  if (address) return address
  throw usageError(`The variable ${name} of the environment is not set, and should be an address.`)
}

/** Throws a usage error for an address with a password in it. */
export function refusePassword(address: string): void {
  if (!URL.canParse(address) || new URL(address).password === '') return
  throw usageError(
    'Everybody on this machine can see a password on a command line. Put the address into a variable of the environment and give env:NAME, or into a configuration file.',
  )
}

/** Settings of the format that a store tells itself: whoever only works on it need not know them. */
const TOLD: ReadonlySet<string> = new Set(['keySizeLimit', 'digestBytes'])

async function opened(config: CheckedConfig, io: Wanted['io']): Promise<AnyDict> {
  // Others look after the store. A command neither sweeps nor keeps accounts beside its own work.
  const { check: _, ...theirs } = config
  const mine = { values: 'copy', background: 'disabled' } as const
  try {
    return await openFromConfigAsync<Record<string, unknown>>(
      { ...theirs, ...mine },
      { clock: io.clock },
    )
  } catch (error) {
    if (!(error instanceof FormatMismatchError) || !TOLD.has(error.setting)) throw error
    if (error.setting in config) throw error
    return opened({ ...config, [error.setting]: error.stored }, io)
  }
}
