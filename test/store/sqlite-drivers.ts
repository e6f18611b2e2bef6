import { createRequire } from 'node:module'
import type { SqliteDriver } from '../../src/sqlite.js'

const require = createRequire(import.meta.url)

/** The drivers that this Node can load: its own from 22.13 on; better-sqlite3 where it was built for it. */
export const SQLITE_DRIVERS: readonly SqliteDriver[] = [
  ...(loads(() => require('node:sqlite')) ? (['node'] as const) : []),
  ...(loads(() => new (require('better-sqlite3'))(':memory:'))
    ? (['better-sqlite3'] as const)
    : []),
]

function loads(load: () => unknown): boolean {
  try {
    load()
    return true
  } catch {
    return false
  }
}
