/** Reading the change log as it grows. Keeps it growing while anybody reads. */
import type { Timer } from '../clock.js'
import { namespacePrefix } from '../keys/key-space.js'
import { WATCH_MS } from '../store/bounded-log.js'
import type { StoreReader } from '../store/sync-store.js'
import { Change } from './change.js'
import { ChangeLog, type LoggedChange } from './change-log.js'
import { pathOf } from './count.js'
import type { Engine } from './engine.js'
import { changeOfRow, FEED_PAGE, type FedChange, type Feed, type FeedReader } from './feed.js'
import { ROWS, readableFields } from './row.js'

/** A writer's number is drawn from so many: two that are the same take each other's changes for own. */
const WRITERS = 2 ** 48

export class ChangeFeed implements Feed {
  readonly #engine: Engine
  readonly #log: ChangeLog
  readonly #onError: (error: unknown) => void
  readonly #readers = new Set<() => void>()
  #stopHearing: (() => void) | undefined
  #timer: Timer | undefined

  /** Every transaction of the engine is logged from now on, while anybody watches. */
  constructor(engine: Engine, onError: (error: unknown) => void) {
    this.#engine = engine
    this.#onError = onError
    this.#log = new ChangeLog(
      engine.clock,
      Math.floor(Math.random() * WRITERS),
      () => engine.foreignChanges,
    )
    engine.hooks.add(this.#log)
  }

  /** Reads what is committed from now on. `wake` is called when there may be something new. */
  open(wake: () => void): FeedReader {
    let next = this.#sayWatched()
    // Wrapped, so that each reader counts.
    const reader = () => wake()
    this.#readers.add(reader)
    this.#attend()
    return {
      begun: Promise.resolve(),
      read: () => {
        const { store } = this.#engine
        const page = this.#log.read(store, next, FEED_PAGE)
        next = page.next
        const changes = page.changes.map((logged) => this.#fed(store, logged))
        return {
          changes: changes.filter((change) => change !== undefined && change !== 'void'),
          hasMissed: page.hasMissed || changes.includes(undefined),
          unnamed: [],
          hasMore: page.changes.length === FEED_PAGE,
        }
      },
      close: () => {
        this.#readers.delete(reader)
        this.#attend()
      },
    }
  }

  /** Ends all that goes on. Call before the store is closed. */
  close(): void {
    this.#readers.clear()
    this.#attend()
  }

  #sayWatched(): number {
    return this.#engine.transaction((session) => {
      session.hasWritten = true
      return this.#log.watch(session.tx)
    })
  }

  #attend(): void {
    const { store, clock } = this.#engine
    if (this.#readers.size === 0) {
      this.#timer?.cancel()
      this.#timer = undefined
      this.#stopHearing = void this.#stopHearing?.()
      return
    }
    this.#stopHearing ??= store.onCommit(() => {
      for (const wake of [...this.#readers]) wake()
    })
    this.#timer ??= clock.after(WATCH_MS / 3, () => {
      this.#timer = undefined
      try {
        this.#sayWatched()
      } catch (error) {
        this.#onError(error)
      }
      this.#attend()
    })
  }

  /** `'void'` for a change that a later one in the log has made so; undefined if its key is not known. */
  #fed(reader: StoreReader, logged: LoggedChange): FedChange | 'void' | undefined {
    const { kind, storageKey, writer } = logged
    const { codec } = this.#engine
    const space = this.#engine.space(pathOf(reader, namespacePrefix(storageKey)) ?? [])
    const isOwn = writer === this.#log.writer
    if (kind === 'clear') {
      return { change: new Change(kind, space, '', storageKey, undefined, codec), isOwn }
    }
    const record = kind === 'set' ? reader.get(ROWS, storageKey) : logged.record
    if (kind === 'set') {
      const fields = record && readableFields(storageKey, record)
      if (fields?.version !== logged.version) return 'void'
    }
    const change = changeOfRow(kind, space, storageKey, record, codec)
    return change && { change, isOwn }
  }
}
