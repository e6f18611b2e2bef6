/**
 * Pending writes, and the transactions that commit them.
 *
 * Writes wait here until a commit takes them all in one transaction. Inside a transaction they go
 * straight to its session.
 */
import type { Clock } from '../clock.js'
import type { ValueCodec } from '../codec/value-codec.js'
import { ClosedError } from '../errors/open-errors.js'
import { TransactionError } from '../errors/store-errors.js'
import type { CommitPromise, SyncStore } from '../store/sync-store.js'
import type { CachedReads } from './cached-reads.js'
import { type Change, ChangeList } from './change.js'
import { type CommitHook, CommitHooks } from './commit-hooks.js'
import { resumeExit } from './exit-hook.js'
import { FlushSchedule } from './flush-schedule.js'
import { type LiveObserver, NO_LIVE_VALUES } from './live-observer.js'
import { PendingWrites } from './pending-writes.js'
import { Session } from './session.js'
import { synchronous } from './synchronous.js'
import { type Write, weightOf } from './write.js'

/**
 * When a write is done. `'batched'`: it is pending, and synced to disk with others soon.
 * `'sync'`: it is on disk. `'commit'`: it is committed, but a loss of power may damage the store.
 */
export type Durability = 'batched' | 'commit' | 'sync'

export interface CommitsParts {
  readonly store: SyncStore
  readonly codec: ValueCodec
  readonly clock: Clock
  readonly durability: Durability
  readonly maxAgeMs?: number | undefined
  readonly reads: CachedReads
  /** Told of failures that no call can report. */
  readonly onError: (error: unknown) => void
}

/** Pending writes beyond either bound are committed at once: they bound memory and the next commit. */
const MAX_PENDING_WRITES = 50_000
const MAX_PENDING_BYTES = 32 * 2 ** 20

export class Commits {
  /** The transaction that is running, if one is. */
  session: Session | undefined
  readonly pending = new PendingWrites()
  readonly hooks = new CommitHooks()
  /** The live values of all dicts over the engine. */
  live: LiveObserver = NO_LIVE_VALUES
  isClosed = false
  /** Moves with each write made here, pending ones included: tells a scan that its rows may be old. */
  writes = 0
  commits = 0
  failedCommits = 0
  readonly #parts: CommitsParts
  readonly #promise: CommitPromise
  readonly #schedule: FlushSchedule
  #touched: string[] = []
  #flushing: Promise<void> | undefined

  constructor(parts: CommitsParts) {
    this.#parts = parts
    this.#promise = parts.durability === 'commit' ? 'committed' : 'synced'
    this.#schedule = new FlushSchedule(parts.clock, () => this.#flushInBackground())
    this.hooks.onAdded = (hook) => this.#hearsFromNow(hook)
  }

  /** Takes writes in, all or none of them. Under `'batched'` they are pending when it returns. */
  write(writes: readonly Write[]): void {
    if (this.isClosed) throw new ClosedError()
    this.writes++
    for (const { space, key } of writes) this.live.replaced(space.idOf(key))
    if (this.session !== undefined) {
      this.#writeInSession(this.session, writes)
      return
    }
    if (this.#parts.durability !== 'batched' || this.#mustNotWait(writes)) {
      this.transaction((session) => this.#writeInSession(session, writes))
      return
    }
    for (const write of writes) this.pending.add(write.space.idOf(write.key), write)
    if (this.pending.exceeds(MAX_PENDING_WRITES, MAX_PENDING_BYTES)) {
      this.flushSync()
    } else {
      this.#schedule.request()
    }
  }

  /**
   * Runs `fn` in one store transaction, pending writes first. Inside another transaction it joins
   * that one, which then fails as a whole if `fn` throws.
   */
  transaction<T>(fn: (session: Session) => T): T {
    if (this.isClosed) throw new ClosedError()
    if (this.session !== undefined) return join(this.session, fn)
    if (this.live.isDirty) this.live.settleAll()
    this.writes++
    this.#touched.length = 0
    const { store, reads } = this.#parts
    let changeBefore = 0
    let hasWritten = false
    let changes: readonly Change[] | undefined
    let result: T
    try {
      result = this.#schedule.timed(() =>
        store.transaction(this.#promise, (tx) => {
          changeBefore = store.changeId()
          reads.seen(changeBefore)
          const { codec, clock, maxAgeMs } = this.#parts
          const list = this.hooks.wantChanges(tx) ? new ChangeList(codec) : undefined
          const session = new Session(tx, clock.now(), {
            changes: list,
            observer: this.hooks.rowObserver(tx),
            maxAgeMs,
            foreignChanges: reads.foreignChanges,
          })
          this.pending.applyByKey(session)
          list?.sort()
          const value = this.#within(session, fn)
          hasWritten = session.hasWritten
          changes = session.changes
          for (const id of session.gone) this.#touched.push(id)
          return value
        }),
      )
    } catch (error) {
      this.failedCommits++
      // A scan that began inside has rows that never were.
      this.writes++
      this.live.rolledBack()
      this.hooks.rolledBack(this.pending.count > 0)
      resumeExit()
      throw error
    }
    this.commits++
    this.#afterCommit(changeBefore, hasWritten)
    if (changes !== undefined && changes.length > 0) this.hooks.committed(changes)
    return result
  }

  /** Commits what is pending. Throws what the store throws; the writes then stay pending. */
  flushSync(): void {
    if (this.isClosed) throw new ClosedError()
    if (this.session !== undefined) {
      throw new TransactionError(
        'flush() is not possible inside a transaction: it commits as a whole.',
      )
    }
    if (this.live.isDirty) this.live.settleAll()
    this.#schedule.cancel()
    if (!this.pending.isEmpty) this.transaction(() => {})
  }

  /** Resolves when everything written so far is on disk. Calls of one turn share one commit. */
  flush(): Promise<void> {
    this.#flushing ??= Promise.resolve().then(() => {
      this.#flushing = undefined
      // Closed meanwhile: that has committed everything, or it would have thrown and be open still.
      if (this.isClosed) return
      this.flushSync()
      if (this.#promise === 'committed') this.#parts.store.sync()
    })
    return this.#flushing
  }

  #mustNotWait(writes: readonly Write[]): boolean {
    const { mayRefuse, largestPending } = this.hooks
    if (mayRefuse) return true
    if (largestPending === Number.POSITIVE_INFINITY) return false
    return writes.some((write) => weightOf(write) > largestPending)
  }

  /** A hook has come, perhaps in the middle of a transaction. */
  #hearsFromNow(hook: CommitHook): void {
    const { session } = this
    if (session === undefined || session.changes !== undefined) return
    if (hook.wantsChanges(session.tx)) session.collect(new ChangeList(this.#parts.codec))
  }

  #within<T>(session: Session, fn: (session: Session) => T): T {
    this.session = session
    try {
      const value = synchronous(fn(session))
      if (this.live.isDirty) this.live.settleAll()
      if (session.failure !== undefined) throw session.failure
      this.hooks.beforeCommit(session)
      session.finish()
      return value
    } finally {
      this.session = undefined
    }
  }

  #writeInSession(session: Session, writes: readonly Write[]): void {
    for (const write of writes) {
      session.apply(write)
      this.#touched.push(write.space.idOf(write.key))
    }
  }

  #afterCommit(changeBefore: number, hasWritten: boolean): void {
    const { reads } = this.#parts
    if (!reads.isEmpty) {
      for (const id of this.pending.ids()) reads.drop(id)
      for (const id of this.#touched) reads.drop(id)
    }
    this.pending.clear()
    this.#schedule.cancel()
    reads.committed(changeBefore, hasWritten)
  }

  #flushInBackground(): void {
    if (this.isClosed || this.pending.isEmpty) return
    try {
      this.flushSync()
    } catch (error) {
      // The writes are still pending.
      this.#schedule.retry()
      this.#parts.onError(error)
    }
  }
}

function join<T>(session: Session, fn: (session: Session) => T): T {
  try {
    return synchronous(fn(session))
  } catch (error) {
    session.failure ??= error
    throw error
  }
}
