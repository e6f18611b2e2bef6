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
import type { Clock } from '../../clock.js'
import type { UnreadableTagError } from '../../errors/value-errors.js'
import type { KeySpace } from '../../keys/key-space.js'
import type { AsyncStore } from '../../store/async-store.js'
import type { CommitPromise, StoreRow } from '../../store/sync-store.js'
import {
  invalidatedAt,
  isReadable,
  markOf,
  TAGS,
  type Tagged,
  type Unreadable,
  unreadableTag,
} from '../tags.js'
import { CONFLICT, tries } from './tries.js'

/** What is known of the invalidations of an entry's tags. */
export interface TagLimit {
  /** An entry whose version is below was invalidated; 0 for none. */
  readonly version: number
  /** A mark cannot be read that might concern the entry, too. */
  readonly doubt: UnreadableTagError | undefined
}

const NEVER: TagLimit = { version: 0, doubt: undefined }

/** Marks read at a time. */
const STEP_MARKS = 64

export class RemoteTags {
  /** See above. */
  epoch = 0
  readonly #store: AsyncStore

  constructor(store: AsyncStore) {
    this.#store = store
  }

  /** The newest invalidations of any tag of each entry, in their order. */
  async limits(space: KeySpace, entries: readonly (Tagged | undefined)[]): Promise<TagLimit[]> {
    const tags = [...new Set(entries.flatMap((entry) => entry?.tags ?? []))]
    if (tags.length === 0) return entries.map(() => NEVER)
    const keys = tags.map((tag) => space.encode(tag))
    const rows = await this.#store.getMany(TAGS, keys)
    const limits = new Map(
      tags.map((tag, at) => [tag, limitOf(space, tag, keys[at] as Uint8Array, rows[at])]),
    )
    return entries.map((entry) =>
      (entry?.tags ?? []).map((tag) => limits.get(tag) ?? NEVER).reduce(both, NEVER),
    )
  }

  /** Those of entries that were not invalidated. Rejects with UnreadableTagError. */
  async kept<T extends Tagged>(
    space: KeySpace,
    entries: readonly T[],
    unreadable: Unreadable = 'throw',
  ): Promise<T[]> {
    const limits = await this.limits(space, entries)
    return entries.filter(({ version }, at) => {
      const limit = limits[at] as TagLimit
      if (version < limit.version) return false
      if (limit.doubt !== undefined && unreadable === 'throw') throw limit.doubt
      return true
    })
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
    return (await readableRemoteMarks(this.#store, space.bounds(), 1)).length > 0
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
    const known = before && invalidatedAt(key, before)
    if (known !== undefined && known >= version) return
    const record = markOf(key, version)
    const isApplied = await store.commit({
      promise,
      checks: [{ bucket: TAGS, key, starts: before }],
      operations: [{ kind: 'put', bucket: TAGS, key, record, deadline: 0 }],
    })
    return isApplied ? undefined : CONFLICT
  })
}

/** As readableMarks() of tags.ts. */
export async function readableRemoteMarks(
  store: AsyncStore,
  range: { readonly from?: Uint8Array; readonly to?: Uint8Array },
  limit: number,
): Promise<StoreRow[]> {
  const found: StoreRow[] = []
  let after: Uint8Array | undefined
  do {
    const rest = after === undefined ? range : { ...range, after }
    const rows: StoreRow[] = await store.scan(TAGS, rest, STEP_MARKS)
    found.push(...rows.filter(isReadable))
    after = rows.at(-1)?.key
  } while (after !== undefined && found.length < limit)
  return found.slice(0, limit)
}

function limitOf(
  space: KeySpace,
  tag: string,
  key: Uint8Array,
  row: Uint8Array | undefined,
): TagLimit {
  if (row === undefined) return NEVER
  const version = invalidatedAt(key, row)
  return version === undefined
    ? { version: 0, doubt: unreadableTag(space, tag) }
    : { version, doubt: undefined }
}

function both(a: TagLimit, b: TagLimit): TagLimit {
  return { version: Math.max(a.version, b.version), doubt: a.doubt ?? b.doubt }
}
