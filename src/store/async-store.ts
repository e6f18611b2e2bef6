/**
 * The contract between the asynchronous dict and whatever keeps its bytes, such as a server.
 *
 * As in sync-store.ts, a store holds rows (a key and a record, both bytes) in named buckets, in key
 * order, and knows nothing of what is in a record. There are no transactions, as nobody can hold a
 * remote store while waiting: a batch of changes goes with checks of what it relies on. The laws,
 * which `persistdict/testing` checks on any store:
 *
 * - Bytes in are bytes out. Returned bytes belong to the caller; given bytes are copied before the
 *   call returns its promise.
 * - Names of buckets and keys may hold any byte or character and never reach outside their place.
 * - A batch is all or nothing, and its checks see the very state that its operations change. Where
 *   `atomicity` is `'key'`, this holds for each key by itself: see there.
 * - A batch that was committed is seen by every read that begins afterwards, here and elsewhere.
 * - A rejected commit may have been applied or not, for instance if the answer was lost. It must not
 *   be applied later than a short time afterwards.
 * - A scan is complete for rows that stay: resumed after its last key, it misses and repeats none.
 * - A row is never gone before its deadline. From then on the store may drop it when it likes.
 * - `due` and `count` go by the deadline with which a row was last put, and by the `now` they are given.
 * - Versions only grow, also across the store's restart and, if it can lose its data, across the loss:
 *   a store in such a place counts from the time, 64 for each millisecond since 1970.
 * - Calls made without waiting for each other may take effect in any order.
 * - No call throws: it rejects, with ClosedError after close(), StoreError for a failure of the engine,
 *   within a bounded time. The loss of a connection alone rejects nothing and prints nothing.
 */
import type { RowUses } from './row-uses.js'
import type { CommitPromise, DeadlineHint, ScanRange, StoreRow, StoreStats } from './sync-store.js'

/** What a row must be for a batch to be applied. */
export interface RowCheck {
  /** The name of the bucket. */
  readonly bucket: string
  /** The key of the row that is looked at. */
  readonly key: Uint8Array
  /** The bytes that the record begins with; undefined if there must be no row. */
  readonly starts: Uint8Array | undefined
}

/** One change of one row. */
export type RowOperation = PutRow | DeleteRow

/** Puts a row, in the place of the one that is there. */
export interface PutRow {
  /** Says which operation it is. */
  readonly kind: 'put'
  /** The name of the bucket. */
  readonly bucket: string
  /** The key of the row. */
  readonly key: Uint8Array
  /** The bytes to keep under the key. */
  readonly record: Uint8Array
  /** Milliseconds since 1970-01-01 UTC; 0 for none. It may lie in the past. */
  readonly deadline: number
}

/** Removes a row; nothing happens if there is none. */
export interface DeleteRow {
  /** Says which operation it is. */
  readonly kind: 'delete'
  /** The name of the bucket. */
  readonly bucket: string
  /** The key of the row. */
  readonly key: Uint8Array
  /** What the journal says of it: `'expire'` if its deadline has passed, or nothing at all. @default 'delete' */
  readonly noted?: 'delete' | 'expire' | 'nothing' | undefined
}

/** Successive numbers that were assumed to be nobody's: see assumeVersions(). */
export interface AssumedVersions {
  /** The least of them. */
  readonly first: number
  /** How many there are. */
  readonly count: number
}

/** If all checks hold, all operations, in their order. */
export interface Batch {
  /** How safe it must be before the call resolves. */
  readonly promise: CommitPromise
  /** What must hold; nothing is applied otherwise. */
  readonly checks: readonly RowCheck[]
  /**
   * One more check: that nobody was ever given one of these numbers, or a greater one. If the batch is
   * applied, they are given with it. Only for stores that assume them.
   */
  readonly versions?: AssumedVersions | undefined
  /** What is done, in this order. */
  readonly operations: readonly RowOperation[]
}

/**
 * What is told of changes: the bucket and key of a row, or no key for all rows of all buckets.
 */
export type InvalidationListener = (bucket: string, key: Uint8Array | undefined) => void

/** What is told of rows that a store dropped: by then their records are gone. */
export type DropListener = (bucket: string, hint: DeadlineHint) => void

/**
 * How much of a batch is atomic.
 * `'batch'`: all of it, whatever its keys.
 * `'key'`: what concerns one key, as in a cluster that spreads its keys. A batch with checks must then
 * name one key of one bucket only: any other rejects with BatchError, and nothing is applied. One
 * without checks is applied key by key: if it rejects, some of its operations may have been applied.
 */
export type Atomicity = 'batch' | 'key'

/** What all who share a store agree on at once. */
export type CommonRows = Pick<AsyncStore, 'get' | 'scan' | 'commit'>

/** A change of a row by anyone. */
export interface RowChange {
  /**
   * `'expire'`: it went because its deadline had passed; or the store has dropped it, soon or some
   * seconds later. `'clear'`: rows of a range went that begins with `key`; a large one may be noted
   * several times.
   */
  readonly kind: 'put' | 'delete' | 'expire' | 'clear'
  /** The key of the row. */
  readonly key: Uint8Array
  /**
   * Of a put, the record. Of a row that went, the record that it had; undefined if it was larger than
   * LARGEST_LOGGED, or the store does not know it.
   */
  readonly record: Uint8Array | undefined
  /** It was made by way of this store, and not of another over the same data. */
  readonly isOwn: boolean
}

/** Some changes, and where to read on. */
export interface JournalPage {
  /** In the order of their commits, as far as there is one. */
  readonly changes: readonly RowChange[]
  /** Where to read on. */
  readonly next: string
  /** Changes before these were dropped unread. */
  readonly hasMissed: boolean
  /** There may be more at once. */
  readonly hasMore: boolean
}

/**
 * The changes of the rows of a bucket, in the order of their commits, row by row. They are noted while
 * somebody watches, in the step that makes them, and within bounds: a reader that is too far behind
 * misses the oldest. Of several puts of a row it may tell the last one only.
 */
export interface RowJournal {
  /**
   * Has changes noted from now on, for WATCH_MS: call it again before. Resolves to the place of the
   * next change.
   */
  watch(bucket: string): Promise<string>
  /** The changes from a place on, about `limit` of them. */
  read(bucket: string, from: string, limit: number): Promise<JournalPage>
  /**
   * Calls `listener` soon after changes by anyone may have been noted. It does not throw and does not
   * call the store. Returns how to stop.
   */
  onChange(listener: () => void): () => void
}

/** A store whose answers are waited for, such as a server. */
export interface AsyncStore {
  /** The store's one-word name, for messages. */
  readonly kind: string
  /** Identifies what is stored where, for messages: an address or a name, without secrets. */
  readonly location: string
  /** The same for two stores over the same data in this process, and different for all others. */
  readonly identity: string
  /** How much of a batch is atomic. */
  readonly atomicity: Atomicity
  /**
   * Whether changes by others reach the listeners of onInvalidate() at present. While it is false,
   * nothing may be answered from a cache. A store that never hears of changes says false.
   */
  readonly hears: boolean
  /** The record under `key`, or undefined if there is none. */
  get(bucket: string, key: Uint8Array): Promise<Uint8Array | undefined>
  /**
   * The records under several keys, in their order. All as of one moment, unless `atomicity` is
   * `'key'`.
   */
  getMany(bucket: string, keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]>
  /**
   * As getMany(), of rows that are about to be replaced whatever they are. A store that takes writes
   * while it cannot ask for rows answers with what it knows. Without this method, getMany() is used.
   */
  getToReplace?(bucket: string, keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]>
  /**
   * The next rows of a range, at most `limit` and about SCAN_STEP_BYTES of them. None means that the
   * range is exhausted.
   */
  scan(bucket: string, range: ScanRange, limit: number): Promise<StoreRow[]>
  /**
   * How many rows a range has, without those whose deadline is at or before `now`. `reverse` means
   * nothing here.
   */
  count(bucket: string, range: ScanRange, now: number): Promise<number>
  /**
   * Up to `limit` rows whose deadline is at or before `now`, soonest first. A store that has dropped
   * such rows does not name them.
   */
  due(bucket: string, now: number, limit: number): Promise<DeadlineHint[]>
  /**
   * Whether `due` will name these rows at these deadlines. A store whose index cannot differ from its
   * rows has no such method.
   */
  knows?(bucket: string, hints: readonly DeadlineHint[]): Promise<boolean[]>
  /**
   * Applies a batch and returns true; or false if a check failed, having changed nothing.
   * Rejects with BatchError for a batch that it cannot apply as a whole: see `atomicity`.
   */
  commit(batch: Batch): Promise<boolean>
  /**
   * Removes the rows of a range that were there when it was called. It may do so in steps that others
   * see; rows put meanwhile may stay or go.
   */
  clear(bucket: string, range: ScanRange): Promise<void>
  /**
   * The first of `count` successive numbers, all greater than any given before to anyone, and at most
   * 2^48 - 1.
   */
  nextVersions(count: number): Promise<number>
  /**
   * What nextVersions() would resolve to, as far as can be told without waiting: a batch that names the
   * numbers finds out. Undefined when that would hardly be right. A store where to ask costs little has no
   * such method.
   */
  assumeVersions?(count: number): number | undefined
  /**
   * Calls `listener` for each row that was read here and then changed by anyone: put, deleted, cleared
   * or dropped. It is called after the read began, and soon after the change; once may do for several
   * changes between which the row was not read. It is called without a key when changes may have been
   * missed, after `hears` was set to false and again after it was set to true. The listener does not
   * throw and does not call the store. Returns how to stop.
   */
  onInvalidate(listener: InvalidationListener): () => void
  /**
   * Calls `listener` for rows that the store dropped by itself at their deadlines, soon afterwards. Each
   * is told once, here or in another process that listens. Returns how to stop. A store that leaves
   * such rows to whoever sweeps has no such method.
   */
  onDrop?(listener: DropListener): () => void
  /**
   * Calls `listener` with what no call can report, such as a lost connection or a write-behind that
   * failed. It does not throw. Returns how to stop. A store without such failures has no such method.
   */
  onError?(listener: (error: unknown) => void): () => void
  /**
   * The rows where all hosts agree on them: reads and commits that go to the far store, of a store that
   * otherwise tells it later. Others have no such member; they agree at once.
   */
  readonly common?: CommonRows
  /** What anyone changes. A store that cannot tell has no such member; then nobody can watch. */
  readonly journal?: RowJournal | undefined
  /** When rows were last used. A store that cannot keep that has no such member; then there is no `maxIdle`. */
  readonly uses?: RowUses | undefined
  /** Resolves when all that was committed so far is as safe as this store can make it. */
  sync(): Promise<void>
  /** What the store can tell of itself. */
  stats(): Promise<StoreStats>
  /** Lets the store go. May be called twice. */
  close(): Promise<void>
}

/** Where to read and change what hosts must agree on. */
export function commonRows(store: AsyncStore): CommonRows {
  return store.common ?? store
}
