/**
 * Stores of LiveDict 1, the Python package: JSON sealed by AES-GCM (see ld1-blob.ts), with the time at
 * which it expires in seconds; below 0 for never. LiveDict 2 has a table `kv_store`, of pickles only.
 *
 *     SQLite   a table (bucket TEXT, key TEXT, value BLOB, expire_at REAL)
 *     files    <directory>/<bucket>/<key>.entry     {"expire_at": …}\n, then the blob
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { openLd1Blob } from '../../codec/cipher/ld1-blob.js'
import type { SqliteConnection } from '../../store/sqlite/driver.js'
import type { ImportedEntry } from '../entry-line.js'
import { foreignError } from './foreign-error.js'
import { bytesOf, type EntryReader, placeOf } from './persist-dict-store.js'
import { pythonValue } from './python-value.js'

const SUFFIX = '.entry'
/** Where LiveDict puts what has no bucket: for us, the dict itself. */
const NO_BUCKET: ReadonlySet<string> = new Set(['main', '__default__'])

/** The entries of a table. `table` is a name that the database has. */
export function* liveTableEntries(
  database: SqliteConnection,
  table: string,
  secret: Uint8Array,
): Generator<EntryReader, undefined> {
  const sql = `SELECT bucket, key, value, expire_at FROM "${table.replaceAll('"', '""')}" ORDER BY rowid`
  for (const row of database.prepare(sql).iterate()) {
    // The columns that were asked for.
    const { bucket, key, value, expire_at } = row as {
      bucket: string
      key: string
      value: Uint8Array | string
      expire_at: number
    }
    yield () => entryOf(bucket, key, bytesOf(value), expire_at, secret)
  }
  return undefined
}

/** The entries of a directory. A `/` in a key has become a `_` when it was written. */
export function* liveFileEntries(
  directory: string,
  secret: Uint8Array,
): Generator<EntryReader, undefined> {
  for (const bucket of bucketsIn(directory)) {
    for (const name of readdirSync(join(directory, bucket)).sort()) {
      if (!name.endsWith(SUFFIX)) continue
      yield () => {
        const bytes = readFileSync(join(directory, bucket, name))
        const end = bytes.indexOf('\n')
        const key = name.slice(0, -SUFFIX.length)
        const expireAt = end < 0 ? undefined : expiryIn(bytes.subarray(0, end).toString('utf8'))
        if (expireAt === undefined) throw foreignError(`${placeOf(key)} has no line of metadata.`)
        return entryOf(bucket, key, bytes.subarray(end + 1), expireAt, secret)
      }
    }
  }
  return undefined
}

/** The directories in which there are entries. */
export function bucketsIn(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true })
    .filter((each) => each.isDirectory())
    .map(({ name }) => name)
    .filter((name) => readdirSync(join(directory, name)).some((file) => file.endsWith(SUFFIX)))
    .sort()
}

function expiryIn(line: string): number | undefined {
  try {
    const expireAt: unknown = JSON.parse(line).expire_at
    return typeof expireAt === 'number' ? expireAt : undefined
  } catch {
    return undefined
  }
}

function entryOf(
  bucket: string,
  key: string,
  blob: Uint8Array,
  expireAt: number,
  secret: Uint8Array,
): ImportedEntry {
  const value = pythonValue(openLd1Blob(blob, secret), 'json', placeOf(key))
  return {
    namespace: NO_BUCKET.has(bucket) ? [] : [bucket],
    key,
    value,
    expiresAt: expireAt < 0 ? Number.POSITIVE_INFINITY : Math.max(1, Math.ceil(expireAt * 1_000)),
    tags: [],
  }
}
