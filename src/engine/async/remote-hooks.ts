import type { Change } from '../change.js'
import type { CommitHook } from '../commit-hooks.js'

/** Those who hear of what this process changes in an AsyncStore. */
export class RemoteHooks {
  readonly #hooks = new Set<CommitHook>()
  /** Those of the hooks that want to hear of more than what is written here. */
  readonly #attending = new Set<CommitHook>()
  readonly #attend: () => (() => void) | undefined
  #stop: (() => void) | undefined

  /** `attend` is called when the first hook has come, and what it returns when the last has gone. */
  constructor(attend: () => (() => void) | undefined) {
    this.#attend = attend
  }

  /** Adds a hook, of which only committed() is called; returns how to remove it. */
  add(hook: CommitHook): () => void {
    this.#hooks.add(hook)
    this.#attending.add(hook)
    this.#stop ??= this.#attend()
    return () => {
      this.#hooks.delete(hook)
      if (this.#attending.delete(hook) && this.#attending.size === 0) this.end()
    }
  }

  /** The same, of what is written here alone: for its sake, nothing else is attended to. */
  addQuiet(hook: CommitHook): void {
    this.#hooks.add(hook)
  }

  /** Whether anybody wants to hear. */
  get isHeard(): boolean {
    return this.#hooks.size > 0
  }

  /** No more is attended to. */
  end(): void {
    this.#stop?.()
    this.#stop = undefined
  }

  committed(changes: readonly Change[]): void {
    if (changes.length === 0) return
    for (const hook of this.#hooks) hook.committed?.(changes)
  }
}
