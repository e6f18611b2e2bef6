/** What open() is given as the place of a dict. */
import { kindOf } from '../errors/checked-argument.js'
import { OptionError } from '../errors/option-error.js'
import { lmdbStore } from '../store/lmdb/open-lmdb.js'
import type { SyncStore } from '../store/sync-store.js'
import type { OpenOptions } from './open-options.js'

/** The addresses of configurations and of the command line. */
const ADDRESS = /^(?:lmdb|file|sqlite|memory|rediss?):/i

/** The store at a place. Throws OptionError for what is none, and what opening LMDB throws. */
export function storeAt(place: unknown, options: OpenOptions): SyncStore {
  if (typeof place === 'string' && place !== '') {
    if (!ADDRESS.test(place)) return lmdbStore(place, options.lmdb)
    // It may hold a password, and is not shown.
    throw wrong(
      'an address. Give a store, such as sqliteStore(path), or redisStore({ url }) to openAsync(); or the address to openFromConfig({ store }) of persistdict/config. A directory of such a name is "./name:"',
    )
  }
  if (isSyncStore(place)) return place
  if (typeof (place as { commit?: unknown } | null | undefined)?.commit === 'function') {
    throw wrong('an asynchronous store. Use openAsync({ store })')
  }
  if (place instanceof URL) throw wrong('a URL. Use fileURLToPath(url) of node:url')
  throw wrong(place === '' ? 'an empty string' : kindOf(place))
}

function isSyncStore(place: unknown): place is SyncStore {
  return typeof (place as Partial<SyncStore> | null | undefined)?.transaction === 'function'
}

function wrong(given: string): OptionError {
  return new OptionError(
    'path',
    `open() takes the path of a directory, or a store such as memoryStore(), and was given ${given}.`,
  )
}
