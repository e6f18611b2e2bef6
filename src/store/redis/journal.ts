/**
 * The journal of a store on Redis: notes in a list, part by part, which the scripts write that change the
 * rows. Between parts there is no order. A place is the number of the next note of each part.
 */
import { equalBytes } from '../../bytes.js'
import type { Clock, Timer } from '../../clock.js'
import type { JournalPage, RowChange, RowJournal } from '../async-store.js'
import { WATCH_MS } from '../bounded-log.js'
import { decodeNote, newWriter } from '../row-note.js'
import { SCAN_STEP_BYTES } from '../sync-store.js'
import type { Commands } from './commands.js'
import type { KeyNames } from './key-names.js'
import type { RowReads } from './row-reads.js'
import { NOTED, WATCH } from './scripts.js'

/** Between looks while the server does not tell of changes. */
const LOOK_MS = 1_000

const NOWHERE = -1

interface Page {
  readonly changes: readonly RowChange[]
  readonly next: number
  readonly hasMissed: boolean
  readonly hasMore: boolean
}

export interface RedisJournalParts {
  readonly commands: Commands
  readonly names: KeyNames
  readonly reads: RowReads
  readonly clock: Clock
  /** Whether the server tells of changes at present. */
  readonly hears: () => boolean
  /** Called when somebody begins to listen. */
  readonly attend: () => void
}

export class RedisJournal implements RowJournal {
  readonly writer = newWriter()
  readonly #parts: RedisJournalParts
  readonly #listeners = new Set<{ readonly call: () => void }>()
  #timer: Timer | undefined

  constructor(parts: RedisJournalParts) {
    this.#parts = parts
  }

  get isHeard(): boolean {
    return this.#listeners.size > 0
  }

  async watch(bucket: string): Promise<string> {
    this.#parts.commands.assertOpen()
    const places = this.#parts.names.rowPrefixes.map((_, part) => this.#watch(bucket, part))
    return (await Promise.all(places)).join()
  }

  async read(bucket: string, from: string, limit: number): Promise<JournalPage> {
    this.#parts.commands.assertOpen()
    const pages = await Promise.all(
      from.split(',').map((place, part) => this.#read(bucket, part, Number(place), limit)),
    )
    return {
      changes: pages.flatMap(({ changes }) => changes),
      next: pages.map(({ next }) => next).join(),
      hasMissed: pages.some(({ hasMissed }) => hasMissed),
      hasMore: pages.some(({ hasMore }) => hasMore),
    }
  }

  onChange(listener: () => void): () => void {
    const wrapped = { call: listener }
    this.#listeners.add(wrapped)
    this.#parts.attend()
    this.#timer ??= this.#parts.clock.after(LOOK_MS, () => this.#look())
    return () => void this.#listeners.delete(wrapped)
  }

  /** The server told that there are notes, or that something may have been missed. */
  wake(): void {
    for (const { call } of [...this.#listeners]) call()
  }

  stop(): void {
    this.#listeners.clear()
    this.#timer?.cancel()
  }

  #look(): void {
    this.#timer = undefined
    if (!this.isHeard) return
    this.#timer = this.#parts.clock.after(LOOK_MS, () => this.#look())
    if (!this.#parts.hears()) this.wake()
  }

  async #watch(bucket: string, part: number): Promise<number> {
    const { commands, names } = this.#parts
    const { journal, notes } = names.bucket(bucket, part)
    return Number(await commands.script(WATCH, [journal, notes], [String(WATCH_MS)], 'repeatable'))
  }

  async #read(bucket: string, part: number, from: number, limit: number): Promise<Page> {
    const { commands, names } = this.#parts
    const { rows, journal, notes } = names.bucket(bucket, part)
    const args = [String(from), String(limit), rows, String(SCAN_STEP_BYTES)]
    const answer = await commands.script(NOTED, [journal, notes], args, 'repeatable')
    const [missed, next = NOWHERE, more, ...pairs] = answer as [
      number | undefined,
      (string | Buffer)?,
      number?,
      ...(Buffer | null)[],
    ]
    if (missed === undefined) {
      // It ended, or the server has lost it: begun anew, with a gap.
      return { changes: [], next: await this.#watch(bucket, part), hasMissed: true, hasMore: false }
    }
    const changes: RowChange[] = []
    for (let at = 0; at < pairs.length; at += 2) {
      const change = await this.#changeOf(bucket, pairs[at] as Buffer, pairs[at + 1] ?? undefined)
      if (change !== undefined) changes.push(change)
    }
    return { changes, next: Number(String(next)), hasMissed: missed === 1, hasMore: more === 1 }
  }

  /** Undefined for a put that a later note makes void. */
  async #changeOf(
    bucket: string,
    text: Buffer,
    found: Buffer | undefined,
  ): Promise<RowChange | undefined> {
    const { kind, writer, key, bytes: head } = decodeNote(text)
    const isOwn = equalBytes(writer, this.writer)
    if (kind !== 'put') return { kind, key, record: head, isOwn }
    // A command for one key is sent to whichever node has it, while its slot moves.
    const record = found ?? (await this.#parts.reads.get(bucket, key))
    if (record === undefined || head === undefined) return undefined
    return equalBytes(record.subarray(0, head.length), head)
      ? { kind, key, record, isOwn }
      : undefined
  }
}
