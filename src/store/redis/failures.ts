/** What went wrong with connections, for those who listen. Trying again is no news: the same is told once. */

export class Failures {
  readonly #listeners = new Set<{ readonly call: (error: unknown) => void }>()
  #told = ''
  last: unknown

  tell(error: unknown): void {
    this.last = error
    const text = String(error)
    if (text === this.#told) return
    this.#told = text
    for (const { call } of this.#listeners) call(error)
  }

  /** A connection works again: what went wrong before is news if it happens again. */
  settle(): void {
    this.#told = ''
  }

  on(listener: (error: unknown) => void): () => void {
    const wrapped = { call: listener }
    this.#listeners.add(wrapped)
    return () => void this.#listeners.delete(wrapped)
  }
}
