import { StoreError } from '../../errors/store-errors.js'
import { type AsyncStore, commonRows } from '../../store/async-store.js'
import {
  compareIdentity,
  type FirstRow,
  FORMAT,
  type FormatIdentity,
  identityRow,
  META,
} from '../format-identity.js'

/** Those who open a new store at once: one writes, the others compare when they look again. */
const MAX_LOOKS = 3

/**
 * As checkIdentity(), for an AsyncStore. The first row comes before the identity, as not every store
 * takes both at once: whoever finds an identity finds the row, too. `accept` looks at that row, and
 * rejects if it does not fit; then there is no identity yet.
 */
export async function checkRemoteIdentity(
  store: AsyncStore,
  asked: FormatIdentity,
  first?: FirstRow,
  accept: () => Promise<unknown> = async () => {},
): Promise<void> {
  for (let looks = 0; looks < MAX_LOOKS; looks++) {
    const row = await store.get(META, FORMAT)
    if (row !== undefined) {
      compareIdentity(store.location, row, asked)
      return
    }
    if (first !== undefined && (await store.get(META, first.key)) === undefined) {
      // Whoever was faster has made the one that counts.
      await putOnce(store, first.key, first.make())
    }
    await accept()
    if (await putOnce(store, FORMAT, identityRow(asked))) return
  }
  throw new StoreError(
    `The store ${store.location} refuses its format identity as if it had one, and has none.`,
  )
}

/** Puts a row of the bucket `meta` unless it is there; true if it was not, for any host. */
function putOnce(store: AsyncStore, key: Uint8Array, record: Uint8Array): Promise<boolean> {
  return commonRows(store).commit({
    promise: 'synced',
    checks: [{ bucket: META, key, starts: undefined }],
    operations: [{ kind: 'put', bucket: META, key, record, deadline: 0 }],
  })
}
