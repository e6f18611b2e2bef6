/**
 * The order in which the entries of a group would be evicted, in a bucket of its own.
 *
 *     queue   group │ order (u48, big-endian) → visited (u8) │ storage key
 *     moved   seq (u48, big-endian) → order                     under 'lru': where an entry is now
 *     hands   group → order (u48, big-endian)                   under 'sieve': whom it looked at last
 *
 * An entry's order is its seq, which insertion makes grow, until `'lru'` moves it to the end.
 */
import { afterPrefix } from '../../bytes.js'
import type { StoreTransaction } from '../../store/sync-store.js'
import type { Eviction, LimitGroup } from './limits.js'

export const QUEUE = 'queue'
export const MOVED = 'queue moved'
export const HANDS = 'queue hands'

const ORDER_BYTES = 6

/** Rows looked at in one go while the hand moves. */
const HAND_STEP_ROWS = 64

/** Whom a queue would remove. */
export interface Victim {
  readonly queueKey: Uint8Array
  readonly storageKey: Uint8Array
}

export class EvictionQueue {
  readonly #tx: StoreTransaction

  constructor(tx: StoreTransaction) {
    this.#tx = tx
  }

  /** A new entry, at the end. */
  add(group: LimitGroup, seq: number, storageKey: Uint8Array): void {
    if (group.limits.eviction === 'none') return
    this.#put(queueKey(group, seq), 0, storageKey)
  }

  remove(group: LimitGroup, seq: number): void {
    const { eviction } = group.limits
    if (eviction === 'none') return
    this.#tx.delete(QUEUE, queueKey(group, this.#orderOf(eviction, seq)))
    if (eviction === 'lru') this.#tx.delete(MOVED, orderKey(seq))
  }

  /** The entry was read or set again. Nothing happens if it is not there any more. */
  visit(group: LimitGroup, seq: number): void {
    const { eviction } = group.limits
    if (eviction === 'none' || eviction === 'fifo') return
    const key = queueKey(group, this.#orderOf(eviction, seq))
    const row = this.#tx.get(QUEUE, key)
    if (row === undefined) return
    if (eviction === 'sieve') {
      if (row[0] === 0) this.#put(key, 1, row.subarray(1))
      return
    }
    const order = this.#tx.nextVersion()
    this.#tx.delete(QUEUE, key)
    this.#put(queueKey(group, order), 0, row.subarray(1))
    this.#tx.put(MOVED, orderKey(seq), orderKey(order), 0)
  }

  /** The entry to evict next, which stays in the queue; undefined if that is empty. */
  victim(group: LimitGroup): Victim | undefined {
    return group.limits.eviction === 'sieve' ? this.#unvisited(group) : this.#first(group)
  }

  /** Takes a victim out of the queue that cannot be evicted. */
  forget({ queueKey }: Victim): void {
    this.#tx.delete(QUEUE, queueKey)
  }

  #first(group: LimitGroup): Victim | undefined {
    const [row] = this.#tx.scan(QUEUE, rangeOf(group), 1)
    return row && { queueKey: row.key, storageKey: row.record.subarray(1) }
  }

  /**
   * SIEVE: the hand goes from old to new, spares each visited entry once by taking its mark, and stops
   * at the first that has none. Beyond the newest it begins again at the oldest.
   */
  #unvisited(group: LimitGroup): Victim | undefined {
    const hand = this.#tx.get(HANDS, group.id)
    let after: Uint8Array | undefined = hand && Buffer.concat([group.id, hand])
    let hasBegunAgain = hand === undefined
    for (;;) {
      const range = after === undefined ? rangeOf(group) : { ...rangeOf(group), after }
      const rows = this.#tx.scan(QUEUE, range, HAND_STEP_ROWS)
      for (const { key, record } of rows) {
        if (record[0] === 0) {
          this.#tx.put(HANDS, group.id, key.subarray(group.id.length), 0)
          return { queueKey: key, storageKey: record.subarray(1) }
        }
        this.#put(key, 0, record.subarray(1))
      }
      after = rows.at(-1)?.key
      if (after !== undefined) continue
      // A second round finds no marks any more: an empty end of it means an empty queue.
      if (hasBegunAgain && this.#first(group) === undefined) return undefined
      hasBegunAgain = true
    }
  }

  #orderOf(eviction: Eviction, seq: number): number {
    const moved = eviction === 'lru' ? this.#tx.get(MOVED, orderKey(seq)) : undefined
    return moved === undefined ? seq : Buffer.from(moved).readUIntBE(0, ORDER_BYTES)
  }

  #put(key: Uint8Array, visited: number, storageKey: Uint8Array): void {
    const row = Buffer.allocUnsafe(1 + storageKey.length)
    row[0] = visited
    row.set(storageKey, 1)
    this.#tx.put(QUEUE, key, row, 0)
  }
}

/** Removes everything that a queue keeps. */
export function clearQueues(tx: StoreTransaction): void {
  for (const bucket of [QUEUE, MOVED, HANDS]) {
    for (;;) {
      const rows = tx.scan(bucket, {}, HAND_STEP_ROWS)
      if (rows.length === 0) break
      for (const { key } of rows) tx.delete(bucket, key)
    }
  }
}

function rangeOf(group: LimitGroup): { from: Uint8Array; to: Uint8Array } {
  return { from: group.id, to: afterPrefix(group.id) as Uint8Array }
}

function queueKey(group: LimitGroup, order: number): Uint8Array {
  return Buffer.concat([group.id, orderKey(order)])
}

function orderKey(order: number): Uint8Array {
  const key = Buffer.allocUnsafe(ORDER_BYTES)
  key.writeUIntBE(order, 0, ORDER_BYTES)
  return key
}
