export type { SqliteDriver } from './store/sqlite/driver.js'
export { type SqliteOptions, sqliteStore } from './store/sqlite/open-sqlite.js'
