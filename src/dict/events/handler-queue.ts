/**
 * One handler and the events that wait for it, told one after the other.
 *
 * Handlers run in microtasks: after the commit that they hear of, outside of it, and never inside the
 * call that made it. Each event has a microtask of its own, so that all handlers together hear of
 * things in the order in which they happened. Only one that still awaits an earlier event hears later;
 * no other waits for it.
 */
import type { Clock } from '../../clock.js'
import { EventOverflowError, HandlerError, HandlerTimeoutError } from '../../errors/event-errors.js'
import type { Handler, HandlerContext } from './dict-events.js'

/** Events that wait for one handler: beyond, the oldest go. Each holds the bytes of an entry. */
const MAX_WAITING = 100_000

export interface QueueParts {
  /** The name of the event, for messages. */
  readonly event: string
  readonly handler: Handler<unknown>
  readonly timeoutMs: number
  /** Whether a handler that has used up its time is stopped by that. */
  readonly stopsAtTimeout: boolean
  readonly clock: Clock
  readonly onError: (error: unknown) => void
  /** Called when the queue has ended and is empty. */
  readonly onEnd: () => void
}

/** What a handler gets. The controller is made only if it is asked for. */
class Context implements HandlerContext {
  #controller: AbortController | undefined
  #reason: unknown

  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#reason !== undefined) this.#controller.abort(this.#reason)
    return this.#controller.signal
  }

  abort(reason: unknown): void {
    this.#reason = reason
    this.#controller?.abort(reason)
  }
}

export class HandlerQueue {
  readonly #parts: QueueParts
  #waiting: unknown[] = []
  #at = 0
  #isAwaiting = false
  #hasEnded = false
  /** Ended in the middle of its work: how that ends is of no interest. */
  #isAbandoned = false
  #dropped = 0

  constructor(parts: QueueParts) {
    this.#parts = parts
  }

  push(event: unknown): void {
    if (this.#hasEnded) return
    this.#waiting.push(event)
    if (this.#waiting.length - this.#at > MAX_WAITING) this.#drop()
    if (!this.#isAwaiting) queueMicrotask(() => this.#tellNext())
  }

  /** Takes no more events; those that wait are still told, unless they are to be dropped. */
  end(drops: boolean): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    if (drops) {
      this.#waiting.length = this.#at
      this.#isAbandoned = true
    }
    if (this.#isIdle) this.#parts.onEnd()
  }

  get #isIdle(): boolean {
    return !this.#isAwaiting && this.#at === this.#waiting.length
  }

  #tellNext(): void {
    if (this.#isAwaiting || this.#at === this.#waiting.length) return
    const event = this.#waiting[this.#at++]
    if (this.#at === this.#waiting.length) {
      this.#waiting = []
      this.#at = 0
    }
    const context = new Context()
    const pending = this.#call(event, context)
    if (pending !== undefined) this.#await(pending, context)
    else if (this.#hasEnded && this.#isIdle) this.#parts.onEnd()
  }

  /** Calls the handler; what it returned, if that must be waited for. */
  #call(event: unknown, context: Context): PromiseLike<unknown> | undefined {
    try {
      const result = this.#parts.handler(event, context)
      const isThenable = typeof (result as { then?: unknown } | null)?.then === 'function'
      return isThenable ? (result as PromiseLike<unknown>) : undefined
    } catch (error) {
      this.#fail(error)
      return undefined
    }
  }

  #await(pending: PromiseLike<unknown>, context: Context): void {
    const { clock, event, timeoutMs, stopsAtTimeout } = this.#parts
    this.#isAwaiting = true
    let isOver = false
    const settle = (fail?: () => void) => {
      // Late: its time was up, which was told, and the queue has gone on.
      if (isOver) return
      isOver = true
      timer?.cancel()
      fail?.()
      this.#isAwaiting = false
      // Their microtasks have found it awaiting.
      for (let left = this.#waiting.length - this.#at; left > 0; left--) this.#tellNext()
      if (this.#hasEnded && this.#isIdle) this.#parts.onEnd()
    }
    const timer = Number.isFinite(timeoutMs)
      ? clock.after(timeoutMs, () => {
          const error = new HandlerTimeoutError(event, timeoutMs, stopsAtTimeout)
          context.abort(error)
          settle(() => this.#parts.onError(error))
        })
      : undefined
    // Wrapped: the `then` of a foreign thenable may throw.
    Promise.resolve(pending).then(
      () => settle(),
      (error) => settle(() => this.#fail(error)),
    )
  }

  #fail(cause: unknown): void {
    if (this.#isAbandoned) return
    this.#parts.onError(new HandlerError(this.#parts.event, cause))
  }

  #drop(): void {
    this.#at++
    this.#dropped++
    // Told once for a burst, and again for each tenfold.
    if (Number.isInteger(Math.log10(this.#dropped))) {
      this.#parts.onError(new EventOverflowError(this.#parts.event, this.#dropped))
    }
    if (this.#at > MAX_WAITING) {
      this.#waiting = this.#waiting.slice(this.#at)
      this.#at = 0
    }
  }
}
