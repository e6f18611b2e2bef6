/**
 * Those who take part in every transaction: limits, the change log, events.
 *
 * Changes are collected only when one of the hooks wants them, since each costs a copy of its record.
 */
import type { StoreReader, StoreTransaction } from '../store/sync-store.js'
import type { Change } from './change.js'
import type { RowObserver } from './row-observer.js'
import type { Session } from './session.js'

export interface CommitHook {
  /** Asked as each transaction begins: whether its changes should be collected. */
  wantsChanges(reader: StoreReader): boolean
  /** Asked then, too: who should be told of every row. One hook at most answers. */
  observeRows?(tx: StoreTransaction): RowObserver | undefined
  /**
   * Called last inside each transaction, whether or not changes are wanted. May write, by the session
   * or its transaction; a throw takes everything back.
   */
  beforeCommit?(session: Session): void
  /** Its beforeCommit() comes after those of the others, and sees what they have done. */
  readonly isLast?: boolean
  /** Called before the engine commits for the last time. Must not throw. */
  closing?(): void
  /** Told of what was committed, outside of any transaction. Must not throw. */
  committed?(changes: readonly Change[]): void
  /** Told that a transaction has rolled back, and whether older writes wait for the next. Must not throw. */
  rolledBack?(hasPending: boolean): void
}

export class CommitHooks {
  /** Set while a commit might be refused: then writes must not wait for a later one. */
  mayRefuse = false
  /** A larger write might never fit, and so must not wait either: none of those with it could be committed. */
  largestPending = Number.POSITIVE_INFINITY
  /** Told of each hook that comes. */
  onAdded: (hook: CommitHook) => void = () => {}
  readonly #hooks = new Set<CommitHook>()

  /** Adds a hook, which hears of what is done from now on; returns how to remove it. */
  add(hook: CommitHook): () => void {
    this.#hooks.add(hook)
    this.onAdded(hook)
    return () => void this.#hooks.delete(hook)
  }

  wantChanges(reader: StoreReader): boolean {
    let isWanted = false
    // Each is asked, wanted or not: asking is how a hook hears that a transaction begins.
    for (const hook of this.#hooks) isWanted = hook.wantsChanges(reader) || isWanted
    return isWanted
  }

  rowObserver(tx: StoreTransaction): RowObserver | undefined {
    for (const hook of this.#hooks) {
      const observer = hook.observeRows?.(tx)
      if (observer !== undefined) return observer
    }
    return undefined
  }

  beforeCommit(session: Session): void {
    for (const hook of this.#hooks) if (!hook.isLast) hook.beforeCommit?.(session)
    for (const hook of this.#hooks) if (hook.isLast) hook.beforeCommit?.(session)
  }

  closing(): void {
    for (const hook of this.#hooks) hook.closing?.()
  }

  committed(changes: readonly Change[]): void {
    for (const hook of this.#hooks) hook.committed?.(changes)
  }

  rolledBack(hasPending: boolean): void {
    for (const hook of this.#hooks) hook.rolledBack?.(hasPending)
  }
}
