/** What can go wrong with those who hear of events. They come as `error` events, and stop nothing. */
import { PersistDictError } from './persist-dict-error.js'

/** A handler of an event threw, rejected, or its module could not be run. */
export class HandlerError extends PersistDictError {
  readonly code = 'ERR_PERSISTDICT_HANDLER'
  /** The event that it was told of. */
  readonly event: string

  constructor(event: string, cause: unknown) {
    super(
      `A handler of "${event}" failed: ${cause instanceof Error ? cause.message : String(cause)}. The dict goes on; mend the handler.`,
      { cause },
    )
    this.event = event
  }
}

/** A handler did not settle in its time. One that is isolated was stopped; another may still run. */
export class HandlerTimeoutError extends PersistDictError {
  readonly code = 'ERR_PERSISTDICT_HANDLER_TIMEOUT'
  /** The event that the handler was told of. */
  readonly event: string
  /** How long the handler was given, in milliseconds. */
  readonly timeoutMs: number

  constructor(event: string, timeoutMs: number, isStopped: boolean) {
    super(
      `A handler of "${event}" was not done after ${timeoutMs} ms. ${
        isStopped
          ? 'Its worker was terminated.'
          : 'The next event is told; what it does goes on, unless it heeds its signal.'
      } Make it quicker, or give it a longer timeout.`,
    )
    this.event = event
    this.timeoutMs = timeoutMs
  }
}

/** Events came faster than a handler took them, and the oldest were dropped. */
export class EventOverflowError extends PersistDictError {
  readonly code = 'ERR_PERSISTDICT_EVENT_OVERFLOW'
  /** The event that the handler listens to. */
  readonly event: string
  /** How many events it was not told of, so far. */
  readonly dropped: number

  constructor(event: string, dropped: number) {
    super(
      `A handler of "${event}" is slower than the events come: ${dropped} of them were dropped so far. Make it quicker, or use watch(), which tells when it has to skip.`,
    )
    this.event = event
    this.dropped = dropped
  }
}
