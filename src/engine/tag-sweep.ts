/** Removing the rows of entries that were invalidated by tag. */
import { afterPrefix, equalBytes, ownedBytes } from '../bytes.js'
import { type KeySpace, namespacePrefix } from '../keys/key-space.js'
import type { StoreReader } from '../store/sync-store.js'
import { pathOf } from './count.js'
import type { Engine } from './engine.js'
import { openedFields, ROWS } from './row.js'
import type { Session } from './session.js'
import { isInvalidated, readableMarks, TAGS, type Tagged } from './tags.js'

/** Rows looked at in one step. */
const STEP_ROWS = 256

interface Candidate extends Tagged {
  readonly storageKey: Uint8Array
}

/**
 * One pass through the namespaces in which something was invalidated. When it has gone through one to
 * its end, the invalidations that were there when it began have done their work, and go. Marks that cannot be read
 * stay, and nothing goes because of them.
 */
export class TagSweep {
  readonly #engine: Engine
  #space: KeySpace | undefined
  #after: Uint8Array | undefined
  /** The invalidations of the namespace as they were when the pass began. */
  #marks: { readonly key: Uint8Array; readonly record: Uint8Array }[] = []

  constructor(engine: Engine) {
    this.#engine = engine
  }

  isDue(reader: StoreReader): boolean {
    return this.#space !== undefined || readableMarks(reader, {}, 1).length > 0
  }

  /** Looks at up to so many rows; returns how many it looked at, and counts what it removed. */
  step(session: Session, rows: number): { looked: number; removed: number } {
    const { tx } = session
    this.#space ??= this.#begin(session)
    const space = this.#space
    if (space === undefined) return { looked: 0, removed: 0 }
    const bounds = space.bounds()
    const range = this.#after === undefined ? bounds : { ...bounds, after: this.#after }
    const found: Candidate[] = []
    let looked = 0
    const last = tx.walk(ROWS, range, rows, (storageKey, record) => {
      looked++
      const fields = openedFields(space, storageKey, record)
      if (fields === undefined || fields.tags.length === 0) return
      found.push({ storageKey: ownedBytes(storageKey), tags: fields.tags, version: fields.version })
    })
    let removed = 0
    for (const candidate of found) {
      if (!isInvalidated(tx, space, candidate, 'ignore')) continue
      if (session.removeInvalidated(space, candidate.storageKey)) removed++
    }
    this.#after = last
    // More than was asked for may be left in this namespace; the next one is begun in the next step.
    if (last === undefined) this.#end(session)
    return { looked: Math.max(looked, 1), removed }
  }

  #begin(session: Session): KeySpace | undefined {
    const { tx } = session
    const [first] = readableMarks(tx, {}, 1)
    if (first === undefined) return undefined
    const prefix = namespacePrefix(first.key)
    const range = { from: prefix, to: afterPrefix(prefix) as Uint8Array }
    this.#marks = readableMarks(tx, range, STEP_ROWS)
    const path = pathOf(tx, prefix)
    if (path !== undefined) return this.#engine.space(path)
    // Nothing was ever set there.
    this.#end(session)
    return undefined
  }

  #end(session: Session): void {
    for (const { key, record } of this.#marks) {
      const now = session.tx.get(TAGS, key)
      if (now !== undefined && equalBytes(now, record)) session.tx.delete(TAGS, key)
    }
    session.hasWritten = true
    this.#space = undefined
    this.#after = undefined
    this.#marks = []
  }
}

/** Removes the rows of all invalidated entries; returns how many entries went. */
export function sweepTags(engine: Engine): number {
  const sweep = new TagSweep(engine)
  let removed = 0
  while (sweep.isDue(engine.reader())) {
    removed += engine.transaction((session) => sweep.step(session, STEP_ROWS).removed)
  }
  return removed
}

/** How many entries of a namespace were invalidated and are still there, expired ones left out. */
export function countInvalidated(reader: StoreReader, space: KeySpace, now: number): number {
  let count = 0
  const bounds = space.bounds()
  let after: Uint8Array | undefined
  do {
    const found: Tagged[] = []
    const range = after === undefined ? bounds : { ...bounds, after }
    after = reader.walk(ROWS, range, STEP_ROWS, (key, record) => {
      const fields = openedFields(space, key, record)
      if (fields === undefined || fields.tags.length === 0 || !fields.isCounted) return
      if (fields.expiresAt !== 0 && fields.expiresAt <= now) return
      found.push({ tags: fields.tags, version: fields.version })
    })
    for (const tagged of found) if (isInvalidated(reader, space, tagged, 'ignore')) count++
  } while (after !== undefined)
  return count
}
