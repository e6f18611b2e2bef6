import type { AsyncStore, Batch, CommonRows } from '../async-store.js'
import type { RowUses } from '../row-uses.js'
import { ownBatch, ownBytes } from './own-batch.js'

/** Reads and commits of the far tier, each of which waits until all that was queued before is sent. */
export function pastQueue(
  far: AsyncStore,
  settled: () => Promise<void>,
  commitThrough: (batch: Batch) => Promise<boolean>,
): CommonRows {
  return {
    async get(bucket, key) {
      await settled()
      return far.get(bucket, key)
    },
    async scan(bucket, range, limit) {
      await settled()
      return far.scan(bucket, range, limit)
    },
    async commit(batch) {
      const own = ownBatch(batch)
      await settled()
      return commitThrough(own)
    },
  }
}

/**
 * The times of use that the far tier keeps. They are noted there at once, and not queued: whoever notes
 * them tries again. What goes by whether rows are there waits until all that was queued is sent.
 */
export function usesPastQueue(uses: RowUses, settled: () => Promise<void>): RowUses {
  return {
    note: (bucket, list, replaces) => uses.note(bucket, list, replaces),
    times: (bucket, keys) => uses.times(bucket, keys),
    async unused(bucket, until, limit) {
      await settled()
      return uses.unused(bucket, until, limit)
    },
    async forgetGone(bucket, keys) {
      const own = keys.map(ownBytes)
      await settled()
      await uses.forgetGone(bucket, own)
    },
  }
}
