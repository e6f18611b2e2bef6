import type { AsyncStore, Batch, CommonRows } from '../async-store.js'
import { ownBatch } from './own-batch.js'

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
