/**
 * Tasks that take their turn by key: those that share one run in the order in which they came. So the
 * writers of one process, however many, are one writer to the store and never meet there.
 *
 * A task must not wait for another of this queue: it would wait for itself.
 */
export class KeyQueue {
  /** The last task of each key; a key without tasks has none. */
  readonly #last = new Map<string, Promise<void>>()

  /** Runs a task once all earlier ones with any of its keys have ended, well or not. */
  run<T>(ids: readonly string[], task: () => Promise<T>): Promise<T> {
    const earlier = ids.flatMap((id) => this.#last.get(id) ?? [])
    const result = earlier.length === 0 ? task() : Promise.all(earlier).then(task)
    const leave = () => this.#leave(ids, ended)
    const ended: Promise<void> = result.then(leave, leave)
    for (const id of ids) this.#last.set(id, ended)
    return result
  }

  /** Resolves when every task that has begun or waits now has ended. */
  async idle(): Promise<void> {
    await Promise.all(this.#last.values())
  }

  #leave(ids: readonly string[], ended: Promise<void>): void {
    for (const id of ids) if (this.#last.get(id) === ended) this.#last.delete(id)
  }
}
