/** Ends a subscription; also by `using`. */
export interface Subscription {
  unsubscribe(): void
  [Symbol.dispose](): void
}

/** Who wants to hear of one kind of event. */
export class Listeners<T> {
  readonly #handlers = new Set<{ readonly call: (event: T) => void }>()

  get isEmpty(): boolean {
    return this.#handlers.size === 0
  }

  add(handler: (event: T) => void): Subscription {
    // Wrapped, so that one function subscribed twice is two subscriptions.
    const wrapped = { call: handler }
    this.#handlers.add(wrapped)
    const unsubscribe = () => void this.#handlers.delete(wrapped)
    return { unsubscribe, [Symbol.dispose]: unsubscribe }
  }

  /** Tells everybody. A handler that throws must not keep the others from hearing. */
  tell(event: T): void {
    const thrown: unknown[] = []
    for (const { call } of this.#handlers) {
      try {
        call(event)
      } catch (failure) {
        thrown.push(failure)
      }
    }
    // Reported as any uncaught error is: it is the program's, not ours.
    for (const failure of thrown) {
      queueMicrotask(() => {
        throw failure
      })
    }
  }
}
