import { UnsupportedError } from '../../errors/store-errors.js'
import type { StoreUpkeep, SyncStore } from '../../store/sync-store.js'

/** What looks after the files of a store. Throws UnsupportedError for a store that has none. */
export function storeUpkeep({ kind, upkeep }: SyncStore, what: keyof StoreUpkeep): StoreUpkeep {
  if (upkeep === undefined) throw new UnsupportedError(kind, what)
  return upkeep
}
