import type { Clock } from '../../clock.js'
import type { AccessMarks } from '../../engine/access-marks.js'
import type { CommitHook } from '../../engine/commit-hooks.js'

/** What events need of an engine, synchronous or not. */
export interface EventSource {
  readonly clock: Clock
  readonly accesses: AccessMarks
  readonly hooks: { add(hook: CommitHook): () => void }
  /** Undefined where there are no transactions: there writes are under way side by side. */
  readonly isInTransaction?: boolean
}
