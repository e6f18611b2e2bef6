/**
 * What the rows of keys are taken to be, so that a write need not ask: whatever it relies on is checked by
 * the store when the write is applied, and one that was assumed wrongly changes nothing.
 *
 * Of a row that this process wrote or read last, the leading bytes of its record are kept: all that a
 * write needs of a plain one. Of other keys nothing is known. They are taken for new ones after one that was.
 */
import { latin1Of } from '../../bytes.js'
import type { Clock } from '../../clock.js'
import { BRIEF_HEADER_BYTES, DecodedRecord, hasBriefHeader, isExpired } from '../../codec/record.js'
import type { KeySpace } from '../../keys/key-space.js'
import { Confidence } from '../../store/confidence.js'
import type { Located } from './remote-places.js'

/** Some 400 bytes each. The ones that were written or read longest ago are forgotten. */
const MOST_ROWS = 20_000

/** Leading bytes of a record in which every change shows: its checksum, times and versions. */
export const HEAD_BYTES = Math.max(48, BRIEF_HEADER_BYTES)

/** A store that does not tell of our writes is not waited for. */
const MOST_UNTOLD = 2

interface KnownRow {
  /** Undefined if the row must be read: others have changed it, or it tells more than its head. */
  head: Uint8Array | undefined
  /** Writes of ours that the store has not told of yet, as it does of all. */
  untold: number
}

export class AssumedRows {
  readonly #clock: Clock
  readonly #rows = new Map<string, KnownRow>()
  /** Whether keys of which nothing is known are taken for new ones. */
  #expectsNew = false
  readonly #confidence = new Confidence()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /**
   * Where keys are taken to be; undefined if the store should be asked. Without `withDeadlines`, also for
   * those that will expire: what is told of that needs their records.
   */
  assume(space: KeySpace, keys: readonly string[], withDeadlines: boolean): Located[] | undefined {
    const all: Located[] = []
    for (const key of keys) {
      const located = this.#assumed(space, key, withDeadlines)
      if (located === undefined) return undefined
      all.push(located)
    }
    return this.#confidence.take() ? all : undefined
  }

  /** What was assumed was right. */
  wasRight(): void {
    this.#confidence.learn(true)
  }

  /** The rows were read that are about to be written, and some may have been assumed before. */
  wereRead(found: readonly Located[], assumed: readonly Located[] | undefined): void {
    this.#expectsNew = found.every(({ record }) => record === undefined)
    const wrong = assumed?.filter(
      (each, at) => each.record !== undefined && !isSame(each, found[at] as Located),
    )
    if (wrong === undefined || wrong.length === 0) return
    this.#confidence.learn(false)
    for (const { place } of wrong) this.removed(place.storageKey)
  }

  /** This process is about to put a row, of which the store may tell before it answers. */
  writing(storageKey: Uint8Array): void {
    const name = latin1Of(storageKey)
    const untold = this.#rows.get(name)?.untold ?? 0
    // Until it is known what became of it.
    this.#keep(name, { head: undefined, untold: Math.min(untold + 1, MOST_UNTOLD) })
  }

  /** It has put it. */
  wrote(storageKey: Uint8Array, record: Uint8Array, hasTags: boolean): void {
    this.#learn(latin1Of(storageKey), headOf(record, hasTags))
  }

  /** It has not put it: another row was there than it relied on. */
  refused(storageKey: Uint8Array): void {
    const row = this.#rows.get(latin1Of(storageKey))
    if (row !== undefined && row.untold > 0) row.untold--
  }

  /** The row was read, and is the latest as far as is known. */
  read({ place, record }: Located): void {
    if (record === undefined) return
    const hasTags = place.fields === undefined || place.fields.tags.length > 0
    this.#learn(latin1Of(place.storageKey), headOf(record, hasTags))
  }

  /** This process has removed a row. */
  removed(storageKey: Uint8Array): void {
    this.#rows.delete(latin1Of(storageKey))
  }

  /** The store tells that a row has changed: by us, if that was not told yet, or by others. */
  told(storageKey: Uint8Array): void {
    if (this.#rows.size === 0) return
    const row = this.#rows.get(latin1Of(storageKey))
    if (row === undefined) return
    if (row.untold > 0) row.untold--
    else row.head = undefined
  }

  /** Anything may have changed. */
  clear(): void {
    this.#rows.clear()
  }

  #assumed(space: KeySpace, key: string, withDeadlines: boolean): Located | undefined {
    const storageKey = space.encode(key)
    // Keys with one digest form a chain, of which more must be known.
    if (space.isHashed(storageKey) && !space.hasUniqueDigests) return undefined
    const row = this.#rows.get(latin1Of(storageKey))
    if (row !== undefined && row.head === undefined) return undefined
    const fields = row?.head && new DecodedRecord(row.head)
    if (fields === undefined || isPast(fields, this.#clock)) {
      return this.#expectsNew ? located(key, storageKey, undefined, undefined) : undefined
    }
    if (fields.expiresAt !== 0 && !withDeadlines) return undefined
    return located(key, storageKey, fields, row?.head)
  }

  #learn(name: string, head: Uint8Array | undefined): void {
    const row = this.#rows.get(name)
    if (row === undefined) this.#keep(name, { head, untold: 0 })
    else row.head = head
  }

  #keep(name: string, row: KnownRow): void {
    this.#rows.delete(name)
    this.#rows.set(name, row)
    if (this.#rows.size <= MOST_ROWS) return
    const [oldest] = this.#rows.keys()
    this.#rows.delete(oldest as string)
  }
}

function isPast({ expiresAt }: DecodedRecord, clock: Clock): boolean {
  return expiresAt !== 0 && isExpired(expiresAt, clock.now())
}

function located(
  key: string,
  storageKey: Uint8Array,
  fields: DecodedRecord | undefined,
  record: Uint8Array | undefined,
): Located {
  const place = { storageKey, fields }
  return { key, place, record, chain: undefined, invalidatedAt: 0, tagDoubt: undefined }
}

function headOf(record: Uint8Array, hasTags: boolean): Uint8Array | undefined {
  if (hasTags || !hasBriefHeader(record)) return undefined
  return Uint8Array.prototype.slice.call(record, 0, HEAD_BYTES)
}

/** Whether a row is as it was assumed: no two records have one version. */
function isSame(one: Located, other: Located): boolean {
  return one.place.fields?.version === other.place.fields?.version
}
