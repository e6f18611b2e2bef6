/**
 * What writes mean, inside one store transaction.
 *
 * A session reads and writes rows, keeps the deadline index and the counts of namespaces true, and
 * notes which keys it touched. It exists as long as the transaction and writes its counts at its end.
 */
import { DecodedRecord, decodeRecord, isExpired } from '../codec/record.js'
import type { KeySpace } from '../keys/key-space.js'
import type { StoreTransaction } from '../store/sync-store.js'
import type { Change, ChangeList } from './change.js'
import { readCount, writeCount } from './count.js'
import { HOLE, limited, newRecord, retiredRow } from './new-record.js'
import {
  encodeRow,
  findRow,
  type Instant,
  keyOfRow,
  openedFields,
  type Place,
  placeOf,
  ROWS,
  readableFields,
} from './row.js'
import type { RowFacts, RowObserver } from './row-observer.js'
import { isInvalidated, type Unreadable } from './tags.js'
import type { SetWrite, Sighting, Write } from './write.js'

/** Rows that clear() takes at a time: enough to be quick, few enough to hold in memory. */
const CLEAR_STEP_ROWS = 1_000

export interface SessionParts {
  /** Takes what is done here, if anybody wants to know. */
  readonly changes?: ChangeList | undefined
  /** Is told of rows. */
  readonly observer?: RowObserver | undefined
  /** No entry lives longer after it was made. @default Infinity */
  readonly maxAgeMs?: number | undefined
  /** As CachedReads counted them: sightings of as many hold. @default none holds */
  readonly foreignChanges?: number | undefined
}

export class Session {
  readonly tx: StoreTransaction
  /** One instant for the whole transaction: nothing expires in its middle. */
  readonly now: number
  readonly #inserted = new Map<KeySpace, number>()
  #changes: ChangeList | undefined
  readonly #instant: Instant
  /** Why this session must not commit, although its callback returned. */
  failure: unknown
  /** A row was put or removed: the commit will move the change id, and is ours for certain. */
  hasWritten = false

  /** The ids of keys whose entries went without a write: no cache may have them any more. */
  readonly gone: string[] = []
  readonly #observer: RowObserver | undefined
  readonly #maxAgeMs: number
  readonly #foreignChanges: number | undefined
  /** The last key that was set was new: the next one will be. A wrong guess costs a look-up more. */
  #expectsNew = false

  constructor(tx: StoreTransaction, now: number, parts: SessionParts = {}) {
    this.tx = tx
    this.now = now
    this.#changes = parts.changes
    this.#observer = parts.observer
    this.#maxAgeMs = parts.maxAgeMs ?? Number.POSITIVE_INFINITY
    this.#foreignChanges = parts.foreignChanges
    this.#instant = { now: () => now }
  }

  /** What was done so far; undefined if nobody wants to know. */
  get changes(): readonly Change[] | undefined {
    return this.#changes?.changes
  }

  /** Takes what is done from now on. */
  collect(changes: ChangeList): void {
    this.#changes = changes
  }

  /** The live record of a key, or undefined. */
  find(space: KeySpace, key: string): DecodedRecord | undefined {
    const fields = findRow(this.tx, space, key, 'owned', this.#instant)?.fields
    return fields === undefined || this.#isGone(space, fields) ? undefined : fields
  }

  apply(write: Write, version = this.tx.nextVersion()): void {
    if (this.#changes !== undefined) this.#changes.version = version
    if (write.kind === 'set') {
      if (!this.#expectsNew || !this.#insert(write, version)) this.#set(write, version)
    } else if (!this.#deleteSighted(write.space, write.key, write.sighting)) {
      this.delete(write.space, write.key)
    }
  }

  /** Removes a key; false if there was none, or an expired one. */
  delete(space: KeySpace, key: string): boolean {
    // Lent is enough, as in #set.
    const place = placeOf(this.tx, space, key, 'lent')
    const { fields, damage } = place
    if (fields === undefined && damage === undefined) {
      if (place.doubt !== undefined) throw place.doubt
      return false
    }
    const hasExpired = isExpired(fields?.expiresAt ?? 0, this.now)
    // Noted first: what is lent is gone with the next call to the store.
    if (!fields?.isRetired) {
      const kind = hasExpired ? 'expire' : 'delete'
      this.#changes?.add(kind, space, key, place.storageKey, fields?.bytes)
    }
    const wasThere =
      damage !== undefined || (fields !== undefined && !this.#isGone(space, fields, 'ignore'))
    this.#remove(space, place)
    return wasThere
  }

  /** Removes all keys of a namespace. */
  clear(space: KeySpace): void {
    const range = space.bounds()
    for (;;) {
      const rows = this.tx.scan(ROWS, range, CLEAR_STEP_ROWS)
      if (rows.length === 0) break
      for (const { key, record } of rows) {
        if (this.#observer !== undefined) this.#tellRemoved(space, key, readableFields(key, record))
        this.tx.delete(ROWS, key)
      }
    }
    this.#inserted.delete(space)
    writeCount(this.tx, space, 0)
    this.hasWritten = true
    this.#changes?.add('clear', space, '', space.prefix, undefined)
  }

  /**
   * Removes the row if it is due, or retires it while its grace lasts; drops the hint if it is stale.
   * Returns whether an entry went. A record that cannot be read stays, without its hint: it must not
   * end every sweep.
   */
  expire(space: KeySpace, storageKey: Uint8Array, deadline: number): boolean {
    // Lent is enough: what is kept of the record is copied before the next call to the store.
    const record = this.tx.peek(ROWS, storageKey)
    const fields = record === undefined ? undefined : readableFields(storageKey, record)
    if (fields?.dueAt !== deadline) {
      this.tx.forget(ROWS, { key: storageKey, deadline })
      return false
    }
    // The clock was set back since the hint was given: it is true, and will be needed.
    if (!isExpired(deadline, this.now)) return false
    const wasEntry = fields.isCounted
    const isKept = wasEntry && fields.grace !== undefined && fields.grace.until > this.now
    const isDone = isKept
      ? this.#retire(space, storageKey, fields)
      : this.#removeRow('expire', space, storageKey, fields)
    if (!isDone) this.tx.forget(ROWS, { key: storageKey, deadline })
    return isDone && wasEntry
  }

  /** Removes the row to make room, or because nobody has read it for long. False if there is none, or one that cannot be read. */
  evict(space: KeySpace, storageKey: Uint8Array, why: 'evict' | 'expire' = 'evict'): boolean {
    const record = this.tx.get(ROWS, storageKey)
    const fields = record === undefined ? undefined : readableFields(storageKey, record)
    if (fields === undefined || fields.isHole) return false
    const kind = isExpired(fields.expiresAt, this.now) ? 'expire' : why
    return this.#removeRow(kind, space, storageKey, fields)
  }

  /** Removes the row of an entry that was invalidated by tag. False if somebody has set it since. */
  removeInvalidated(space: KeySpace, storageKey: Uint8Array): boolean {
    const record = this.tx.get(ROWS, storageKey)
    const fields = record && openedFields(space, storageKey, record)
    if (fields === undefined || !isInvalidated(this.tx, space, fields, 'ignore')) return false
    this.gone.push(space.idOf(keyOfRow(space, storageKey, fields)))
    this.#remove(space, { storageKey, fields })
    return fields.isCounted
  }

  /** Takes a row away whose record cannot be read. Its hint, if it has one, stays. */
  takeAway(space: KeySpace, storageKey: Uint8Array): void {
    this.#remove(space, { storageKey, fields: undefined })
  }

  /** Puts a record back where it was; false, and nothing done, if its key was set meanwhile. */
  putBack(space: KeySpace, storageKey: Uint8Array, record: Uint8Array): boolean {
    const fields = decodeRecord(storageKey, record)
    const there = this.tx.get(ROWS, storageKey)
    if (there !== undefined && !this.#isHole(storageKey)) return false
    const isHashed = space.isHashed(storageKey)
    if (isHashed) {
      const key = keyOfRow(space, storageKey, fields)
      if (findRow(this.tx, space, key, 'owned', this.#instant)) return false
      for (let slot = space.slotOf(storageKey) - 1; slot >= 0; slot--) {
        const before = space.withSlot(storageKey, slot)
        if (this.tx.get(ROWS, before) !== undefined) break
        this.closeGap(space, before)
      }
    }
    this.tx.put(ROWS, storageKey, record, fields.expiresAt)
    this.#count(space, 1)
    return true
  }

  /** Closes a gap in a chain. */
  closeGap(space: KeySpace, storageKey: Uint8Array): void {
    this.tx.put(ROWS, storageKey, encodeRow(space, storageKey, HOLE), 0)
  }

  /** Writes what was only counted so far. Call last. */
  finish(): void {
    for (const [space, inserted] of this.#inserted) {
      if (inserted !== 0) writeCount(this.tx, space, readCount(this.tx, space) + inserted)
    }
    this.#inserted.clear()
  }

  /** The transaction, for those who read rows and counts themselves. */
  reader(): StoreTransaction {
    this.finish()
    return this.tx
  }

  /**
   * Puts a record where none is, which one search does; false, and nothing done, if one is. The rows of a
   * chain must be compared, a record is not sealed in vain, and an observer may refuse a row before it is put.
   */
  #insert(asked: SetWrite, version: number): boolean {
    const { space } = asked
    const { tx, now } = this
    if (tx.insert === undefined || this.#observer !== undefined) return false
    if (space.secrets !== undefined) return false
    const storageKey = space.lend(asked.key)
    if (space.isHashed(storageKey)) return false
    const write = this.#withLimit(asked, undefined)
    const record = newRecord(write, { storageKey, before: undefined, now, version })
    if (!tx.insert(ROWS, storageKey, record, write.expiresAt)) return false
    this.hasWritten = true
    this.#count(space, 1)
    this.#changes?.add('set', space, write.key, storageKey, record)
    return true
  }

  /** Removes a row of which it is known what else goes with it; false if it is not. */
  #deleteSighted(space: KeySpace, key: string, sighting: Sighting | undefined): boolean {
    if (sighting === undefined || sighting.foreignChanges !== this.#foreignChanges) return false
    // They want to know of the record.
    if (this.#observer !== undefined || this.#changes !== undefined) return false
    const storageKey = space.lend(key)
    if (space.isHashed(storageKey)) return false
    const deadline = sighting.expiresAt
    if (deadline !== 0) this.tx.forget(ROWS, { key: storageKey, deadline })
    if (this.tx.delete(ROWS, storageKey)) this.#count(space, -1)
    this.hasWritten = true
    return true
  }

  #set(asked: SetWrite, version: number): void {
    const { space } = asked
    // Lent is enough: the calls until the put use the key, and only numbers of the record before.
    const place = placeOf(this.tx, space, asked.key, 'lent')
    const before = place.fields
    this.#expectsNew = before === undefined && place.damage === undefined
    const factsBefore = this.#factsOf(space, place.storageKey, before)
    if (before?.isCounted && isExpired(before.expiresAt, this.now)) {
      this.#changes?.add('expire', space, asked.key, place.storageKey, before.bytes)
    }
    const { now } = this
    // One that was invalidated does not go on: it is a new entry, as if it had been deleted.
    const isTagged = before !== undefined && before.tags.length > 0
    const kept = isTagged && this.#isGone(space, before, 'ignore') ? undefined : before
    const write = this.#withLimit(asked, kept)
    const { expiresAt } = write
    const record = newRecord(write, { storageKey: place.storageKey, before: kept, now, version })
    if (before !== undefined && before.dueAt !== expiresAt) this.#forget(place, before)
    const wasCounted = place.damage !== undefined || before?.isCounted === true
    if (!wasCounted) this.#count(space, 1)
    if (this.#observer !== undefined) {
      const facts = { seq: seqOf(record), bytes: record.length }
      this.#observer.put(space, place.storageKey, facts, factsBefore)
    }
    this.tx.put(ROWS, place.storageKey, record, expiresAt)
    this.hasWritten = true
    this.#changes?.add('set', space, write.key, place.storageKey, record)
  }

  #withLimit(write: SetWrite, before: DecodedRecord | undefined): SetWrite {
    const isLimited = this.#maxAgeMs !== Number.POSITIVE_INFINITY
    return isLimited ? limited(write, before, this.now, this.#maxAgeMs) : write
  }

  /** Whether the entry is gone for readers: expired, or invalidated by tag. */
  #isGone(space: KeySpace, fields: DecodedRecord, unreadable?: Unreadable): boolean {
    return (
      isExpired(fields.expiresAt, this.now) || isInvalidated(this.tx, space, fields, unreadable)
    )
  }

  /** False for a sealed record that does not open: nothing is removed that cannot be read. */
  #removeRow(
    kind: 'expire' | 'evict',
    space: KeySpace,
    storageKey: Uint8Array,
    fields: DecodedRecord,
  ): boolean {
    const key = knownKey(space, storageKey, fields)
    if (key === undefined) return false
    this.gone.push(space.idOf(key))
    if (fields.isCounted) {
      this.#changes?.add(kind, space, key, storageKey, fields.bytes)
    }
    this.#remove(space, { storageKey, fields })
    return true
  }

  #tellRemoved(space: KeySpace, storageKey: Uint8Array, fields: DecodedRecord | undefined): void {
    if (this.#observer === undefined || fields?.isHole === true) return
    this.#observer.removed(space, storageKey, this.#factsOf(space, storageKey, fields))
  }

  /** What observers are told of a row that is there. A sealed record that was opened has another length. */
  #factsOf(
    space: KeySpace,
    storageKey: Uint8Array,
    fields: DecodedRecord | undefined,
  ): RowFacts | undefined {
    if (this.#observer === undefined || fields === undefined) return undefined
    const { seq, bytes } = fields
    const stored = space.secrets === undefined ? bytes : this.tx.get(ROWS, storageKey)
    return { seq, bytes: (stored ?? bytes).length }
  }

  /** Keeps an expired entry for those who compute it anew, apart from the entries. As #removeRow. */
  #retire(space: KeySpace, storageKey: Uint8Array, fields: DecodedRecord): boolean {
    const kept = retiredRow(space, storageKey, fields)
    const key = kept && knownKey(space, storageKey, fields)
    if (key === undefined) return false
    this.gone.push(space.idOf(key))
    this.#changes?.add('expire', space, key, storageKey, fields.bytes)
    this.#forget({ storageKey, fields }, fields)
    this.tx.put(ROWS, storageKey, kept as Uint8Array, fields.grace?.until ?? 0)
    this.#count(space, -1)
    this.hasWritten = true
    return true
  }

  #remove(space: KeySpace, place: Place): void {
    const { storageKey, fields } = place
    this.#tellRemoved(space, storageKey, fields)
    if (fields !== undefined) this.#forget(place, fields)
    if (fields?.isCounted !== false) this.#count(space, -1)
    this.hasWritten = true
    if (space.isHashed(storageKey)) this.#removeFromChain(space, storageKey)
    else this.tx.delete(ROWS, storageKey)
  }

  /**
   * A chain has no gaps: a search ends at the first free slot. So a row in its middle becomes a hole,
   * and with its last row go the holes before it. No row ever moves, as a scan might miss it.
   */
  #removeFromChain(space: KeySpace, storageKey: Uint8Array): void {
    let slot = space.slotOf(storageKey)
    if (this.tx.get(ROWS, space.withSlot(storageKey, slot + 1)) !== undefined) {
      this.closeGap(space, storageKey)
      return
    }
    do {
      this.tx.delete(ROWS, space.withSlot(storageKey, slot))
      slot--
    } while (slot >= 0 && this.#isHole(space.withSlot(storageKey, slot)))
  }

  #isHole(storageKey: Uint8Array): boolean {
    const record = this.tx.get(ROWS, storageKey)
    return record !== undefined && readableFields(storageKey, record)?.isHole === true
  }

  #forget(place: Place, fields: DecodedRecord): void {
    const deadline = fields.dueAt
    if (deadline !== 0) this.tx.forget(ROWS, { key: place.storageKey, deadline })
  }

  #count(space: KeySpace, by: number): void {
    this.#inserted.set(space, (this.#inserted.get(space) ?? 0) + by)
  }
}

function seqOf(record: Uint8Array): number {
  return new DecodedRecord(record).seq
}

function knownKey(
  space: KeySpace,
  storageKey: Uint8Array,
  fields: DecodedRecord,
): string | undefined {
  try {
    return keyOfRow(space, storageKey, fields)
  } catch {
    return undefined
  }
}
