/**
 * Rows of named buckets in memory, by key and by deadline.
 *
 * A bucket is two sorted lists: its rows, and those of them that have a deadline. The second holds the
 * rows themselves, so that it is never out of date: a hint from here is always true.
 */
import { compareBytes } from '../bytes.js'
import { SortedList } from './sorted-list.js'
import type { DeadlineHint, ScanRange } from './sync-store.js'

export interface IndexedRow {
  readonly key: Uint8Array
  /** Milliseconds since 1970-01-01 UTC; 0 for none. */
  readonly deadline: number
}

interface Bucket<T extends IndexedRow> {
  readonly rows: SortedList<{ readonly key: Uint8Array }, T>
  readonly deadlines: SortedList<DeadlineHint, T>
}

export class RowIndex<T extends IndexedRow> {
  readonly #buckets = new Map<string, Bucket<T>>()

  get buckets(): number {
    return this.#buckets.size
  }

  find(bucket: string, key: Uint8Array): T | undefined {
    return this.#buckets.get(bucket)?.rows.find({ key })
  }

  /** Puts a row, or removes the one with this key; returns the one that was there. */
  replace(name: string, key: Uint8Array, after: T | undefined): T | undefined {
    const { rows, deadlines } = this.#bucket(name)
    const before = after === undefined ? rows.remove({ key }) : rows.add(after)
    if (before !== undefined && before.deadline !== 0) deadlines.remove(before)
    if (after !== undefined && after.deadline !== 0) deadlines.add(after)
    return before
  }

  /** The rows of a range. Nothing may be replaced while they are walked. */
  *rows(name: string, range: ScanRange): Generator<T, undefined> {
    const bucket = this.#buckets.get(name)
    if (bucket === undefined) return undefined
    for (const row of rowsFrom(bucket, range)) {
      if (isBeyond(row.key, range)) return undefined
      yield row
    }
    return undefined
  }

  /** All rows, with the names of their buckets. Nothing may be replaced while they are walked. */
  *all(): Generator<[bucket: string, row: T], undefined> {
    for (const [name, { rows }] of this.#buckets) {
      for (const row of rows.upFrom()) yield [name, row]
    }
    return undefined
  }

  /** See StoreReader.due(). */
  due(bucket: string, now: number, limit: number, from?: DeadlineHint): DeadlineHint[] {
    const found: DeadlineHint[] = []
    for (const { key, deadline } of this.#buckets.get(bucket)?.deadlines.upFrom(from) ?? []) {
      if (found.length >= limit || deadline > now) break
      found.push({ key: Uint8Array.prototype.slice.call(key), deadline })
    }
    return found
  }

  clear(): void {
    this.#buckets.clear()
  }

  #bucket(name: string): Bucket<T> {
    let bucket = this.#buckets.get(name)
    if (bucket === undefined) {
      bucket = { rows: new SortedList(byKey), deadlines: new SortedList(byDeadline) }
      this.#buckets.set(name, bucket)
    }
    return bucket
  }
}

function byKey(a: { readonly key: Uint8Array }, b: { readonly key: Uint8Array }): number {
  return compareBytes(a.key, b.key)
}

function byDeadline(a: DeadlineHint, b: DeadlineHint): number {
  return a.deadline - b.deadline || compareBytes(a.key, b.key)
}

/** The rows of a range from its start on, in its direction. They do not stop at its end. */
function* rowsFrom<T extends IndexedRow>({ rows }: Bucket<T>, range: ScanRange): Generator<T> {
  const { from, to, after, reverse } = range
  if (reverse) {
    const bound =
      after !== undefined && (to === undefined || compareBytes(after, to) < 0) ? after : to
    yield* rows.downFrom(bound && { key: bound })
    return
  }
  const resumes = after !== undefined && (from === undefined || compareBytes(after, from) >= 0)
  const start = resumes ? after : from
  for (const row of rows.upFrom(start && { key: start })) {
    if (!resumes || compareBytes(row.key, after) > 0) yield row
  }
}

function isBeyond(key: Uint8Array, range: ScanRange): boolean {
  return range.reverse
    ? range.from !== undefined && compareBytes(key, range.from) < 0
    : range.to !== undefined && compareBytes(key, range.to) >= 0
}
