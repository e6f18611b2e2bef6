/** Reading the journal of an AsyncStore as it grows. Keeps it growing while anybody reads. */
import { equalBytes } from '../../bytes.js'
import type { Clock, Timer } from '../../clock.js'
import type { ValueCodec } from '../../codec/value-codec.js'
import { type KeySpace, namespacePrefix } from '../../keys/key-space.js'
import type { RowChange, RowJournal } from '../../store/async-store.js'
import { WATCH_MS } from '../../store/bounded-log.js'
import { Change } from '../change.js'
import {
  changeOfRow,
  FEED_PAGE,
  type FedChange,
  type Feed,
  type FeedPage,
  type FeedReader,
} from '../feed.js'
import { ROWS } from '../row.js'

export interface RemoteFeedParts {
  readonly journal: RowJournal
  readonly codec: ValueCodec
  readonly clock: Clock
  /** The namespace with this prefix; undefined if none is listed. */
  readonly spaceAt: (prefix: Uint8Array) => Promise<KeySpace | undefined>
  readonly onError: (error: unknown) => void
}

export class RemoteFeed implements Feed {
  readonly #parts: RemoteFeedParts
  readonly #wakes = new Set<() => void>()
  readonly #opening = new Set<Promise<unknown>>()
  #stopHearing: (() => void) | undefined
  #timer: Timer | undefined

  constructor(parts: RemoteFeedParts) {
    this.#parts = parts
  }

  open(wake: () => void): FeedReader {
    const place = this.#begun()
    const reader = new JournalReader(this.#parts, place)
    // Wrapped, so that each reader counts.
    const wrapped = () => wake()
    this.#wakes.add(wrapped)
    this.#attend()
    return {
      begun: place.catch(() => {}),
      read: () => reader.read(),
      close: () => {
        this.#wakes.delete(wrapped)
        this.#attend()
      },
    }
  }

  close(): void {
    this.#wakes.clear()
    this.#attend()
  }

  /**
   * Resolves when whoever has asked to read is certain to be told what is committed next; undefined if
   * that is so now. What this process writes after it began to watch must not be too early.
   */
  get ready(): Promise<unknown> | undefined {
    return this.#opening.size === 0 ? undefined : Promise.allSettled(this.#opening)
  }

  #begun(): Promise<string> {
    const place = this.#parts.journal.watch(ROWS)
    this.#opening.add(place)
    const leave = () => void this.#opening.delete(place)
    // Whoever reads hears of a failure.
    place.then(leave, leave)
    return place
  }

  #attend(): void {
    const { journal, clock, onError } = this.#parts
    if (this.#wakes.size === 0) {
      this.#timer?.cancel()
      this.#timer = undefined
      this.#stopHearing = void this.#stopHearing?.()
      return
    }
    this.#stopHearing ??= journal.onChange(() => {
      for (const wake of [...this.#wakes]) wake()
    })
    this.#timer ??= clock.after(WATCH_MS / 3, () => {
      this.#timer = undefined
      journal.watch(ROWS).catch((error: unknown) => {
        if (this.#wakes.size > 0) onError(error)
      })
      this.#attend()
    })
  }
}

class JournalReader implements Pick<FeedReader, 'read'> {
  readonly #parts: RemoteFeedParts
  #place: Promise<string>
  /** The namespace whose clear() was told last, with nothing else since. */
  #cleared: Uint8Array | undefined

  constructor(parts: RemoteFeedParts, place: Promise<string>) {
    this.#parts = parts
    this.#place = place
  }

  async read(): Promise<FeedPage> {
    const { journal } = this.#parts
    const isBegun = await this.#place.then(
      () => true,
      () => false,
    )
    // What was committed meanwhile is not known.
    if (!isBegun) this.#place = journal.watch(ROWS)
    const page = await journal.read(ROWS, await this.#place, FEED_PAGE)
    this.#place = Promise.resolve(page.next)
    const changes: FedChange[] = []
    const unnamed: Uint8Array[] = []
    let hasMissed = page.hasMissed || !isBegun
    for (const change of page.changes) {
      const fed = await this.#fed(change)
      if (fed === undefined) {
        hasMissed = true
        if (change.kind === 'expire') unnamed.push(change.key)
      } else if (fed !== 'told') {
        changes.push(fed)
      }
    }
    return { changes, hasMissed, unnamed, hasMore: page.hasMore }
  }

  /** Undefined for a change whose key is not known; `'told'` for a step of a clear() that was told. */
  async #fed({ kind, key, record, isOwn }: RowChange): Promise<FedChange | 'told' | undefined> {
    const { codec, spaceAt } = this.#parts
    const isTold = kind === 'clear' && this.#cleared !== undefined && equalBytes(this.#cleared, key)
    this.#cleared = kind === 'clear' ? key : undefined
    if (isTold) return 'told'
    const space = await spaceAt(namespacePrefix(key))
    if (space === undefined) return undefined
    if (kind === 'clear') {
      return { change: new Change(kind, space, '', key, undefined, codec), isOwn }
    }
    const change = changeOfRow(kind === 'put' ? 'set' : kind, space, key, record, codec)
    return change && { change, isOwn }
  }
}
