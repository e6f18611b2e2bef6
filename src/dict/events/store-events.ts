/** All who listen to the dicts of one store. */
import type { EntryRange } from '../../engine/entry-range.js'
import type { Feed, FeedReader } from '../../engine/feed.js'
import type { Listeners, Subscription } from '../../engine/listeners.js'
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
import type { EventSource } from './event-source.js'
import { KeyHandlers } from './key-handlers.js'
import { Watch } from './watch.js'

export class StoreEvents {
  readonly errors: Listeners<unknown>
  readonly warnings: Listeners<Warning>
  readonly hub: EventHub
  readonly keyHandlers: KeyHandlers
  readonly #feed: Feed
  readonly #watches = new Set<Watch>()
  /** Open while a key has a handler of its expiry: another process may be the one that removes it. */
  #elsewhere: FeedReader | undefined
  #reading: Promise<void> = Promise.resolve()

  /** `errors` and `warnings` are where the engine reports what no call can. */
  constructor(
    source: EventSource,
    errors: Listeners<unknown>,
    warnings: Listeners<Warning>,
    feed: Feed,
  ) {
    this.errors = errors
    this.warnings = warnings
    const tell = (error: unknown) => errors.tell(error)
    this.hub = new EventHub(source, tell)
    this.keyHandlers = new KeyHandlers(source, tell)
    this.#feed = feed
  }

  /** Watches what any process commits from now on, until the signal is aborted. */
  watch(scope: EventScope, range: EntryRange | undefined, signal: AbortSignal | undefined): Watch {
    const stop = () => watch.end()
    const watch = new Watch(this.#feed, scope, range, (ended) => {
      this.#watches.delete(ended)
      signal?.removeEventListener('abort', stop)
    })
    this.#watches.add(watch)
    if (signal?.aborted) watch.end()
    signal?.addEventListener('abort', stop, { once: true })
    return watch
  }

  /** Call when handlers of expiries have come or gone. */
  attendElsewhere(): void {
    try {
      if (this.keyHandlers.expiring > 0) {
        this.#elsewhere ??= this.#feed.open(() => this.#heardElsewhere())
      } else {
        this.#elsewhere = void this.#elsewhere?.close()
      }
    } catch (error) {
      // It comes after a commit, which must not look as if it had failed. The next one tries again.
      this.errors.tell(error)
    }
  }

  /** Ends what goes on in the background. Call before the store is closed. */
  close(): void {
    for (const watch of [...this.#watches]) watch.end()
    this.#elsewhere = undefined
    this.#feed.close()
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
  ended(handle: object): void {
    this.hub.ended(handle)
    this.keyHandlers.ended(handle)
    for (const watch of [...this.#watches]) if (watch.scope.handle === handle) watch.end()
  }

  #heardElsewhere(): void {
    // One after the other: the changes have an order.
    this.#reading = this.#reading
      .then(() => this.#readElsewhere())
      .catch((error) => this.errors.tell(error))
  }

  async #readElsewhere(): Promise<void> {
    for (let hasMore = true; hasMore; ) {
      const page = await this.#elsewhere?.read()
      hasMore = page?.hasMore ?? false
      for (const { change, isOwn } of page?.changes ?? []) {
        if (!isOwn) this.keyHandlers.heardFromElsewhere(change)
      }
      for (const storageKey of page?.unnamed ?? []) this.keyHandlers.expiredAt(storageKey)
    }
  }
}

/** Notices have no deadline: nobody waits for their handlers. */
const NEVER = { signal: new AbortController().signal }
