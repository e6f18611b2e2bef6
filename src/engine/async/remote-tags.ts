/**
 * Invalidating entries of an AsyncStore by tag, by the rows of tags.ts.
 *
 * CACHES. A cached entry with tags is served only while nothing was invalidated since it was read:
 * `epoch` moves with each invalidation that the store tells of, and with our own.
 *
 * VERSIONS. Whoever writes takes a version, reads, and commits. An entry is gone if its version is less
 * than that of the invalidation, whichever of both was committed first: they met, and either order
 * of the two is true.
 */
import { writeUint48 } from '../../bytes.js'
import type { Clock } from '../../clock.js'
import type { KeySpace } from '../../keys/key-space.js'
import type { AsyncStore } from '../../store/async-store.js'
import type { CommitPromise } from '../../store/sync-store.js'
import { invalidatedAt, TAGS, type Tagged, VERSION_BYTES } from '../tags.js'
import { CONFLICT, tries } from './tries.js'

/** What is not invalidated has versions above this. */
const NEVER = 0

export class RemoteTags {
  /** See above. */
  epoch = 0
  readonly #store: AsyncStore

  constructor(store: AsyncStore) {
    this.#store = store
  }

  /**
   * The versions below which entries are gone, in their order: the newest invalidation of any of their
   * tags; 0 for none.
   */
  async limits(space: KeySpace, entries: readonly (Tagged | undefined)[]): Promise<number[]> {
    const tags = [...new Set(entries.flatMap((entry) => entry?.tags ?? []))]
    if (tags.length === 0) return entries.map(() => NEVER)
    const rows = await this.#store.getMany(
      TAGS,
      tags.map((tag) => space.encode(tag)),
    )
    const limits = new Map(tags.map((tag, at) => [tag, limitOf(rows[at])]))
    return entries.map((entry) =>
      (entry?.tags ?? []).reduce((most, tag) => Math.max(most, limits.get(tag) ?? NEVER), NEVER),
    )
  }

  /** Those of entries that were not invalidated. */
  async kept<T extends Tagged>(space: KeySpace, entries: readonly T[]): Promise<T[]> {
    const limits = await this.limits(space, entries)
    return entries.filter(({ version }, at) => version >= (limits[at] as number))
  }

  /** Invalidates all entries of the namespace that have one of the tags now. */
  async invalidate(
    space: KeySpace,
    tags: readonly string[],
    clock: Clock,
    promise: CommitPromise,
  ): Promise<void> {
    try {
      await Promise.all(
        tags.map((tag) => invalidateRemote(this.#store, space.encode(tag), clock, promise)),
      )
    } finally {
      // Also after a failure, which may have come after the row was written.
      this.epoch++
    }
  }

  /** Whether anything of the namespace was invalidated and not swept since. */
  async hasAny(space: KeySpace): Promise<boolean> {
    return (await this.#store.scan(TAGS, space.bounds(), 1)).length > 0
  }
}

/** Invalidates a tag that is known by its key in the bucket. Never takes a later invalidation back. */
export function invalidateRemote(
  store: AsyncStore,
  key: Uint8Array,
  clock: Clock,
  promise: CommitPromise,
): Promise<void> {
  return tries(clock, 'tag', async () => {
    const version = await store.nextVersions(1)
    const before = await store.get(TAGS, key)
    if (before?.length === VERSION_BYTES && invalidatedAt(before) >= version) return
    const record = Buffer.alloc(VERSION_BYTES)
    writeUint48(record, 0, version)
    const isApplied = await store.commit({
      promise,
      checks: [{ bucket: TAGS, key, starts: before }],
      operations: [{ kind: 'put', bucket: TAGS, key, record, deadline: 0 }],
    })
    return isApplied ? undefined : CONFLICT
  })
}

function limitOf(row: Uint8Array | undefined): number {
  return row === undefined ? NEVER : invalidatedAt(row)
}
