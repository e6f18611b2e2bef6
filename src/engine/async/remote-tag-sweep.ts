/** Removing the rows of entries of an AsyncStore that were invalidated by tag, as tag-sweep.ts does it. */
import { afterPrefix } from '../../bytes.js'
import { isExpired } from '../../codec/record.js'
import { type KeySpace, namespacePrefix } from '../../keys/key-space.js'
import type { AsyncStore, RowCheck } from '../../store/async-store.js'
import type { StoreRow } from '../../store/sync-store.js'
import { openedFields, ROWS } from '../row.js'
import { TAGS, type Tagged } from '../tags.js'
import { type RemoteTags, readableRemoteMarks } from './remote-tags.js'

/** Rows looked at in one step. */
const STEP_ROWS = 256

/** What a sweep needs of an engine. */
export interface TagSweepParts {
  readonly store: AsyncStore
  readonly tags: RemoteTags
  /** The namespace with this prefix; undefined if it never had entries. */
  readonly spaceAt: (prefix: Uint8Array) => Promise<KeySpace | undefined>
  /** Removes a row if the check holds. */
  readonly remove: (check: RowCheck) => Promise<boolean>
}

interface Found extends Tagged {
  readonly row: StoreRow
  readonly expiresAt: number
}

/** Removes the rows of all invalidated entries; resolves to how many went. */
export async function sweepRemoteTags(parts: TagSweepParts): Promise<number> {
  let removed = 0
  for (let from: Uint8Array | undefined = new Uint8Array(0); from !== undefined; ) {
    const [first]: StoreRow[] = await readableRemoteMarks(parts.store, { from }, 1)
    if (first === undefined) return removed
    const prefix = namespacePrefix(first.key)
    removed += await sweepNamespace(parts, prefix)
    from = afterPrefix(prefix)
  }
  return removed
}

/** The invalidations that were there when it began have done their work when it ends, and go. */
async function sweepNamespace(parts: TagSweepParts, prefix: Uint8Array): Promise<number> {
  const { store, remove } = parts
  const range = { from: prefix, to: afterPrefix(prefix) as Uint8Array }
  const marks = await readableRemoteMarks(store, range, STEP_ROWS)
  const space = await parts.spaceAt(prefix)
  let removed = 0
  if (space !== undefined) {
    for await (const found of invalidated(parts.store, parts.tags, space)) {
      const { key, record } = found.row
      if (await remove({ bucket: ROWS, key, starts: record })) removed++
    }
  }
  for (const { key, record } of marks) await remove({ bucket: TAGS, key, starts: record })
  return removed
}

/** How many entries of a namespace were invalidated and are still there, expired ones left out. */
export async function countRemoteInvalidated(
  store: AsyncStore,
  tags: RemoteTags,
  space: KeySpace,
  now: number,
): Promise<number> {
  let count = 0
  for await (const { expiresAt } of invalidated(store, tags, space)) {
    if (!isExpired(expiresAt, now)) count++
  }
  return count
}

async function* invalidated(
  store: AsyncStore,
  tags: RemoteTags,
  space: KeySpace,
): AsyncGenerator<Found> {
  const bounds = space.bounds()
  for (let after: Uint8Array | undefined; ; ) {
    const rows = await store.scan(
      ROWS,
      after === undefined ? bounds : { ...bounds, after },
      STEP_ROWS,
    )
    if (rows.length === 0) return
    after = rows.at(-1)?.key
    const tagged = rows.flatMap((row): Found[] => {
      const fields = openedFields(space, row.key, row.record)
      if (fields === undefined || fields.tags.length === 0) return []
      const { version, expiresAt } = fields
      return [{ row, tags: fields.tags, version, expiresAt }]
    })
    const kept = new Set(await tags.kept(space, tagged, 'ignore'))
    yield* tagged.filter((each) => !kept.has(each))
  }
}
