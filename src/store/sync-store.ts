/**
 * The contract between the dict and whatever keeps its bytes.
 *
 * A store holds rows (a key and a record, both bytes) in named buckets, in key order. It knows
 * nothing of what is in a record. The laws, which `persistdict/testing` checks on any store:
 *
 * - Bytes in are bytes out. Returned bytes belong to the caller (but see peek); given bytes are copied.
 * - Names of buckets and keys may hold any byte or character and never reach outside their place.
 * - A transaction is all or nothing: a throw in its callback leaves the store as it was, and comes
 *   out unchanged.
 * - Reads inside a transaction see its writes; reads outside see none until it has committed.
 * - A committed write is seen by the next read, here and in every other process.
 * - `changeId` differs before and after every commit that changed something, by any process.
 * - A scan is complete for rows that stay: resumed after its last key, it misses and repeats none.
 * - `due` never names a row early. It may name one whose deadline was replaced since: a hint, which
 *   the caller checks against the record and drops with `forget`.
 * - After a commit that changed something, by any process, every listener of `onCommit` is called.
 * - `close` may be called twice; every other call after it throws ClosedError.
 */

/** A scan stops after the row with which its records exceed this, so that large records fit in memory. */
export const SCAN_STEP_BYTES = 2 ** 20

/** Part of a bucket, in key order. `from` is included and `to` is not; left out, they bound nothing. */
export interface ScanRange {
  /** The first key that belongs to the range. */
  readonly from?: Uint8Array
  /** The first key beyond the range. */
  readonly to?: Uint8Array
  /** From the last key down. */
  readonly reverse?: boolean
  /** Resume a scan: only rows beyond this key, in the direction of the scan. */
  readonly after?: Uint8Array
}

/** A key and the bytes that are kept under it. */
export interface StoreRow {
  /** The key of the row. */
  readonly key: Uint8Array
  /** The bytes that were put. */
  readonly record: Uint8Array
}

/** Is shown a row: its key is given, its record only lent, until it returns. */
export type RowVisitor = (key: Uint8Array, record: Uint8Array) => void

/** A row that may be due. */
export interface DeadlineHint {
  /** The key of the row. */
  readonly key: Uint8Array
  /** Milliseconds since 1970-01-01 UTC. */
  readonly deadline: number
}

/** What can be asked of a store and of a transaction alike. */
export interface StoreReader {
  /** The record under `key`, or undefined if there is none. */
  get(bucket: string, key: Uint8Array): Uint8Array | undefined
  /**
   * Like get(), but the record is only lent, until the next call to the store: no copy is made. Use
   * its `length`, its indices, and subarray() with both bounds; it may lie in a larger array.
   */
  peek(bucket: string, key: Uint8Array): Uint8Array | undefined
  /**
   * The next rows of a range, at most `limit` and about SCAN_STEP_BYTES of them. None means that the
   * range is exhausted.
   */
  scan(bucket: string, range: ScanRange, limit: number): StoreRow[]
  /**
   * Like scan(), but shows each row to `visit`, which must not call the store: key and record are lent,
   * as by peek(). Returns the last key, or undefined if the range is exhausted.
   */
  walk(bucket: string, range: ScanRange, limit: number, visit: RowVisitor): Uint8Array | undefined
  /**
   * Up to `limit` hints of rows with a deadline at or before `now`, soonest first, those of one
   * deadline by key. With `from`, only that hint and those after it.
   */
  due(bucket: string, now: number, limit: number, from?: DeadlineHint): DeadlineHint[]
}

/** A view of a store as of one moment. It must be closed, and soon: it may keep old pages from reuse. */
export interface StoreSnapshot extends Pick<StoreReader, 'get' | 'walk' | 'due'> {
  /** Lets the view go. */
  close(): void
}

/** Valid only inside the callback that received it. */
export interface StoreTransaction extends StoreReader {
  /** Stores a record. `deadline` is in milliseconds since 1970-01-01 UTC; 0 means none. */
  put(bucket: string, key: Uint8Array, record: Uint8Array, deadline: number): void
  /**
   * Stores a record, as put() does, if there is none under the key; else changes nothing and returns
   * false. Left out by stores to which that is no less work than a look first.
   */
  insert?(bucket: string, key: Uint8Array, record: Uint8Array, deadline: number): boolean
  /** Removes a row; false if there was none. */
  delete(bucket: string, key: Uint8Array): boolean
  /** Drops a hint, true or not. The row, if there is one, stays, and is not due until it is put again. */
  forget(bucket: string, hint: DeadlineHint): void
  /**
   * A number greater than any given before in a transaction that changed something and was committed,
   * in all of this store's life and by any process. At most 2^48 - 1.
   */
  nextVersion(): number
  /**
   * What rows and indexes take of the store's room, in bytes, with what this transaction wrote so far.
   * Room that is free for later rows does not count. Left out by stores that cannot tell.
   */
  usedBytes?(): number
}

/**
 * How much a commit promises when it returns.
 * `'synced'`: it survives a loss of power. `'committed'`: it survives the death of the process.
 */
export type CommitPromise = 'synced' | 'committed'

/** What a store can tell of itself. */
export interface StoreStats {
  /** Bytes that the store takes on disk; for a store in memory, of its keys and records. */
  readonly sizeBytes: number
  /** Further figures of the engine, by name. */
  readonly engine: Readonly<Record<string, number>>
}

/** What a backup has made. */
export interface BackupReport {
  /** The real path of the directory in which the backup is. */
  readonly path: string
  /** How many bytes the backup takes. */
  readonly sizeBytes: number
}

/** What compacting has gained. */
export interface CompactReport {
  /** Bytes on disk before. */
  readonly beforeBytes: number
  /** Bytes on disk afterwards. */
  readonly afterBytes: number
}

/** Something that a store did when it was opened, and that its user must know. */
export interface StoreNotice {
  /** Which of the two, for programs. */
  readonly code: 'restored-backup' | 'rebuilt-empty'
  /** For people: what happened, and what to do. */
  readonly message: string
}

/** What a store can do for its files while everybody goes on reading and writing. */
export interface StoreUpkeep {
  /** Copies the store into a new or empty directory, where it can be opened. All or nothing. */
  backup(directory: string): Promise<BackupReport>
  /** Gives space that is not needed back to the file system. */
  compact(): Promise<CompactReport>
}

/** A store that answers at once. */
export interface SyncStore extends StoreReader {
  /** The store's one-word name, for messages. */
  readonly kind: string
  /** Identifies what is stored where, for messages: a path or a name. */
  readonly location: string
  /** The same for two stores over the same data in this process, and different for all others. */
  readonly identity: string
  /** A number that moves with every commit that changed something. */
  changeId(): number
  /**
   * Calls `listener` soon, within milliseconds, after any commit that changed something: by this
   * thread, another, or another process. What was committed can be read then. Several commits may make
   * one call. Never calls it inside another call to the store. Returns how to stop. Keeps no process
   * alive; a listener that throws is an uncaught exception.
   */
  onCommit(listener: () => void): () => void
  /**
   * Runs `fn` in a write transaction and returns its result. A throw from `fn` rolls back.
   * Transactions do not nest.
   */
  transaction<T>(promise: CommitPromise, fn: (tx: StoreTransaction) => T): T
  /**
   * These buckets as of now, whatever is committed later; no others can be read from it. Left out by
   * stores that cannot.
   */
  snapshot?(buckets: readonly string[]): StoreSnapshot
  /** Puts everything committed so far on disk. */
  sync(): void
  /** What the store can tell of itself. */
  stats(): StoreStats
  /** What opening it brought about; told once, as warnings of the dict. */
  readonly notices?: readonly StoreNotice[] | undefined
  /** Left out by stores that have nothing to keep up. */
  readonly upkeep?: StoreUpkeep | undefined
  /**
   * Lets the store go. May be called twice. Throws StoreBusyError, and it is open still, if others keep
   * it locked for too long.
   */
  close(): void
}
