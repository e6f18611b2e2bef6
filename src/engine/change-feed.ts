/** Reading the change log as it grows. Keeps it growing while anybody reads. */
import type { Timer } from '../clock.js'
import { DecodedRecord } from '../codec/record.js'
import { type KeySpace, namespacePrefix } from '../keys/key-space.js'
import type { StoreReader } from '../store/sync-store.js'
import { Change } from './change.js'
import { ChangeLog, type LoggedChange, WATCH_MS } from './change-log.js'
import { pathOf } from './count.js'
import type { Engine } from './engine.js'
import { keyOfRow, ROWS, readableFields } from './row.js'

/** Changes read at a time: many enough to be quick, few enough to hold their values in memory. */
const PAGE = 256

/** A writer's number is drawn from so many: two that are the same take each other's changes for own. */
const WRITERS = 2 ** 48

/** A change by any process. */
export interface FedChange {
  readonly change: Change
  /** It was made by this engine. */
  readonly isOwn: boolean
}

export interface FeedPage {
  readonly changes: readonly FedChange[]
  /** Changes before these were dropped unread. */
  readonly hasMissed: boolean
  /** There may be more at once. */
  readonly hasMore: boolean
}

/** One reader's place in the log. */
export interface FeedReader {
  read(): FeedPage
  close(): void
}

export class ChangeFeed {
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
    this.#log = new ChangeLog(engine.clock, Math.floor(Math.random() * WRITERS))
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
      read: () => {
        const { store } = this.#engine
        const page = this.#log.read(store, next, PAGE)
        next = page.next
        const changes = page.changes.map((logged) => this.#fed(store, logged))
        return {
          changes: changes.filter((change) => change !== undefined),
          hasMissed: page.hasMissed,
          hasMore: page.changes.length === PAGE,
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

  /** Undefined for a change that a later one in the log has made void. */
  #fed(reader: StoreReader, logged: LoggedChange): FedChange | undefined {
    const { kind, storageKey, writer } = logged
    const space = this.#engine.space(pathOf(reader, namespacePrefix(storageKey)) ?? [])
    const isOwn = writer === this.#log.writer
    const { codec } = this.#engine
    if (kind === 'clear') {
      return { change: new Change(kind, space, '', storageKey, undefined, codec), isOwn }
    }
    const record = kind === 'set' ? reader.get(ROWS, storageKey) : logged.record
    const fields = record && fieldsOf(space, storageKey, record)
    if (kind === 'set' && fields?.version !== logged.version) return undefined
    const key =
      fields === undefined
        ? space.isHashed(storageKey)
          ? undefined
          : space.decode(storageKey)
        : keyOfRow(space, storageKey, fields)
    if (key === undefined) return undefined
    return { change: new Change(kind, space, key, storageKey, record, codec), isOwn }
  }
}

/** What went was logged in plain, as it had been opened; its checksum was that of the sealed record. */
function fieldsOf(
  space: KeySpace,
  storageKey: Uint8Array,
  record: Uint8Array,
): DecodedRecord | undefined {
  const fields = readableFields(storageKey, record)
  if (fields !== undefined || space.secrets === undefined) return fields
  try {
    return new DecodedRecord(record)
  } catch {
    return undefined
  }
}
