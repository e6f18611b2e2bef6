/** Looking through what is kept beside the entries: times of access, and invalidations of tags. */
import { ByteReader, equalBytes, ownedBytes } from '../../bytes.js'
import type { KeySpace } from '../../keys/key-space.js'
import type { StoreReader } from '../../store/sync-store.js'
import { ACCESSED } from '../access-times.js'
import type { Session } from '../session.js'
import { isReadable, TAGS } from '../tags.js'
import type { Inspected, Suspicion } from './finding.js'
import { quarantineMark } from './quarantine.js'

const UINT48_BYTES = 6

/** What is told of such a mark, on every store. */
export const UNREADABLE_MARK =
  'It cannot be read when the tag was invalidated: no entry with the tag is read. Repaired, all are, those that had been invalidated included: invalidate the tag again if they may be old.'

/** Rows of a step. */
const STEP_ROWS = 128

type SpaceOf = (storageKey: Uint8Array) => KeySpace | undefined

/** Each step yields the rows that are not what they should be. */
export function* sideSteps(reader: Inspected, spaceOf: SpaceOf): Generator<readonly Suspicion[]> {
  yield* steps(reader, ACCESSED, (key, bytes) =>
    isAccessTime(reader, key, bytes)
      ? undefined
      : suspicion(
          'access',
          spaceOf(key),
          key,
          'Its time of access cannot be read or found by time.',
        ),
  )
  yield* steps(reader, TAGS, (key, bytes) =>
    isReadable({ key, record: bytes })
      ? undefined
      : suspicion('tag', spaceOf(key), key, UNREADABLE_MARK),
  )
}

/** How to put a row right; `'gone'` if nothing is wrong with it any more. */
export function sideRepair(
  session: Session,
  kind: 'access' | 'tag',
  key: Uint8Array,
): (() => void) | 'gone' {
  const { tx } = session
  const bytes = tx.get(kind === 'access' ? ACCESSED : TAGS, key)
  if (bytes === undefined) return 'gone'
  if (kind === 'tag') {
    return isReadable({ key, record: bytes }) ? 'gone' : () => quarantineMark(session, key, bytes)
  }
  // The next access makes it anew.
  return isAccessTime(tx, key, bytes) ? 'gone' : () => void tx.delete(ACCESSED, key)
}

function* steps(
  reader: Inspected,
  bucket: string,
  look: (key: Uint8Array, bytes: Uint8Array) => Suspicion | undefined,
): Generator<readonly Suspicion[]> {
  let after: Uint8Array | undefined
  do {
    const rows: { readonly key: Uint8Array; readonly bytes: Uint8Array }[] = []
    after = reader.walk(bucket, after === undefined ? {} : { after }, STEP_ROWS, (key, lent) => {
      rows.push({ key: ownedBytes(key), bytes: ownedBytes(lent) })
    })
    yield rows.map(({ key, bytes }) => look(key, bytes)).filter((each) => each !== undefined)
  } while (after !== undefined)
}

function isAccessTime(
  reader: Pick<StoreReader, 'due'>,
  key: Uint8Array,
  bytes: Uint8Array,
): boolean {
  if (bytes.length !== UINT48_BYTES) return false
  const deadline = new ByteReader(bytes, 0).uint48()
  const [hint] = reader.due(ACCESSED, deadline, 1, { deadline, key })
  return hint !== undefined && equalBytes(hint.key, key)
}

function suspicion(
  kind: 'access' | 'tag',
  space: KeySpace | undefined,
  storageKey: Uint8Array,
  what: string,
): Suspicion {
  return { kind, space, storageKey, key: space?.shownRow(storageKey), what }
}
