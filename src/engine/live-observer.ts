/**
 * What the engine needs to know of live values: objects in memory that write themselves back when
 * they were changed. Whatever must see their changes asks for them to be settled first.
 */
export interface LiveObserver {
  /** Whether any live value has changes that were not written yet. */
  readonly isDirty: boolean
  /** Writes the changes of one key, if it has any. */
  settle(id: string): void
  /** Writes all changes. Throws what a write throws; what was not written stays dirty. */
  settleAll(): void
  /** The key was set or deleted by another way: its live value no longer stands for it. */
  replaced(id: string): void
  /** All keys of a namespace were removed. */
  cleared(namespace: object): void
  /** The transaction was taken back: live values changed in it go back, too. */
  rolledBack(): void
}

/** For dicts whose values are never live. */
export const NO_LIVE_VALUES: LiveObserver = {
  isDirty: false,
  settle: () => {},
  settleAll: () => {},
  replaced: () => {},
  cleared: () => {},
  rolledBack: () => {},
}
