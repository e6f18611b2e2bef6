/** Stores as the command line names them: opened for one command, and closed after it. */
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { AsyncPersistDict } from '../dict/async-persist-dict.js'
import { FormatMismatchError } from '../errors/open-errors.js'
import { type AsyncOpenOptions, openAsync } from '../open/open-async.js'
import { CliError } from './cli-error.js'
import type { Argument } from './command.js'
import { EXIT } from './exit-code.js'
import type { Io } from './io.js'

export type AnyDict = AsyncPersistDict<Record<string, unknown>>

export const STORE: Argument = {
  name: 'store',
  about:
    'A path (LMDB), an address (sqlite:FILE, file:DIR, redis://HOST), or a configuration file.',
}

export interface Wanted {
  readonly io: Pick<Io, 'clock'>
  /** The namespace to work in, from the root down. @default the root */
  readonly namespace?: readonly string[] | undefined
  /** Whether a store that is not there is made. @default false */
  readonly isMade?: boolean | undefined
}

/** Runs `use` with the dict of a store, and closes it. Rejects as openAsync() does, or if there is none. */
export async function withDict<T>(
  place: string,
  { io, namespace = [], isMade = false }: Wanted,
  use: (dict: AnyDict) => Promise<T>,
): Promise<T> {
  if (!isMade) refuseMissing(place)
  const root = await opened(place, { clock: io.clock, values: 'copy', background: 'disabled' })
  try {
    return await use(namespace.reduce<AnyDict>((dict, name) => dict.namespace(name), root))
  } finally {
    await root.close()
  }
}

/** Settings of the format that a store tells itself: whoever only works on it need not know them. */
const TOLD: ReadonlySet<string> = new Set(['keySizeLimit', 'digestBytes'])

async function opened(place: string, options: AsyncOpenOptions): Promise<AnyDict> {
  try {
    return await openAsync<Record<string, unknown>>(place, options as never)
  } catch (error) {
    if (!(error instanceof FormatMismatchError) || !TOLD.has(error.setting)) throw error
    if (error.setting in options) throw error
    return opened(place, { ...options, [error.setting]: error.stored })
  }
}

function refuseMissing(place: string): void {
  if (
    statSync(place, { throwIfNoEntry: false })?.isDirectory() &&
    existsSync(join(place, 'gate.mdb'))
  )
    return
  throw new CliError(
    'ERR_PERSISTDICT_CLI_NO_STORE',
    EXIT.store,
    `There is no store at "${place}". "persistdict set" and "persistdict import" make one.`,
  )
}
