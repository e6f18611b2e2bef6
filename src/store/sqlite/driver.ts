/**
 * The two ways to SQLite: Node's own module, and the package better-sqlite3. Both are loaded when the
 * first store opens. The part of them that we use is the same, but for how a connection is made.
 *
 * One process must not mix them on one file: each has a SQLite of its own, and POSIX drops all locks
 * that a process has on a file when either closes it.
 */
import { createRequire } from 'node:module'
import { MissingPackageError } from '../../errors/open-errors.js'

/** Which SQLite: that of Node, or the package better-sqlite3. */
export type SqliteDriver = 'node' | 'better-sqlite3'

export type SqliteValue = number | string | Uint8Array | null

export interface SqliteStatement<Row> {
  get(...values: SqliteValue[]): Row | undefined
  iterate(...values: SqliteValue[]): IterableIterator<Row>
  run(...values: SqliteValue[]): { readonly changes: number | bigint }
}

export interface SqliteConnection {
  exec(sql: string): unknown
  close(): unknown
  prepare(sql: string): SqliteStatement<unknown>
}

/** Makes a connection to a file, which is made if it is missing. */
export type Connect = (file: string) => SqliteConnection

const require = createRequire(import.meta.url)
const loaded = new Map<SqliteDriver, Connect>()

/** How to connect; with the first driver there is, if none is asked for. Throws MissingPackageError. */
export function connector(asked: SqliteDriver | undefined): Connect {
  if (asked === 'better-sqlite3') return betterSqlite()
  const connect = nodeSqlite()
  if (connect !== undefined) return connect
  if (asked === undefined) return betterSqlite()
  throw new MissingPackageError('node:sqlite', 'use Node 22.13 or later, or the other driver', {})
}

function betterSqlite(): Connect {
  const known = loaded.get('better-sqlite3')
  if (known !== undefined) return known
  interface Module {
    new (file: string, options: { timeout: number }): SqliteConnection
  }
  let Database: Module
  try {
    Database = require('better-sqlite3') as Module
    // Its native part is loaded with the first database.
    new Database(':memory:', { timeout: 0 }).close()
  } catch (cause) {
    const remedy = 'run "npm install better-sqlite3", or use Node 22.13 or later, which has SQLite'
    throw new MissingPackageError('better-sqlite3', remedy, { cause })
  }
  // We wait for locks ourselves: see busy-wait.ts.
  const connect: Connect = (file) => new Database(file, { timeout: 0 })
  loaded.set('better-sqlite3', connect)
  return connect
}

/** Undefined where Node has none, or an early one that cannot iterate. */
function nodeSqlite(): Connect | undefined {
  const known = loaded.get('node')
  if (known !== undefined) return known
  interface Module {
    DatabaseSync: new (file: string) => SqliteConnection
    StatementSync: { prototype: object }
  }
  const module = quietly(() => {
    try {
      return require('node:sqlite') as Module
    } catch {
      return undefined
    }
  })
  if (module === undefined || !('iterate' in module.StatementSync.prototype)) return undefined
  const { DatabaseSync } = module
  const connect: Connect = (file) => new DatabaseSync(file)
  loaded.set('node', connect)
  return connect
}

/** Runs `load` without Node's warning that its SQLite is experimental: whoever opens a store knows. */
function quietly<T>(load: () => T): T {
  const { emitWarning } = process
  process.emitWarning = ((warning: string | Error, ...rest: never[]) => {
    if (!String(warning).includes('SQLite')) emitWarning.call(process, warning, ...rest)
  }) as typeof process.emitWarning
  try {
    return load()
  } finally {
    process.emitWarning = emitWarning
  }
}
