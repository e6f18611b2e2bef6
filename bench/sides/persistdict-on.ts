/** Our side, on another store than LMDB. */
import { join } from 'node:path'
import { type OpenOptions, open } from 'persistdict'
import { fileStore } from 'persistdict/file'
import { sqliteStore } from 'persistdict/sqlite'
import type { BenchRecord } from '../harness/data.js'
import type { Kind } from './kind.js'
import { type Dict, persistdict } from './persistdict.js'

const STORES = {
  sqlite: (folder: string) => sqliteStore(join(folder, 'data.db')),
  file: (folder: string) => fileStore(join(folder, 'entries')),
}

export function persistdictOn(
  store: keyof typeof STORES,
  options: OpenOptions<Record<string, BenchRecord>, string> = {},
): Kind<Dict> {
  return {
    ...persistdict(),
    open: (folder) => open<Record<string, BenchRecord>, string>(STORES[store](folder), options),
  }
}
