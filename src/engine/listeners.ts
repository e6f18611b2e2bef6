/** Somebody's wish to hear of something; ends by unsubscribe(), or by `using`. */
export interface Subscription {
  /** Whether events are heard: true until disable(). */
  readonly isEnabled: boolean
  /** Hears again. */
  enable(): void
  /** Hears nothing until enable(): what happens meanwhile is not told later. */
  disable(): void
  /** Ends for ever. May be called twice. */
  unsubscribe(): void
  /** Ends for ever: for `using`. */
  [Symbol.dispose](): void
}

class Listener<T> implements Subscription {
  readonly call: (event: T) => void
  readonly #end: (listener: Listener<T>) => void
  isEnabled = true

  constructor(call: (event: T) => void, end: (listener: Listener<T>) => void) {
    this.call = call
    this.#end = end
  }

  enable(): void {
    this.isEnabled = true
  }

  disable(): void {
    this.isEnabled = false
  }

  unsubscribe(): void {
    this.#end(this)
  }

  [Symbol.dispose](): void {
    this.unsubscribe()
  }
}

/** Who wants to hear of one kind of event, at once and before whoever tells it goes on. */
export class Listeners<T> {
  readonly #listeners = new Set<Listener<T>>()
  /** Events so far, heard or not. */
  told = 0

  get isEmpty(): boolean {
    return this.#listeners.size === 0
  }

  add(handler: (event: T) => void): Subscription {
    const listener = new Listener(handler, (ended) => void this.#listeners.delete(ended))
    this.#listeners.add(listener)
    return listener
  }

  /** Tells everybody. A handler that throws must not keep the others from hearing. */
  tell(event: T): void {
    this.told++
    const thrown: unknown[] = []
    for (const { call, isEnabled } of this.#listeners) {
      try {
        if (isEnabled) call(event)
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
