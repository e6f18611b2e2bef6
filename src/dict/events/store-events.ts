/** All who listen to the dicts of one store. */
import type { Engine } from '../../engine/engine.js'
import { Listeners, type Subscription } from '../../engine/listeners.js'
import { OptionError } from '../../errors/option-error.js'
import {
  checkEvent,
  checkedTerms,
  type EventName,
  type Handler,
  type HandlerOptions,
  isNotice,
  type Warning,
} from './dict-events.js'
import { EventHub } from './event-hub.js'
import type { EventScope } from './event-scope.js'
import { KeyHandlers } from './key-handlers.js'

export class StoreEvents {
  readonly errors: Listeners<unknown>
  readonly warnings = new Listeners<Warning>()
  readonly hub: EventHub
  readonly keyHandlers: KeyHandlers

  /** `errors` is where the engine reports what no call can. */
  constructor(engine: Engine, errors: Listeners<unknown>) {
    this.errors = errors
    const tell = (error: unknown) => errors.tell(error)
    this.hub = new EventHub(engine, tell)
    this.keyHandlers = new KeyHandlers(engine, tell)
  }

  /** Throws OptionError or RangeError. */
  on(
    scope: EventScope,
    event: EventName,
    handlerOrOptions: Handler<never> | HandlerOptions,
    options?: HandlerOptions,
  ): Subscription {
    checkEvent(event)
    const isHandler = typeof handlerOrOptions === 'function'
    const handler = isHandler ? handlerOrOptions : undefined
    const terms = checkedTerms((isHandler ? options : handlerOrOptions) ?? {}, handler)
    if (!isNotice(event)) return this.hub.add(event, scope, handler, terms)
    if (handler === undefined || terms.key !== undefined) {
      throw new OptionError(
        'event',
        `Handlers of "${event}" are called at once, for the whole store: they take neither key nor isolate.`,
      )
    }
    const { isOnce, signal } = terms
    const told = (what: unknown) => {
      if (isOnce) subscription.unsubscribe()
      // The types of on() have paired the handler with what its event tells.
      handler(what as never, NEVER)
    }
    const subscription = event === 'error' ? this.errors.add(told) : this.warnings.add(told)
    if (signal?.aborted) subscription.unsubscribe()
    signal?.addEventListener('abort', () => subscription.unsubscribe(), { once: true })
    return subscription
  }

  /** A dict has closed. */
  ended(lease: object): void {
    this.hub.ended(lease)
    this.keyHandlers.ended(lease)
  }
}

/** Notices have no deadline: nobody waits for their handlers. */
const NEVER = { signal: new AbortController().signal }
