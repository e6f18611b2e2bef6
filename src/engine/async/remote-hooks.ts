import type { ChangeList } from '../change.js'
import type { CommitHook } from '../commit-hooks.js'

/** Those who hear of what this process changes in an AsyncStore. */
export class RemoteHooks {
  readonly #hooks = new Set<CommitHook>()

  /** Adds a hook, of which only committed() is called; returns how to remove it. */
  add(hook: CommitHook): () => void {
    this.#hooks.add(hook)
    return () => void this.#hooks.delete(hook)
  }

  /** Whether anybody wants to hear. */
  get isHeard(): boolean {
    return this.#hooks.size > 0
  }

  committed({ changes }: ChangeList): void {
    if (changes.length === 0) return
    for (const hook of this.#hooks) hook.committed?.(changes)
  }
}
