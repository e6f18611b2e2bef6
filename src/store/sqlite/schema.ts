/**
 * The tables of a store, and whose file it is.
 *
 *     buckets    id, name (as JSON, so that any character is harmless)
 *     rows       bucket, key → record, deadline (milliseconds, NULL for none)
 *     versions   one row: the last version given out
 *
 * The application id in the file's header tells our databases from those of other programs, into which
 * we write nothing.
 */
import { DamagedStoreError, FormatMismatchError, PathError } from '../../errors/open-errors.js'
import type { SqliteConnection } from './driver.js'

/** "pdct" */
const APPLICATION_ID = 0x70646374
const LAYOUT = 1

const TABLES = `
  CREATE TABLE buckets (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
  CREATE TABLE rows (
    bucket INTEGER NOT NULL,
    key BLOB NOT NULL,
    record BLOB NOT NULL,
    deadline INTEGER,
    PRIMARY KEY (bucket, key)
  ) WITHOUT ROWID;
  CREATE INDEX deadlines ON rows (bucket, deadline) WHERE deadline IS NOT NULL;
  CREATE TABLE versions (last INTEGER NOT NULL);
  INSERT INTO versions VALUES (0);
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${LAYOUT};
`

/** The log keeps so much of its size after a large transaction; the rest goes back to the disk. */
const LOG_KEPT_BYTES = 16 * 2 ** 20

/**
 * Makes the tables in a new database. Throws DamagedStoreError for a database of another program, and
 * FormatMismatchError for one of a later version; nothing was changed then.
 */
export function ensureSchema(connection: SqliteConnection, file: string): void {
  // Before anything that writes: even the journal mode is kept in the file.
  const isNew = !isOurs(connection, file)
  const { journal_mode: mode } = query<{ journal_mode: string }>(
    connection,
    'PRAGMA journal_mode = WAL',
  )
  if (mode !== 'wal') {
    throw new PathError(
      file,
      `SQLite cannot keep a write-ahead log there (its journal mode stays "${mode}"). Use a local disk.`,
    )
  }
  connection.exec(`PRAGMA journal_size_limit = ${LOG_KEPT_BYTES}`)
  if (!isNew) return
  connection.exec('BEGIN IMMEDIATE')
  try {
    // Another process may have come first.
    if (!isOurs(connection, file)) connection.exec(TABLES)
    connection.exec('COMMIT')
  } catch (error) {
    connection.exec('ROLLBACK')
    throw error
  }
}

/** Whether it is our database; false for an empty one. Throws for any other. */
function isOurs(connection: SqliteConnection, file: string): boolean {
  const { id, layout, objects } = query<{ id: number; layout: number; objects: number }>(
    connection,
    `SELECT application_id AS id, user_version AS layout,
      (SELECT count(*) FROM sqlite_master) AS objects
      FROM pragma_application_id, pragma_user_version`,
  )
  if (id === 0 && objects === 0) return false
  if (id !== APPLICATION_ID) {
    throw new DamagedStoreError(file, 'it is an SQLite database of another program')
  }
  if (layout !== LAYOUT) throw new FormatMismatchError('SQLite layout', layout, LAYOUT)
  return true
}

/** The first row. The caller names the columns that its SQL selects. */
function query<Row>(connection: SqliteConnection, sql: string): Row {
  return connection.prepare(sql).get() as Row
}
