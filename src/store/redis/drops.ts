/** Those who listen to rows that Redis drops at their deadlines. */
import type { DropListener } from '../async-store.js'
import type { DeadlineHint } from '../sync-store.js'

export class Drops {
  readonly #listeners = new Set<{ readonly call: DropListener }>()

  get isHeard(): boolean {
    return this.#listeners.size > 0
  }

  on(listener: DropListener): () => void {
    const wrapped = { call: listener }
    this.#listeners.add(wrapped)
    return () => void this.#listeners.delete(wrapped)
  }

  tell(bucket: string, hint: DeadlineHint): void {
    for (const { call } of this.#listeners) call(bucket, hint)
  }

  clear(): void {
    this.#listeners.clear()
  }
}
