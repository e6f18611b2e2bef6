/**
 * Tells the handlers of all dicts of a store what was committed and what was read.
 *
 * Changes are collected, and reads noticed, only while somebody listens. What is told is put into the
 * handlers' queues; nothing of theirs runs here.
 */
import type { AccessObserver } from '../../engine/access-marks.js'
import type { Change } from '../../engine/change.js'
import type { CommitHook } from '../../engine/commit-hooks.js'
import type { Entry } from '../../engine/entry.js'
import type { Subscription } from '../../engine/listeners.js'
import type { KeySpace } from '../../keys/key-space.js'
import type { EventName, Handler, HandlerTerms, NoticeName } from './dict-events.js'
import { EntryEvent, type EntryEventName } from './entry-event.js'
import { type EventScope, isWithin } from './event-scope.js'
import type { EventSource } from './event-source.js'
import { HandlerQueue } from './handler-queue.js'
import { IsolatedHandler } from './isolated-handler.js'

export type HubEvent = Exclude<EventName, NoticeName>

interface RouteParts {
  readonly event: HubEvent
  readonly scope: EventScope
  readonly queue: HandlerQueue
  readonly isOnce: boolean
  readonly end: (drops: boolean) => void
}

/** One handler's way to its events. */
class Route implements Subscription {
  readonly event: HubEvent
  readonly scope: EventScope
  isEnabled = true
  readonly #parts: RouteParts

  constructor(parts: RouteParts) {
    this.event = parts.event
    this.scope = parts.scope
    this.#parts = parts
  }

  tell(event: unknown): void {
    if (!this.isEnabled) return
    this.#parts.queue.push(event)
    if (this.#parts.isOnce) this.finish()
  }

  /** Hears no more; what it was told of is still handled. */
  finish(): void {
    this.#parts.end(false)
  }

  enable(): void {
    this.isEnabled = true
  }

  disable(): void {
    this.isEnabled = false
  }

  unsubscribe(): void {
    this.#parts.end(true)
  }

  [Symbol.dispose](): void {
    this.unsubscribe()
  }
}

export class EventHub implements CommitHook, AccessObserver {
  readonly everyRead = true
  /** Told whenever somebody begins or ceases to listen. */
  onInterest: () => void = () => {}
  readonly #source: EventSource
  readonly #onError: (error: unknown) => void
  readonly #routes = new Map<HubEvent, Set<Route>>()
  /** Those that want one key only, by event and the id of the key. */
  readonly #keyed = new Map<HubEvent, Map<string, Set<Route>>>()
  #changeRoutes = 0
  #accessRoutes = 0
  #unhook: (() => void) | undefined
  #stopNoticing: (() => void) | undefined

  constructor(source: EventSource, onError: (error: unknown) => void) {
    this.#source = source
    this.#onError = onError
  }

  add(
    event: HubEvent,
    scope: EventScope,
    handler: Handler<never> | undefined,
    terms: HandlerTerms,
  ): Subscription {
    const { key, timeoutMs, isOnce, signal, module } = terms
    if (signal?.aborted) return ENDED
    const id = key === undefined ? undefined : scope.space.idOf(scope.key(key))
    const isolated = module && new IsolatedHandler(module)
    const queue = new HandlerQueue({
      event,
      // One of the two is there: checkedTerms() has seen to it.
      handler: isolated?.handle ?? (handler as Handler<unknown>),
      timeoutMs,
      stopsAtTimeout: isolated !== undefined,
      clock: this.#source.clock,
      onError: this.#onError,
      onEnd: () => isolated?.terminate(),
    })
    const set = this.#setFor(event, id)
    const onAbort = () => route.unsubscribe()
    const end = (drops: boolean) => {
      if (set.delete(route)) this.#count(event, -1)
      if (id !== undefined && set.size === 0) this.#keyed.get(event)?.delete(id)
      signal?.removeEventListener('abort', onAbort)
      queue.end(drops)
      if (drops) isolated?.terminate()
    }
    const route = new Route({ event, scope, queue, isOnce, end })
    set.add(route)
    signal?.addEventListener('abort', onAbort, { once: true })
    this.#count(event, 1)
    return route
  }

  /** Whether anybody listens to an event. */
  hears(event: HubEvent): boolean {
    return (this.#routes.get(event)?.size ?? 0) + (this.#keyed.get(event)?.size ?? 0) > 0
  }

  /** A dict has closed: its handlers hear of what has happened so far, and of nothing more. */
  ended(handle: object): void {
    for (const set of [...this.#allSets()]) {
      for (const route of [...set]) if (route.scope.handle === handle) route.finish()
    }
  }

  wantsChanges(): boolean {
    return true
  }

  committed(changes: readonly Change[]): void {
    for (const change of changes) this.tellChange(change)
  }

  tellChange({ kind, space, key, entry }: Change): void {
    if (kind === 'clear') {
      for (const route of [...(this.#routes.get(kind) ?? [])]) {
        if (isWithin(space, route.scope)) route.tell({ event: kind, namespace: space.path })
      }
    } else {
      this.#tellEntry(kind, space, key, entry)
    }
  }

  accessed(space: KeySpace, key: string, entry: Entry): void {
    this.#tellEntry('get', space, key, entry)
    this.#tellEntry('access', space, key, entry)
  }

  invalidated(space: KeySpace, tags: readonly string[]): void {
    for (const route of [...(this.#routes.get('invalidate') ?? [])]) {
      if (!isWithin(space, route.scope)) continue
      route.tell({ event: 'invalidate', namespace: space.path, tags })
    }
  }

  #tellEntry(event: EntryEventName, space: KeySpace, key: string, entry: Entry | undefined): void {
    const keyed = this.#keyed.get(event)
    const some = keyed !== undefined && keyed.size > 0 ? keyed.get(space.idOf(key)) : undefined
    // Copies: a route that ends leaves its set.
    for (const route of some === undefined ? [] : [...some]) {
      route.tell(eventFor(route, event, space, key, entry))
    }
    const all = this.#routes.get(event)
    if (all === undefined || all.size === 0) return
    for (const route of [...all]) {
      if (isWithin(space, route.scope)) route.tell(eventFor(route, event, space, key, entry))
    }
  }

  #setFor(event: HubEvent, id: string | undefined): Set<Route> {
    if (id === undefined) return inserted(this.#routes, event, () => new Set<Route>())
    const byId = inserted(this.#keyed, event, () => new Map<string, Set<Route>>())
    return inserted(byId, id, () => new Set<Route>())
  }

  *#allSets(): Generator<Set<Route>> {
    yield* this.#routes.values()
    for (const byId of this.#keyed.values()) yield* byId.values()
  }

  #count(event: HubEvent, by: 1 | -1): void {
    if (event === 'get' || event === 'access') this.#accessRoutes += by
    else this.#changeRoutes += by
    const { hooks, accesses } = this.#source
    if (this.#changeRoutes > 0) this.#unhook ??= hooks.add(this)
    else this.#unhook = void this.#unhook?.()
    if (this.#accessRoutes > 0) this.#stopNoticing ??= accesses.add(this)
    else this.#stopNoticing = void this.#stopNoticing?.()
    this.onInterest()
  }
}

/** For a handler whose signal was aborted before it could hear anything. */
const ENDED: Subscription = Object.freeze({
  isEnabled: false,
  enable: () => {},
  disable: () => {},
  unsubscribe: () => {},
  [Symbol.dispose]: () => {},
})

function eventFor(
  { scope }: Route,
  event: EntryEventName,
  space: KeySpace,
  key: string,
  entry: Entry | undefined,
): EntryEvent {
  return new EntryEvent(event, scope.userKey(key), space.path, entry, scope.mode)
}

function inserted<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const value = map.get(key) ?? make()
  map.set(key, value)
  return value
}
