import { StoreError } from '../../errors/store-errors.js'
import type { AsyncStore } from '../../store/async-store.js'
import {
  compareIdentity,
  FORMAT,
  type FormatIdentity,
  identityRow,
  META,
} from '../format-identity.js'

/** Those who open a new store at once: one writes, the others compare when they look again. */
const MAX_LOOKS = 3

/** As checkIdentity(), for an AsyncStore. */
export async function checkRemoteIdentity(store: AsyncStore, asked: FormatIdentity): Promise<void> {
  for (let looks = 0; looks < MAX_LOOKS; looks++) {
    const row = await store.get(META, FORMAT)
    if (row !== undefined) {
      compareIdentity(store.location, row, asked)
      return
    }
    const applied = await store.commit({
      promise: 'synced',
      checks: [{ bucket: META, key: FORMAT, starts: undefined }],
      operations: [
        { kind: 'put', bucket: META, key: FORMAT, record: identityRow(asked), deadline: 0 },
      ],
    })
    if (applied) return
  }
  throw new StoreError(
    `The store ${store.location} refuses its format identity as if it had one, and has none.`,
  )
}
