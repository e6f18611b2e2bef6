/**
 * The store that an argument names: `sqlite:PATH`, `file:PATH`, or the PATH of an LMDB directory.
 */
import { lmdbStore } from 'persistdict'
import { fileStore } from 'persistdict/file'
import { sqliteStore } from 'persistdict/sqlite'

const MAKERS = { sqlite: sqliteStore, file: fileStore }

export function storeAt(place) {
  const [, kind, path] = /^(\w+):(.*)$/s.exec(place) ?? []
  return kind === undefined ? lmdbStore(place) : MAKERS[kind](path)
}
