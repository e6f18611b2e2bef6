/**
 * What reading and writing mean, for all dicts over one store in this thread.
 *
 * Reads look at the pending writes, then the read cache, then the store. Writes are pending until a
 * commit takes them all in one transaction. Inside a transaction both go straight to it.
 */
import type { Clock } from '../clock.js'
import { deepFreeze } from '../codec/freeze.js'
import type { ValueCodec } from '../codec/value-codec.js'
import { ClosedError } from '../errors/open-errors.js'
import { StoreBusyError, StoreGoneError } from '../errors/store-errors.js'
import { UnreadableRecordError, UnreadableTagError } from '../errors/value-errors.js'
import type { KeySettings } from '../keys/key-settings.js'
import { KeySpace } from '../keys/key-space.js'
import type { StoreReader, SyncStore } from '../store/sync-store.js'
import { AccessMarks } from './access-marks.js'
import { CachedReads, type EntryCache } from './cached-reads.js'
import type { CommitHooks } from './commit-hooks.js'
import { Commits, type Durability } from './commits.js'
import { Entry, readable, type ValueMode } from './entry.js'
import { ExpiredCounts } from './expired-counts.js'
import type { LiveObserver } from './live-observer.js'
import { findRow } from './row.js'
import type { Session } from './session.js'
import { invalidate, isInvalidated } from './tags.js'
import type { StoredPayload, Write } from './write.js'

export interface EngineParts {
  readonly store: SyncStore
  readonly codec: ValueCodec
  readonly keySettings: KeySettings
  readonly cache: EntryCache
  readonly clock: Clock
  readonly durability: Durability
  /** No entry lives longer after it was made. @default Infinity */
  readonly maxAgeMs?: number | undefined
  /** Told of failures that no call can report. */
  readonly onError: (error: unknown) => void
}

/** In place of a deadline. */
const UNKNOWN = -1

/** Reads of several keys are tried so often before they shut writers out. */
const MAX_OPTIMISTIC_READS = 4

/** Counters since the engine was made. */
export interface EngineCounters {
  readonly hits: number
  readonly misses: number
  readonly commits: number
  readonly failedCommits: number
}

export class Engine {
  readonly store: SyncStore
  readonly codec: ValueCodec
  readonly clock: Clock
  readonly durability: Durability
  /** Told of entries that are read. */
  readonly accesses = new AccessMarks()
  readonly expiredCounts: ExpiredCounts
  readonly #reads: CachedReads
  readonly #commits: Commits
  readonly #keySettings: KeySettings
  readonly #spaces = new Map<string, KeySpace>()

  constructor(parts: EngineParts) {
    const { store, codec, clock, durability, maxAgeMs, onError } = parts
    this.store = store
    this.expiredCounts = new ExpiredCounts(store)
    this.codec = codec
    this.clock = clock
    this.durability = durability
    this.#reads = new CachedReads(store, codec, parts.cache, clock)
    const reads = this.#reads
    this.#commits = new Commits({ store, codec, clock, durability, maxAgeMs, reads, onError })
    this.#keySettings = parts.keySettings
  }

  /** The keys of a namespace. One object serves all its handles, as counts are kept by object. */
  space(path: readonly string[]): KeySpace {
    const id = JSON.stringify(path)
    let space = this.#spaces.get(id)
    if (space === undefined) {
      space = new KeySpace(path, this.#keySettings)
      this.#spaces.set(id, space)
    }
    return space
  }

  /** The live entry of a key, or undefined. Not told as an access. */
  entry(space: KeySpace, key: string, mode: ValueMode): Entry | undefined {
    const id = this.#settledId(space, key)
    const { session, pending } = this.#commits
    if (session !== undefined) return this.#entryInSession(session, space, key)
    // Metadata of a pending write is known only once it is committed.
    if (!pending.isEmpty && pending.get(id) !== undefined) this.flushSync()
    return this.#reads.entry(space, key, id, mode)
  }

  /**
   * The entry of a key for whoever computes it anew: expired ones are shown as long as their grace
   * lasts. Undefined if there is none.
   */
  kept(space: KeySpace, key: string): Entry | undefined {
    this.#settledId(space, key)
    const record = findRow(this.reader(), space, key, 'owned')?.fields
    if (record === undefined || isInvalidated(this.reader(), space, record)) return undefined
    const isKept = !this.#isPast(record.expiresAt) || (record.grace?.until ?? 0) > this.now()
    return isKept ? Entry.whole(key, record, this.codec) : undefined
  }

  /** The live value of a key, or undefined. */
  value(space: KeySpace, key: string, mode: ValueMode): unknown {
    const id = this.#settledId(space, key)
    const { session, pending } = this.#commits
    if (session === undefined && !pending.isEmpty) {
      const write = pending.get(id)
      if (write !== undefined && !this.accesses.tellsEveryRead) {
        return this.#pendingValue(write, mode)
      }
      if (write !== undefined) this.flushSync()
    }
    const entry =
      session === undefined
        ? this.#reads.entry(space, key, id, mode)
        : this.#entryInSession(session, space, key)
    if (entry === undefined) return undefined
    if (entry.mark !== this.accesses.epoch) this.accesses.tell(space, key, entry)
    return entry.value(mode)
  }

  has(space: KeySpace, key: string): boolean {
    return this.#deadline(space, key) !== undefined
  }

  /** Takes writes in, all or none of them. Under `'batched'` they are pending when it returns. */
  write(writes: readonly Write[]): void {
    this.#commits.write(writes)
  }

  /** Removes a key; false if there was none. A batched one answers what was there at its call. */
  delete(space: KeySpace, key: string): boolean {
    const deadline = this.#deadlineOrDamage(space, key)
    if (deadline === undefined) return false
    if (this.durability !== 'batched' && !this.isInTransaction) {
      // Somebody else may remove it first: only one of both has then.
      return this.transaction(() => this.delete(space, key))
    }
    const { foreignChanges } = this.#reads
    const sighting = deadline === UNKNOWN ? undefined : { foreignChanges, expiresAt: deadline }
    this.write([{ kind: 'delete', space, key, sighting }])
    return true
  }

  /** Whether an entry that was read is gone since one of its tags was invalidated. */
  isInvalidated(space: KeySpace, entry: Entry): boolean {
    return entry.tags.length > 0 && isInvalidated(this.reader(), space, entry)
  }

  /** Invalidates all entries of the namespace that have one of the tags. */
  invalidate(space: KeySpace, tags: readonly string[]): void {
    this.transaction((session) => {
      invalidate(session.tx, space, tags)
      session.hasWritten = true
    })
    this.#reads.recheck()
  }

  clear(space: KeySpace): void {
    this.transaction((session) => session.clear(space))
    this.#commits.live.cleared(space)
    this.#reads.clear()
  }

  /**
   * Runs `fn` in one store transaction, pending writes first. Inside another transaction it joins
   * that one, which then fails as a whole if `fn` throws.
   */
  transaction<T>(fn: (session: Session) => T): T {
    return this.#commits.transaction(fn)
  }

  /** Runs reads as of one moment: again if somebody committed meanwhile, at last with writers shut out. */
  together<T>(read: () => T): T {
    if (this.#commits.session !== undefined) return read()
    for (let attempt = 0; attempt < MAX_OPTIMISTIC_READS; attempt++) {
      const change = this.store.changeId()
      const result = read()
      if (this.store.changeId() === change) return result
    }
    return this.transaction(read)
  }

  /** The newest payload of a key, pending writes included; undefined if absent or expired. */
  payload(space: KeySpace, key: string): StoredPayload | undefined {
    if (this.#commits.isClosed) throw new ClosedError()
    const { session, pending } = this.#commits
    if (session !== undefined) return this.#entryInSession(session, space, key)
    const id = space.idOf(key)
    const write = pending.isEmpty ? undefined : pending.get(id)
    if (write === undefined) return this.#reads.entry(space, key, id, 'copy')
    return write.kind === 'set' && !this.#isPast(write.expiresAt) ? write : undefined
  }

  /** Looks whether somebody else has committed; returns a number that moves when somebody did. */
  lookForChanges(): number {
    if (this.#commits.session === undefined) this.#reads.look()
    return this.#reads.foreignChanges
  }

  /**
   * Moves when somebody else has committed. As of the last look; each transaction looks as it begins.
   * What one transaction has read and nobody here has written is the same in the next if this is.
   */
  get foreignChanges(): number {
    return this.#reads.foreignChanges
  }

  /** What a scan should read from: the transaction if one is running, else the store, up to date. */
  reader(): StoreReader {
    if (this.#commits.isClosed) throw new ClosedError()
    const { session, pending, live } = this.#commits
    if (live.isDirty) live.settleAll()
    if (session !== undefined) return session.reader()
    if (!pending.isEmpty) this.flushSync()
    return this.store
  }

  /** Commits what is pending. Throws what the store throws; the writes then stay pending. */
  flushSync(): void {
    this.#commits.flushSync()
  }

  /** Resolves when everything written so far is on disk. Calls of one turn share one commit. */
  flush(): Promise<void> {
    return this.#commits.flush()
  }

  /** The instant that decides what has expired: inside a transaction, that of its start. */
  now(): number {
    return this.#commits.session?.now ?? this.clock.now()
  }

  /** Drops the decoded values that are kept for reading again. */
  clearCache(): void {
    this.#reads.clear()
  }

  /** Moves with each write made here, pending ones included: tells a scan that its rows may be old. */
  get writes(): number {
    return this.#commits.writes
  }

  /** The live values of all dicts over this engine. */
  get live(): LiveObserver {
    return this.#commits.live
  }

  set live(live: LiveObserver) {
    this.#commits.live = live
  }

  /** Those who take part in every transaction. */
  get hooks(): CommitHooks {
    return this.#commits.hooks
  }

  get pendingWrites(): number {
    return this.#commits.pending.count
  }

  get cacheSize(): { entries: number; sizeBytes: number } {
    return this.#reads.size
  }

  get counters(): EngineCounters {
    const { hits, misses } = this.#reads
    const { commits, failedCommits } = this.#commits
    return { hits, misses, commits, failedCommits }
  }

  get isClosed(): boolean {
    return this.#commits.isClosed
  }

  get isInTransaction(): boolean {
    return this.#commits.session !== undefined
  }

  /** Inside a transaction: it rolls back with this error, whoever catches it meanwhile. */
  failTransaction(error: unknown): void {
    const { session } = this.#commits
    if (session !== undefined) session.failure = error
  }

  /**
   * Commits and closes the store. A failed commit throws, and leaves it open unless it is gone; and so
   * does a store that others keep locked for too long.
   */
  close(): void {
    if (this.#commits.isClosed) return
    let gone: StoreGoneError | undefined
    this.hooks.closing()
    try {
      this.flushSync()
    } catch (error) {
      if (!(error instanceof StoreGoneError)) throw error
      gone = error
    }
    let isOpen = false
    try {
      this.store.close()
    } catch (error) {
      // Others keep it locked: it is open still, and so is this.
      isOpen = error instanceof StoreBusyError
      throw error
    } finally {
      this.#commits.isClosed = !isOpen
      if (!isOpen) this.#reads.clear()
    }
    if (gone !== undefined) throw gone
  }

  /** The deadline of a live entry, 0 for never, UNKNOWN of one that is not in the store as it is; else undefined. */
  #deadline(space: KeySpace, key: string): number | undefined {
    const id = this.#settledId(space, key)
    const { session, pending } = this.#commits
    if (session !== undefined) return session.find(space, key) && UNKNOWN
    const write = pending.isEmpty ? undefined : pending.get(id)
    if (write === undefined) return this.#reads.deadline(space, key, id)
    return write.kind === 'set' && !this.#isPast(write.expiresAt) ? UNKNOWN : undefined
  }

  /** The same for whoever deletes: a record that cannot be read is something to delete, too. */
  #deadlineOrDamage(space: KeySpace, key: string): number | undefined {
    try {
      return this.#deadline(space, key)
    } catch (error) {
      const isDamage = error instanceof UnreadableRecordError || error instanceof UnreadableTagError
      if (isDamage) return UNKNOWN
      throw error
    }
  }

  /** The id of a key that is about to be read: changes of its live value are written first. */
  #settledId(space: KeySpace, key: string): string {
    if (this.#commits.isClosed) throw new ClosedError()
    const id = space.idOf(key)
    if (this.#commits.live.isDirty) this.#commits.live.settle(id)
    return id
  }

  #entryInSession(session: Session, space: KeySpace, key: string): Entry | undefined {
    const record = session.find(space, key)
    return record === undefined ? undefined : Entry.whole(key, record, this.codec)
  }

  #pendingValue(write: Write, mode: ValueMode): unknown {
    if (write.kind === 'delete' || this.#isPast(write.expiresAt)) return undefined
    const value = readable(write.key, this.codec, () => this.codec.decode(write.payload))
    if (mode === 'frozen') deepFreeze(value)
    return value
  }

  #isPast(expiresAt: number): boolean {
    return expiresAt !== 0 && expiresAt <= this.clock.now()
  }
}
