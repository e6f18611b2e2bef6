/** watch(): the changes of all processes, as an async iterable. */
import type { EntryRange } from '../../engine/entry-range.js'
import type { FedChange, Feed, FeedPage, FeedReader } from '../../engine/feed.js'
import { encodeWtf8 } from '../../keys/wtf8.js'
import type { ClearEvent } from './dict-events.js'
import { EntryEvent } from './entry-event.js'
import { type EventScope, isWithin } from './event-scope.js'

/** Something was missed: the watcher was too slow, or was not heard of for too long. Read again what you need. */
export interface ResyncEvent {
  /** Says which event it is. */
  readonly event: 'resync'
}

/** What watch() yields. Of several sets of a key, it may yield the last one only. */
export type WatchEvent<K = unknown, V = unknown> = EntryEvent<K, V> | ClearEvent | ResyncEvent

export class Watch implements AsyncIterableIterator<WatchEvent, undefined> {
  readonly scope: EventScope
  readonly #range: EntryRange | undefined
  readonly #reader: FeedReader
  readonly #onEnd: (watch: Watch) => void
  #events: WatchEvent[] = []
  /** Calls of next() are answered one after the other. */
  #last: Promise<unknown> = Promise.resolve()
  #hasNews = true
  #hasEnded = false
  #wake: () => void = () => {}

  /** Watches from now on. With a range, only the keys in it, of the scope's own namespace. */
  constructor(
    feed: Feed,
    scope: EventScope,
    range: EntryRange | undefined,
    onEnd: (watch: Watch) => void,
  ) {
    this.scope = scope
    this.#range = range
    this.#onEnd = onEnd
    this.#reader = feed.open(() => {
      this.#hasNews = true
      this.#wake()
    })
  }

  /** Settles when whatever is committed from then on is told. */
  get begun(): Promise<unknown> {
    return this.#reader.begun
  }

  /** The next change, as soon as there is one. Rejects with what the store throws. */
  next(): Promise<IteratorResult<WatchEvent, undefined>> {
    const answer = this.#last.then(() => this.#next())
    // The next call must not fail because this one did.
    this.#last = answer.catch(() => {})
    return answer
  }

  /** Ends the watch; whoever waits for a change hears that there is none. */
  return(): Promise<IteratorResult<WatchEvent, undefined>> {
    this.end()
    return Promise.resolve({ done: true, value: undefined })
  }

  end(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#reader.close()
    this.#onEnd(this)
    this.#wake()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.end()
  }

  async #next(): Promise<IteratorResult<WatchEvent, undefined>> {
    for (;;) {
      if (this.#hasEnded) return { done: true, value: undefined }
      const event = this.#events.shift()
      if (event !== undefined) return { done: false, value: event }
      if (this.#hasNews) {
        await this.#read()
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    }
  }

  async #read(): Promise<void> {
    // Before reading: what comes meanwhile may not have been read.
    this.#hasNews = false
    const { changes, hasMissed, hasMore } = await this.#page()
    this.#hasNews ||= hasMore
    if (hasMissed) this.#events.push({ event: 'resync' })
    for (const fed of changes) {
      const event = this.#eventOf(fed)
      if (event !== undefined) this.#events.push(event)
    }
  }

  async #page(): Promise<FeedPage> {
    try {
      return await this.#reader.read()
    } catch (error) {
      // It was not read: the next call tries again.
      this.#hasNews = true
      throw error
    }
  }

  #eventOf({ change }: FedChange): WatchEvent | undefined {
    const { kind, space, key, entry } = change
    const { scope } = this
    if (this.#range === undefined ? !isWithin(space, scope) : space !== scope.space)
      return undefined
    if (kind === 'clear') return { event: kind, namespace: space.path }
    if (this.#range !== undefined && !isInRange(key, this.#range)) return undefined
    return new EntryEvent(kind, scope.userKey(key), space.path, entry, scope.mode)
  }
}

/** Keys are ordered by their bytes. */
function isInRange(key: string, { gt, gte, lt, lte, prefix }: EntryRange): boolean {
  const against = (bound: string) => Buffer.compare(encodeWtf8(key), encodeWtf8(bound))
  return (
    (prefix === undefined || key.startsWith(prefix)) &&
    (gt === undefined || against(gt) > 0) &&
    (gte === undefined || against(gte) >= 0) &&
    (lt === undefined || against(lt) < 0) &&
    (lte === undefined || against(lte) <= 0)
  )
}
