/** Which store of Python's there is at a path, and its entries. */
import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { connector, type SqliteConnection } from '../../store/sqlite/driver.js'
import { usageError } from '../cli-error.js'
import { kindAt } from '../found-store.js'
import { foreignError, pickleError } from './foreign-error.js'
import { bucketsIn, liveFileEntries, liveTableEntries } from './live-dict-store.js'
import { type EntryReader, lmdbEntries, tableEntries } from './persist-dict-store.js'
import type { ValueForm } from './python-value.js'

export interface PythonOptions {
  readonly form: ValueForm
  /** The key of LiveDict's cipher. */
  readonly secret: Uint8Array | undefined
}

/**
 * The entries of the store of PersistDict or LiveDict at a path; undefined for a file that is none,
 * such as JSON Lines. Throws a CliError for a store that cannot be read, now or as its entries are.
 */
export function pythonEntries(
  path: string,
  options: PythonOptions,
): Generator<EntryReader, undefined> | undefined {
  const isDirectory = statSync(path).isDirectory()
  const kind = kindAt(path)
  if (!isDirectory) return kind === 'sqlite' ? sqliteEntries(path, options) : undefined
  if (kind !== undefined) {
    throw usageError(`"${path}" is a store of persistdict. Use "persistdict copy".`)
  }
  const dataFile = join(path, 'data.mdb')
  if (existsSync(dataFile)) return lmdbEntries(dataFile, options.form)
  if (bucketsIn(path).length > 0) return liveFileEntries(path, secretOf(options))
  throw foreignError(`"${path}" is a directory, and no store of PersistDict or LiveDict.`)
}

function* sqliteEntries(path: string, options: PythonOptions): Generator<EntryReader, undefined> {
  const database = connector(undefined)(path)
  try {
    database.exec('PRAGMA query_only = 1')
    yield* entriesOf(database, path, options)
  } finally {
    database.close()
  }
  return undefined
}

function entriesOf(
  database: SqliteConnection,
  path: string,
  options: PythonOptions,
): Generator<EntryReader, undefined> {
  const tables = tablesOf(database)
  const tableWith = (...columns: string[]) =>
    [...tables].find(([, has]) => columns.every((column) => has.includes(column)))?.[0]
  if (tableWith('key', 'value', 'ctime', 'atime') === 'storage') {
    return tableEntries(database, options.form)
  }
  const table = tableWith('bucket', 'key', 'value', 'expire_at')
  if (table !== undefined) return liveTableEntries(database, table, secretOf(options))
  if (tableWith('key', 'value', 'expire') === 'kv_store') {
    throw pickleError(`"${path}" is a store of LiveDict 2. Every value in it`)
  }
  throw foreignError(
    `"${path}" is a database of SQLite without a table of PersistDict or LiveDict.`,
  )
}

function tablesOf(database: SqliteConnection): Map<string, string[]> {
  const sql = `SELECT m.name AS name, c.name AS "column" FROM sqlite_master m, pragma_table_info(m.name) c
    WHERE m.type = 'table'`
  const tables = new Map<string, string[]>()
  for (const row of database.prepare(sql).iterate()) {
    const { name, column } = row as { name: string; column: string }
    tables.set(name, [...(tables.get(name) ?? []), column])
  }
  return tables
}

function secretOf({ secret }: PythonOptions): Uint8Array {
  if (secret !== undefined) return secret
  throw usageError(
    'The values of LiveDict are encrypted. Name the place of the key: --key-env NAME or --key-file FILE.',
  )
}
