/** What is at a path: a store of which kind, or nothing. */
import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { CheckedConfig } from '../config/check-config.js'
import { type DirectoryKind, kindsIn } from '../store/local-directory.js'

type LocalKind = DirectoryKind | 'sqlite'

const SQLITE_MARK = 'SQLite format 3\0'

/** The kind of the store at a path, by what is there; undefined if there is nothing that tells. */
export function kindAt(path: string): LocalKind | undefined {
  const found = statSync(path, { throwIfNoEntry: false })
  if (found?.isFile()) return beginsWith(path, SQLITE_MARK) ? 'sqlite' : undefined
  if (!found?.isDirectory()) return undefined
  const [kind] = kindsIn(path)
  return kind
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
