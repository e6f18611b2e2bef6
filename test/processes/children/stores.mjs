/**
 * Dicts on the stores that several processes can share, by name, for children that are told which. A new
 * store is a line here, and in ../lost-updates.test.ts. A dict of an asynchronous store fits, too:
 * children await what its methods return.
 */
import { lmdbStore, open, openAsync } from 'persistdict'
import { fileStore } from 'persistdict/file'
import { redisStore } from 'persistdict/redis'
import { sqliteStore } from 'persistdict/sqlite'
import { tiered } from 'persistdict/tiered'

export const OPENERS = {
  'lmdb, batched': (place) => open(place),
  'lmdb, commit': (place) => open(place, { durability: 'commit' }),
  'lmdb, sync': (place) => open(place, { durability: 'sync' }),
  'lmdb, asked': (place) => open(place, { durability: 'commit', lmdb: { changeClock: 'asked' } }),
  'sqlite, batched': (place) => open(sqliteStore(place)),
  'sqlite, commit': (place) => open(sqliteStore(place), { durability: 'commit' }),
  'file, batched': (place) => open(fileStore(place)),
  'file, commit': (place) => open(fileStore(place), { durability: 'commit' }),
  /** The place is the server's address, a prefix, and a directory if one is needed, with blanks between. */
  redis: (place) => {
    const [url, prefix] = place.split(' ')
    return openAsync(redisStore({ url, prefix }))
  },
  /** What was written is sent when the dict is closed. */
  tiered: (place) => {
    const [url, prefix, directory] = place.split(' ')
    const [near, far] = [lmdbStore(directory), redisStore({ url, prefix })]
    return openAsync(tiered({ near, far, write: 'behind' }))
  },
}
