/**
 * Stores of PersistDict, the Python package.
 *
 * From 0.2 on, a directory with an environment of LMDB. Keys on disk are hashes, whatever serializes
 * them; the whole key is in the metadata:
 *
 *     PersistDict_values     key → what value_serializer made: pickle, unless told otherwise
 *     PersistDict_metadata   key → zlib(YAML {atime: …, ctime: …, fullkey: …})
 *
 * Before that, a database of SQLite: the table `storage (key TEXT, value BLOB, ctime, atime)`.
 */
import { createRequire } from 'node:module'
import { inflateSync } from 'node:zlib'
import { MissingPackageError } from '../../errors/open-errors.js'
import type { SqliteConnection } from '../../store/sqlite/driver.js'
import type { ImportedEntry } from '../entry-line.js'
import { shownKey } from '../output/text.js'
import { foreignError } from './foreign-error.js'
import { LmdbFile } from './lmdb-file.js'
import { pythonValue, type ValueForm } from './python-value.js'

/** Reads an entry when it is asked for: what throws is that one, and not those after it. */
export type EntryReader = () => ImportedEntry

/** Metadata is a few lines; what unpacks to more is no metadata. */
const LONGEST_METADATA = 2 ** 20

/** The entries of an environment of LMDB, oldest first, as keys() has them in Python. */
export function* lmdbEntries(path: string, form: ValueForm): Generator<EntryReader, undefined> {
  const file = new LmdbFile(path)
  try {
    const values = file.database('PersistDict_values')
    const metadata = file.database('PersistDict_metadata')
    if (values === undefined || metadata === undefined) {
      throw foreignError(`"${path}" is a data file of LMDB, and not one of PersistDict.`)
    }
    const keys = Array.from(file.rows(metadata), ({ key, value }) => ({
      row: key,
      ...metadataOf(value),
    }))
    keys.sort((a, b) => a.ctime - b.ctime)
    for (const { row, fullkey } of keys) {
      const bytes = file.get(values, row)
      // Python writes values and metadata in two transactions: a crash leaves one without the other.
      if (bytes !== undefined)
        yield () => entryOf(fullkey, pythonValue(bytes, form, placeOf(fullkey)))
    }
    file.assertUnchanged()
  } finally {
    file.close()
  }
  return undefined
}

/** The entries of the table of the versions before 0.2. */
export function* tableEntries(
  database: SqliteConnection,
  form: ValueForm,
): Generator<EntryReader, undefined> {
  const rows = database.prepare('SELECT key, value FROM storage ORDER BY ctime').iterate()
  for (const row of rows) {
    // The columns that were asked for.
    const { key, value } = row as { key: string; value: Uint8Array | string }
    yield () => entryOf(key, pythonValue(bytesOf(value), form, placeOf(key)))
  }
  return undefined
}

/** SQLite keeps what it was given: text, or bytes. */
export function bytesOf(value: Uint8Array | string): Uint8Array {
  return typeof value === 'string' ? Buffer.from(value) : value
}

export function placeOf(key: string): string {
  return `The value of key ${shownKey(key)}`
}

function entryOf(key: string, value: unknown): ImportedEntry {
  return { namespace: [], key, value, expiresAt: Number.POSITIVE_INFINITY, tags: [] }
}

function metadataOf(bytes: Buffer): { readonly fullkey: string; readonly ctime: number } {
  let fullkey: unknown
  let ctime: unknown
  try {
    const text = inflateSync(bytes, { maxOutputLength: LONGEST_METADATA }).toString('utf8')
    ;({ fullkey, ctime } = loadYaml().parse(text, { version: '1.1' }) as Record<string, unknown>)
  } catch (cause) {
    if (cause instanceof MissingPackageError) throw cause
    throw foreignError('The metadata of an entry cannot be read: it is no YAML.', { cause })
  }
  if (typeof fullkey !== 'string') {
    throw foreignError('The metadata of an entry has no key: it is of a version that kept none.')
  }
  return { fullkey, ctime: Number(ctime) || 0 }
}

interface Yaml {
  parse(text: string, options: { version: '1.1' }): unknown
}

function loadYaml(): Yaml {
  try {
    return createRequire(import.meta.url)('yaml') as Yaml
  } catch (cause) {
    const remedy =
      'install it beside persistdict (npm install yaml): PersistDict keeps its keys in YAML'
    throw new MissingPackageError('yaml', remedy, { cause })
  }
}
