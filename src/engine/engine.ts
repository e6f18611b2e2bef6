/**
 * What reading and writing mean, for all dicts over one store in this thread.
 *
 * Reads look at the pending writes, then the read cache, then the store. Writes are pending until a
 * commit takes them all in one transaction. Inside a transaction both go straight to it.
 *
 * COHERENCE. The store's change id moves with every commit by anyone. An entry read at change id n is
 * valid as long as nobody else has committed since: `#floor` is the least n that still holds. Our own
 * commits move the id too, but we drop what they touch ourselves, so they leave the floor alone.
 */
import type { Clock } from '../clock.js'
import { deepFreeze } from '../codec/freeze.js'
import type { ValueCodec } from '../codec/value-codec.js'
import { ClosedError } from '../errors/open-errors.js'
import { TransactionError } from '../errors/store-errors.js'
import type { KeySettings } from '../keys/key-settings.js'
import { KeySpace } from '../keys/key-space.js'
import type { CommitPromise, StoreReader, SyncStore } from '../store/sync-store.js'
import { Entry, type ValueMode } from './entry.js'
import { FlushSchedule } from './flush-schedule.js'
import { PendingWrites } from './pending-writes.js'
import { findRow } from './row.js'
import { Session } from './session.js'
import type { Write } from './write.js'

/**
 * When a write is done. `'batched'`: it is pending, and synced to disk with others soon.
 * `'sync'`: it is on disk. `'commit'`: it is committed, but a loss of power may damage the store.
 */
export type Durability = 'batched' | 'commit' | 'sync'

/** The read cache, as far as the engine sees it. */
export interface EntryCache {
  get(id: string): Entry | undefined
  set(id: string, entry: Entry, sizeBytes: number): void
  delete(id: string): void
  clear(): void
  readonly entries: number
  readonly sizeBytes: number
}

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
const MAX_PENDING_WRITES = 10_000
const MAX_PENDING_BYTES = 16 * 2 ** 20

/** Reads of several keys are tried so often before they shut writers out. */
const MAX_OPTIMISTIC_READS = 4

/** Counters since the engine was made. */
export interface EngineCounters {
  hits: number
  misses: number
  commits: number
  failedCommits: number
}

export class Engine {
  readonly store: SyncStore
  readonly codec: ValueCodec
  readonly clock: Clock
  readonly durability: Durability
  readonly counters: EngineCounters = { hits: 0, misses: 0, commits: 0, failedCommits: 0 }
  /** Moves with each write made here, pending ones included: tells a scan that its rows may be old. */
  writes = 0
  readonly #cache: EntryCache
  readonly #keySettings: KeySettings
  readonly #spaces = new Map<string, KeySpace>()
  readonly #pending = new PendingWrites()
  readonly #schedule: FlushSchedule
  readonly #onError: (error: unknown) => void
  readonly #promise: CommitPromise
  #session: Session | undefined
  #touched: string[] = []
  #seenChange = -1
  #floor = 0
  #flushing: Promise<void> | undefined
  #closed = false

  constructor(parts: EngineParts) {
    this.store = parts.store
    this.codec = parts.codec
    this.clock = parts.clock
    this.durability = parts.durability
    this.#cache = parts.cache
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
    if (this.#closed) throw new ClosedError()
    if (this.#session !== undefined) return this.#entryInSession(this.#session, space, key)
    const id = space.idOf(key)
    // Metadata of a pending write is known only once it is committed.
    if (this.#pending.count > 0 && this.#pending.get(id) !== undefined) this.flushSync()
    return this.#committedEntry(space, key, id, mode)
  }

  /** The live value of a key, or undefined. */
  value(space: KeySpace, key: string, mode: ValueMode): unknown {
    if (this.#closed) throw new ClosedError()
    if (this.#session !== undefined) {
      return this.#entryInSession(this.#session, space, key)?.value(mode)
    }
    const id = space.idOf(key)
    if (this.#pending.count > 0) {
      const write = this.#pending.get(id)
      if (write !== undefined) return this.#pendingValue(write, mode)
    }
    return this.#committedEntry(space, key, id, mode)?.value(mode)
  }

  has(space: KeySpace, key: string): boolean {
    if (this.#closed) throw new ClosedError()
    if (this.#session !== undefined) return this.#session.find(space, key) !== undefined
    const id = space.idOf(key)
    const write = this.#pending.count > 0 ? this.#pending.get(id) : undefined
    if (write !== undefined) return write.kind === 'set' && !this.#isPast(write.expiresAt)
    const cached = this.#cached(id)
    if (cached !== undefined) return !this.#isPast(cached.expiresAt)
    const record = findRow(this.store, space, key, 'lent')?.fields
    return record !== undefined && !this.#isPast(record.expiresAt)
  }

  /** Takes writes in, all or none of them. Under `'batched'` they are pending when it returns. */
  write(writes: readonly Write[]): void {
    if (this.#closed) throw new ClosedError()
    this.writes++
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
    const existed = this.has(space, key)
    if (existed) this.write([{ kind: 'delete', space, key }])
    return existed
  }

  clear(space: KeySpace): void {
    this.transaction((session) => session.clear(space))
    this.#cache.clear()
  }

  /**
   * Runs `fn` in one store transaction, pending writes first. Inside another transaction it joins
   * that one, which then fails as a whole if `fn` throws.
   */
  transaction<T>(fn: (session: Session) => T): T {
    if (this.#closed) throw new ClosedError()
    if (this.#session !== undefined) return this.#join(this.#session, fn)
    this.writes++
    const touched = this.#touched
    touched.length = 0
    let changeBefore = 0
    const result = this.#schedule.timed(() =>
      this.#counted(() =>
        this.store.transaction(this.#promise, (tx) => {
          changeBefore = this.store.changeId()
          const session = new Session(tx, this.clock.now(), this.codec.serializer.code)
          for (const write of this.#pending.writes()) session.apply(write)
          this.#session = session
          try {
            const value = fn(session)
            refuseThenable(value)
            if (session.failure !== undefined) throw session.failure
            session.finish()
            return value
          } finally {
            this.#session = undefined
          }
        }),
      ),
    )
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

  /** What a scan should read from: the transaction if one is running, else the store, up to date. */
  reader(): StoreReader {
    if (this.#closed) throw new ClosedError()
    if (this.#session !== undefined) return this.#session.tx
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
    this.#schedule.cancel()
    if (this.#pending.count > 0) this.transaction(() => {})
  }

  /** Resolves when everything written so far is on disk. Calls of one turn share one commit. */
  flush(): Promise<void> {
    this.#flushing ??= Promise.resolve().then(() => {
      this.#flushing = undefined
      this.flushSync()
      if (this.durability === 'commit') this.store.sync()
    })
    return this.#flushing
  }

  /** Drops the decoded values that are kept for reading again. */
  clearCache(): void {
    this.#cache.clear()
  }

  get pendingWrites(): number {
    return this.#pending.count
  }

  get cacheSize(): { entries: number; sizeBytes: number } {
    return { entries: this.#cache.entries, sizeBytes: this.#cache.sizeBytes }
  }

  get isClosed(): boolean {
    return this.#closed
  }

  get isInTransaction(): boolean {
    return this.#session !== undefined
  }

  /** Commits and closes the store. If the commit fails, it throws and stays open. */
  close(): void {
    if (this.#closed) return
    this.flushSync()
    this.#closed = true
    this.#cache.clear()
    this.store.close()
  }

  #entryInSession(session: Session, space: KeySpace, key: string): Entry | undefined {
    const record = session.find(space, key)
    return record === undefined ? undefined : Entry.whole(key, record, this.codec)
  }

  #committedEntry(space: KeySpace, key: string, id: string, mode: ValueMode): Entry | undefined {
    const cached = this.#cached(id)
    if (cached === undefined || (mode === 'copy' && !cached.isWhole)) {
      return this.#load(space, key, id, mode)
    }
    this.counters.hits++
    return cached.expiresAt !== 0 && this.#isPast(cached.expiresAt) ? undefined : cached
  }

  /** The cached entry of a key, if it is the latest. It may have expired. */
  #cached(id: string): Entry | undefined {
    const change = this.store.changeId()
    if (change !== this.#seenChange) this.#noteForeignChange(change)
    const cached = this.#cache.get(id)
    return cached !== undefined && cached.validAt >= this.#floor ? cached : undefined
  }

  #load(space: KeySpace, key: string, id: string, mode: ValueMode): Entry | undefined {
    this.counters.misses++
    // Seen before the read: the record is at least as new as that.
    const validAt = this.#seenChange
    const cached = this.#cache.get(id)
    const record = findRow(this.store, space, key, 'lent')?.fields
    if (record === undefined || this.#isPast(record.expiresAt)) {
      if (cached !== undefined) this.#cache.delete(id)
      return undefined
    }
    if (cached?.version === record.version && (mode === 'frozen' || cached.isWhole)) {
      // Somebody committed, but not this key: no need to decode it again.
      cached.validAt = validAt
      return cached
    }
    const make = mode === 'frozen' && record.isPlain ? Entry.frozen : Entry.copied
    const entry = make(key, record, this.codec)
    entry.validAt = validAt
    this.#cache.set(id, entry, entry.weightBytes)
    return entry
  }

  #pendingValue(write: Write, mode: ValueMode): unknown {
    if (write.kind === 'delete' || this.#isPast(write.expiresAt)) return undefined
    const value = this.codec.decode(write.payload.bytes, write.payload.isGraph)
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
      const value = fn(session)
      refuseThenable(value)
      return value
    } catch (error) {
      session.failure ??= error
      throw error
    }
  }

  #counted<T>(commit: () => T): T {
    try {
      const result = commit()
      this.counters.commits++
      return result
    } catch (error) {
      this.counters.failedCommits++
      throw error
    }
  }

  #afterCommit(changeBefore: number, touched: readonly string[]): void {
    for (const id of this.#pending.ids()) this.#cache.delete(id)
    for (const id of touched) this.#cache.delete(id)
    this.#pending.clear()
    this.#schedule.cancel()
    const change = this.store.changeId()
    const isOursAlone =
      changeBefore === this.#seenChange && (change === changeBefore || change === changeBefore + 1)
    if (isOursAlone) this.#seenChange = change
    else this.#noteForeignChange(change)
  }

  #noteForeignChange(change: number): void {
    // Ids only grow, unless the store was put back to an earlier state: then no stamp means anything.
    if (change < this.#seenChange) this.#cache.clear()
    this.#seenChange = change
    this.#floor = change
  }

  #flushInBackground(): void {
    if (this.#closed || this.#pending.count === 0) return
    try {
      this.flushSync()
    } catch (error) {
      // The writes are still pending; a later flush, or close(), tries again.
      this.#onError(error)
    }
  }
}

function refuseThenable(value: unknown): void {
  if (typeof (value as { then?: unknown } | null | undefined)?.then !== 'function') return
  // Its rejection must not end the process on top of the error thrown here.
  Promise.resolve(value as PromiseLike<unknown>).catch(() => {})
  throw new TransactionError(
    'The callback returned a promise. It runs inside a synchronous transaction and must return a plain value: do the asynchronous work before.',
  )
}
