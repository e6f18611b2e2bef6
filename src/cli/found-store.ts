/** What is at a path: a store of which kind, or nothing. */
import { closeSync, existsSync, openSync, readdirSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { CheckedConfig } from '../config/check-config.js'

type LocalKind = 'lmdb' | 'file' | 'sqlite'

const SQLITE_MARK = 'SQLite format 3\0'
/** Files in the directory of a store: of LMDB the first generation, or which one lives; of files, a log. */
const LMDB_FILE = /^(g\d+|CURRENT)$/
const FILE_STORE_FILE = /^log\.\d+$/

/** The kind of the store at a path, by what is there; undefined if there is nothing that tells. */
export function kindAt(path: string): LocalKind | undefined {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found?.isFile()) return beginsWith(path, SQLITE_MARK) ? 'sqlite' : undefined
  if (!found?.isDirectory()) return undefined
  const names = readdirSync(path)
  if (names.some((name) => LMDB_FILE.test(name))) return 'lmdb'
  return names.some((name) => FILE_STORE_FILE.test(name)) ? 'file' : undefined
}

/** Whether the files of a store are not there. What is behind a server is not known before it is asked. */
export function isMissing(store: CheckedConfig['store']): boolean {
  switch (store.kind) {
    case 'lmdb':
    case 'file':
      return kindAt(store.path) !== store.kind && !existsSync(join(store.path, 'gate.mdb'))
    case 'sqlite':
      return !existsSync(store.path)
    default:
      return false
  }
}

function beginsWith(path: string, mark: string): boolean {
  const bytes = Buffer.alloc(mark.length)
  const file = openSync(path, 'r')
  try {
    readSync(file, bytes, 0, mark.length, 0)
  } finally {
    closeSync(file)
  }
  return bytes.toString('latin1') === mark
}
