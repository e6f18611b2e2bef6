/**
 * Dicts on the stores that several processes can share, by name, for children that are told which. A new
 * store is a line here, and in ../lost-updates.test.ts. A dict of an asynchronous store fits, too:
 * children await what its methods return.
 */
import { open, openAsync } from 'persistdict'
import { fileStore } from 'persistdict/file'
import { redisStore } from 'persistdict/redis'
import { sqliteStore } from 'persistdict/sqlite'

export const OPENERS = {
  'lmdb, batched': (place) => open(place),
  'lmdb, commit': (place) => open(place, { durability: 'commit' }),
  'lmdb, sync': (place) => open(place, { durability: 'sync' }),
  'lmdb, asked': (place) => open(place, { durability: 'commit', lmdb: { changeClock: 'asked' } }),
  'sqlite, batched': (place) => open(sqliteStore(place)),
  'sqlite, commit': (place) => open(sqliteStore(place), { durability: 'commit' }),
  'file, batched': (place) => open(fileStore(place)),
  /** The place is the server's address, a blank, and a prefix. */
  redis: (place) => {
    const [url, prefix] = place.split(' ')
    return openAsync(redisStore({ url, prefix }))
  },
  'file, commit': (place) => open(fileStore(place), { durability: 'commit' }),
}
