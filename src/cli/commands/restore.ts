import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { CheckedConfig } from '../../config/check-config.js'
import { copy } from '../../dict/copy/copy.js'
import { CliError } from '../cli-error.js'
import { command } from '../command.js'
import { EXIT, type ExitCode } from '../exit-code.js'
import { isMissing, kindAt } from '../found-store.js'
import type { Io } from '../io.js'
import { progressOf } from '../output/progress.js'
import { counted, shownBytes } from '../output/text.js'
import { type AnyDict, configOf, STORE, withConfig } from '../store-place.js'

export const restore = command({
  name: 'restore',
  summary: 'Make a store of what "backup" made.',
  details:
    'The store must not have entries, unless --merge is given: then those that the backup does not have stay. Settings, keys too, are those of <store>: for an encrypted backup, name the configuration. Into LMDB where nothing is yet, the files are copied as they are; else entry by entry, each compared.',
  args: [
    { name: 'backup', about: 'The directory that "backup" made, or the file of SQLite in it.' },
    STORE,
  ],
  options: {
    merge: { type: 'boolean', about: 'Into a store that has entries.' },
  },
  examples: [
    { line: 'restore /backups/cache-2026-01-31 ./cache', about: 'as it was' },
    { line: 'restore /backups/cache-2026-01-31 app.json', about: 'with the settings of a file' },
  ],
  async run({ args: [backup = '', place = ''], options, io, report }): Promise<ExitCode> {
    const target = configOf(place, io.env)
    const source = backupAt(backup, target)
    return withConfig(source, { io, shown: backup }, async (from) => {
      if (source.store.kind === 'lmdb' && target.store.kind === 'lmdb' && isMissing(target.store)) {
        const { sizeBytes } = await from.backup(target.store.path)
        await report.say(
          { restored: await from.size(), sizeBytes },
          () => `${shownBytes(sizeBytes)} restored`,
        )
        return EXIT.done
      }
      return withConfig(target, { io, shown: place, isMade: true }, async (to) => {
        if (!options.merge) await refuseEntries(to, place)
        const restored = await copied(from, to, io)
        await report.say({ restored }, () => `${counted(restored, 'entry', 'entries')} restored`)
        return EXIT.done
      })
    })
  },
})

/** The backup, with the settings of what it is a backup of, but for the namespace: it has all of them. */
function backupAt(path: string, target: CheckedConfig): CheckedConfig {
  const place = kindAt(path) === undefined ? (sqliteIn(path) ?? path) : path
  const kind = kindAt(place)
  if (kind !== undefined) return { ...target, store: { kind, path: place } }
  throw new CliError(
    'ERR_PERSISTDICT_CLI_NO_STORE',
    EXIT.store,
    `There is no backup at "${path}". Name the directory that "persistdict backup" made; of SQLite, the file in it.`,
  )
}

/** The one database in the directory that a backup of SQLite is. */
function sqliteIn(directory: string): string | undefined {
  if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) return undefined
  const [found, ...others] = readdirSync(directory)
    .map((name) => join(directory, name))
    .filter((path) => kindAt(path) === 'sqlite')
  return others.length === 0 ? found : undefined
}

async function refuseEntries(dict: AnyDict, place: string): Promise<void> {
  let isEmpty = (await dict.size()) === 0
  for await (const _ of dict.namespaces()) isEmpty = false
  if (isEmpty) return
  throw new CliError(
    'ERR_PERSISTDICT_CLI_NOT_EMPTY',
    EXIT.store,
    `The store at "${place}" has entries. Nothing was changed. Add --merge to restore into it, or name another.`,
  )
}

async function copied(from: AnyDict, to: AnyDict, io: Io): Promise<number> {
  const progress = progressOf(io, 'restoring', undefined)
  try {
    const report = await copy(from, to, {
      signal: io.signal,
      onProgress: (state) => progress.at(state.copied + state.skipped),
    })
    return report.copied + report.skipped
  } finally {
    progress.end()
  }
}
