/**
 * A store in one SQLite file, by Node's own module or better-sqlite3.
 *
 * @packageDocumentation
 */
export type { SqliteDriver } from './store/sqlite/driver.js'
export { type SqliteOptions, sqliteStore } from './store/sqlite/open-sqlite.js'
