/** Who is next among the tasks of this process, by name: first come, first served. */
export class Turns {
  /** Those who wait, by name. A name that is here has somebody whose turn it is. */
  readonly #queues = new Map<string, (() => void)[]>()

  /** Whether somebody has the turn. */
  isTaken(name: string): boolean {
    return this.#queues.has(name)
  }

  /** Resolves when it is the caller's turn, which lasts until pass(). Rejects with the signal's reason. */
  async take(name: string, signal: AbortSignal): Promise<void> {
    const queue = this.#queues.get(name)
    if (queue === undefined) {
      this.#queues.set(name, [])
      return
    }
    await new Promise<void>((resolve, reject) => {
      const enter = () => {
        signal.removeEventListener('abort', leave)
        resolve()
      }
      const leave = () => {
        queue.splice(queue.indexOf(enter), 1)
        reject(signal.reason)
      }
      if (signal.aborted) return reject(signal.reason)
      queue.push(enter)
      signal.addEventListener('abort', leave, { once: true })
    })
  }

  /** Ends the turn. */
  pass(name: string): void {
    const next = this.#queues.get(name)?.shift()
    if (next === undefined) this.#queues.delete(name)
    else next()
  }
}
