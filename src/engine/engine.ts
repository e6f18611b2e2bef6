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
import { StoreGoneError, TransactionError } from '../errors/store-errors.js'
import { UnreadableRecordError } from '../errors/value-errors.js'
import type { KeySettings } from '../keys/key-settings.js'
import { KeySpace } from '../keys/key-space.js'
import type { CommitPromise, StoreReader, SyncStore } from '../store/sync-store.js'
import { CachedReads, type EntryCache } from './cached-reads.js'
import { Entry, readable, type ValueMode } from './entry.js'
import { FlushSchedule } from './flush-schedule.js'
import { type LiveObserver, NO_LIVE_VALUES } from './live-observer.js'
import { PendingWrites } from './pending-writes.js'
import { Session } from './session.js'
import { synchronous } from './synchronous.js'
import type { StoredPayload, Write } from './write.js'

/**
 * When a write is done. `'batched'`: it is pending, and synced to disk with others soon.
 * `'sync'`: it is on disk. `'commit'`: it is committed, but a loss of power may damage the store.
 */
export type Durability = 'batched' | 'commit' | 'sync'

export interface EngineParts {
  readonly store: SyncStore
  readonly codec: ValueCodec
  readonly keySettings: KeySettings
  readonly cache: EntryCache
  readonly clock: Clock
  readonly durability: Durability
  /** Told of failures that no call can report. */
  readonly onError: (error: unknown) => void
}

/** Pending writes beyond either bound are committed at once: they bound memory and the next commit. */
const MAX_PENDING_WRITES = 50_000
const MAX_PENDING_BYTES = 32 * 2 ** 20

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
  readonly #commits = { commits: 0, failedCommits: 0 }
  /** Moves with each write made here, pending ones included: tells a scan that its rows may be old. */
  writes = 0
  /** The live values of all dicts over this engine. */
  live: LiveObserver = NO_LIVE_VALUES
  readonly #reads: CachedReads
  readonly #keySettings: KeySettings
  readonly #spaces = new Map<string, KeySpace>()
  readonly #pending = new PendingWrites()
  readonly #schedule: FlushSchedule
  readonly #onError: (error: unknown) => void
  readonly #promise: CommitPromise
  #session: Session | undefined
  #touched: string[] = []
  #flushing: Promise<void> | undefined
  #closed = false

  constructor(parts: EngineParts) {
    this.store = parts.store
    this.codec = parts.codec
    this.clock = parts.clock
    this.durability = parts.durability
    this.#reads = new CachedReads(parts.store, parts.codec, parts.cache, parts.clock)
    this.#keySettings = parts.keySettings
    this.#onError = parts.onError
    this.#promise = parts.durability === 'commit' ? 'committed' : 'synced'
    this.#schedule = new FlushSchedule(parts.clock, () => this.#flushInBackground())
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

  /** The live entry of a key, or undefined. */
  entry(space: KeySpace, key: string, mode: ValueMode): Entry | undefined {
    const id = this.#settledId(space, key)
    if (this.#session !== undefined) return this.#entryInSession(this.#session, space, key)
    // Metadata of a pending write is known only once it is committed.
    if (this.#pending.count > 0 && this.#pending.get(id) !== undefined) this.flushSync()
    return this.#reads.entry(space, key, id, mode)
  }

  /** The live value of a key, or undefined. */
  value(space: KeySpace, key: string, mode: ValueMode): unknown {
    const id = this.#settledId(space, key)
    if (this.#session !== undefined) {
      return this.#entryInSession(this.#session, space, key)?.value(mode)
    }
    if (this.#pending.count > 0) {
      const write = this.#pending.get(id)
      if (write !== undefined) return this.#pendingValue(write, mode)
    }
    return this.#reads.entry(space, key, id, mode)?.value(mode)
  }

  has(space: KeySpace, key: string): boolean {
    const id = this.#settledId(space, key)
    if (this.#session !== undefined) return this.#session.find(space, key) !== undefined
    const write = this.#pending.count > 0 ? this.#pending.get(id) : undefined
    if (write !== undefined) return write.kind === 'set' && !this.#isPast(write.expiresAt)
    return this.#reads.has(space, key, id)
  }

  /** Takes writes in, all or none of them. Under `'batched'` they are pending when it returns. */
  write(writes: readonly Write[]): void {
    if (this.#closed) throw new ClosedError()
    this.writes++
    for (const { space, key } of writes) this.live.replaced(space.idOf(key))
    if (this.#session !== undefined) {
      this.#writeInSession(this.#session, writes)
      return
    }
    if (this.durability !== 'batched') {
      this.transaction((session) => this.#writeInSession(session, writes))
      return
    }
    for (const write of writes) this.#pending.add(write.space.idOf(write.key), write)
    if (this.#pending.count > MAX_PENDING_WRITES || this.#pending.sizeBytes > MAX_PENDING_BYTES) {
      this.flushSync()
    } else {
      this.#schedule.request()
    }
  }

  /** Removes a key; false if there was none. */
  delete(space: KeySpace, key: string): boolean {
    const existed = this.#isThere(space, key)
    if (existed) this.write([{ kind: 'delete', space, key }])
    return existed
  }

  clear(space: KeySpace): void {
    this.transaction((session) => session.clear(space))
    this.live.cleared(space)
    this.#reads.clear()
  }

  /**
   * Runs `fn` in one store transaction, pending writes first. Inside another transaction it joins
   * that one, which then fails as a whole if `fn` throws.
   */
  transaction<T>(fn: (session: Session) => T): T {
    if (this.#closed) throw new ClosedError()
    if (this.#session !== undefined) return this.#join(this.#session, fn)
    if (this.live.isDirty) this.live.settleAll()
    this.writes++
    const touched = this.#touched
    touched.length = 0
    let changeBefore = 0
    let result: T
    try {
      result = this.#schedule.timed(() =>
        this.#counted(() =>
          this.store.transaction(this.#promise, (tx) => {
            changeBefore = this.store.changeId()
            this.#reads.seen(changeBefore)
            const session = new Session(tx, this.clock.now(), this.codec.serializer.code)
            this.#pending.applyByKey(session)
            this.#session = session
            try {
              const value = synchronous(fn(session))
              if (this.live.isDirty) this.live.settleAll()
              if (session.failure !== undefined) throw session.failure
              session.finish()
              return value
            } finally {
              this.#session = undefined
            }
          }),
        ),
      )
    } catch (error) {
      // A scan that began inside has rows that never were.
      this.writes++
      this.live.rolledBack()
      throw error
    }
    this.#afterCommit(changeBefore, touched)
    return result
  }

  /** Runs reads as of one moment: again if somebody committed meanwhile, at last with writers shut out. */
  together<T>(read: () => T): T {
    if (this.#session !== undefined) return read()
    for (let attempt = 0; attempt < MAX_OPTIMISTIC_READS; attempt++) {
      const change = this.store.changeId()
      const result = read()
      if (this.store.changeId() === change) return result
    }
    return this.transaction(read)
  }

  /** The newest payload of a key, pending writes included; undefined if absent or expired. */
  payload(space: KeySpace, key: string): StoredPayload | undefined {
    if (this.#closed) throw new ClosedError()
    if (this.#session !== undefined) return this.#entryInSession(this.#session, space, key)
    const id = space.idOf(key)
    const write = this.#pending.count > 0 ? this.#pending.get(id) : undefined
    if (write === undefined) return this.#reads.entry(space, key, id, 'copy')
    return write.kind === 'set' && !this.#isPast(write.expiresAt) ? write : undefined
  }

  /** Looks whether somebody else has committed; returns a number that moves when somebody did. */
  lookForChanges(): number {
    if (this.#session === undefined) this.#reads.look()
    return this.#reads.foreignChanges
  }

  /** What a scan should read from: the transaction if one is running, else the store, up to date. */
  reader(): StoreReader {
    if (this.#closed) throw new ClosedError()
    if (this.live.isDirty) this.live.settleAll()
    if (this.#session !== undefined) return this.#session.reader()
    if (this.#pending.count > 0) this.flushSync()
    return this.store
  }

  /** Commits what is pending. Throws what the store throws; the writes then stay pending. */
  flushSync(): void {
    if (this.#closed) throw new ClosedError()
    if (this.#session !== undefined) {
      throw new TransactionError(
        'flush() is not possible inside a transaction: it commits as a whole.',
      )
    }
    if (this.live.isDirty) this.live.settleAll()
    this.#schedule.cancel()
    if (this.#pending.count > 0) this.transaction(() => {})
  }

  /** Resolves when everything written so far is on disk. Calls of one turn share one commit. */
  flush(): Promise<void> {
    this.#flushing ??= Promise.resolve().then(() => {
      this.#flushing = undefined
      // Closed meanwhile: that has committed everything, or it would have thrown and be open still.
      if (this.#closed) return
      this.flushSync()
      if (this.durability === 'commit') this.store.sync()
    })
    return this.#flushing
  }

  /** The instant that decides what has expired: inside a transaction, that of its start. */
  now(): number {
    return this.#session?.now ?? this.clock.now()
  }

  /** Drops the decoded values that are kept for reading again. */
  clearCache(): void {
    this.#reads.clear()
  }

  get pendingWrites(): number {
    return this.#pending.count
  }

  get cacheSize(): { entries: number; sizeBytes: number } {
    return this.#reads.size
  }

  get counters(): EngineCounters {
    const { hits, misses } = this.#reads
    return { hits, misses, ...this.#commits }
  }

  get isClosed(): boolean {
    return this.#closed
  }

  get isInTransaction(): boolean {
    return this.#session !== undefined
  }

  /** Commits and closes the store. A failed commit throws, and leaves it open unless it is gone. */
  close(): void {
    if (this.#closed) return
    let gone: StoreGoneError | undefined
    try {
      this.flushSync()
    } catch (error) {
      if (!(error instanceof StoreGoneError)) throw error
      gone = error
    }
    this.#closed = true
    this.#reads.clear()
    this.store.close()
    if (gone !== undefined) throw gone
  }

  /** Whether there is anything to delete: a record that cannot be read is something, too. */
  #isThere(space: KeySpace, key: string): boolean {
    try {
      return this.has(space, key)
    } catch (error) {
      if (error instanceof UnreadableRecordError) return true
      throw error
    }
  }

  /** The id of a key that is about to be read: changes of its live value are written first. */
  #settledId(space: KeySpace, key: string): string {
    if (this.#closed) throw new ClosedError()
    const id = space.idOf(key)
    if (this.live.isDirty) this.live.settle(id)
    return id
  }

  #entryInSession(session: Session, space: KeySpace, key: string): Entry | undefined {
    const record = session.find(space, key)
    return record === undefined ? undefined : Entry.whole(key, record, this.codec)
  }

  #pendingValue(write: Write, mode: ValueMode): unknown {
    if (write.kind === 'delete' || this.#isPast(write.expiresAt)) return undefined
    const { bytes, isGraph } = write.payload
    const value = readable(write.key, () => this.codec.decode(bytes, isGraph))
    if (mode === 'frozen') deepFreeze(value)
    return value
  }

  #isPast(expiresAt: number): boolean {
    return expiresAt !== 0 && expiresAt <= this.clock.now()
  }

  #writeInSession(session: Session, writes: readonly Write[]): void {
    for (const write of writes) {
      session.apply(write)
      this.#touched.push(write.space.idOf(write.key))
    }
  }

  #join<T>(session: Session, fn: (session: Session) => T): T {
    try {
      return synchronous(fn(session))
    } catch (error) {
      session.failure ??= error
      throw error
    }
  }

  #counted<T>(commit: () => T): T {
    try {
      const result = commit()
      this.#commits.commits++
      return result
    } catch (error) {
      this.#commits.failedCommits++
      throw error
    }
  }

  #afterCommit(changeBefore: number, touched: readonly string[]): void {
    for (const id of this.#pending.ids()) this.#reads.drop(id)
    for (const id of touched) this.#reads.drop(id)
    this.#pending.clear()
    this.#schedule.cancel()
    this.#reads.committed(changeBefore)
  }

  #flushInBackground(): void {
    if (this.#closed || this.#pending.count === 0) return
    try {
      this.flushSync()
    } catch (error) {
      // The writes are still pending.
      this.#schedule.retry()
      this.#onError(error)
    }
  }
}
