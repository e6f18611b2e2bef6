/**
 * Walking through all rows, hints and counts of a store, in steps that are short enough to run beside
 * other work. Each step yields what looks wrong; see verify.ts for what becomes of it.
 */
import { equalBytes, ownedBytes } from '../../bytes.js'
import type { DecodedRecord } from '../../codec/record.js'
import { type KeySpace, namespacePath, namespacePrefix } from '../../keys/key-space.js'
import type { DeadlineHint } from '../../store/sync-store.js'
import { COUNTS, countIn, pathIn } from '../count.js'
import type { Engine } from '../engine.js'
import { Entry } from '../entry.js'
import { fieldsOfRow, keyOfRow, ROWS, readableFields } from '../row.js'
import type { FindingKind, Inspected, Suspicion } from './finding.js'
import { sideSteps } from './side-rows.js'

/** Rows of a step. A step also ends after about SCAN_STEP_BYTES. */
const STEP_ROWS = 128

/** Later than any deadline. */
const END_OF_TIME = Number.MAX_SAFE_INTEGER

interface Tally {
  readonly space: KeySpace
  entries: number
}

export class Inspection {
  entries = 0
  staleHints = 0
  readonly #engine: Engine
  readonly #reader: Inspected
  readonly #tallies = new Map<string, Tally>()
  #found: Suspicion[] = []
  /** Deadlines of the rows of this step, whose hints are looked up after it. */
  #deadlines: { readonly hint: DeadlineHint; readonly space: KeySpace; readonly key: string }[] = []
  #prefix: Uint8Array | undefined
  #tally: Tally | undefined
  /** The row before, if it is of a chain. */
  #before: Uint8Array | undefined

  constructor(engine: Engine, reader: Inspected) {
    this.#engine = engine
    this.#reader = reader
  }

  get namespaces(): number {
    return [...this.#tallies.values()].filter(({ entries }) => entries > 0).length
  }

  /** All steps, each with what looks wrong in it: rows, hints, counts, and what is beside them. */
  *steps(): Generator<readonly Suspicion[]> {
    yield* this.#names()
    yield* this.#rows()
    yield* this.#hints()
    yield* this.#counts()
    yield* sideSteps(this.#reader, (key) => this.#tallyOf(key)?.space)
  }

  /** Which namespaces there are: needed first, as a walk through rows must not call the store. */
  *#names(): Generator<readonly Suspicion[]> {
    let after: Uint8Array | undefined
    do {
      const range = after === undefined ? {} : { after }
      after = this.#reader.walk(COUNTS, range, STEP_ROWS, (prefix, row) => {
        this.#addTally(ownedBytes(prefix), ownedBytes(row))
      })
      yield this.#taken()
    } while (after !== undefined)
  }

  *#rows(): Generator<readonly Suspicion[]> {
    let after: Uint8Array | undefined
    for (;;) {
      const range = after === undefined ? {} : { after }
      after = this.#reader.walk(ROWS, range, STEP_ROWS, this.#visit)
      if (after === undefined) return
      for (const { hint, space, key } of this.#deadlines) {
        const [found] = this.#reader.due(ROWS, hint.deadline, 1, hint)
        if (found !== undefined && equalBytes(found.key, hint.key)) continue
        const what = 'No row of the deadline index leads to it: no sweep would remove it.'
        this.#suspect('deadline', space, hint.key, key, what)
      }
      this.#deadlines = []
      yield this.#taken()
    }
  }

  readonly #visit = (lentKey: Uint8Array, bytes: Uint8Array): void => {
    const storageKey = ownedBytes(lentKey)
    const tally = this.#tallyOf(storageKey)
    if (tally === undefined) return
    const { space } = tally
    if (space.isHashed(storageKey)) this.#visitSlot(space, storageKey)
    let fields: DecodedRecord
    let key: string
    try {
      fields = fieldsOfRow(space, storageKey, bytes)
      if (fields.isHole) return
      key = keyOfRow(space, storageKey, fields)
      assertPlace(space, storageKey, key)
    } catch (error) {
      tally.entries++
      this.entries++
      this.#suspect('record', space, storageKey, space.shownRow(storageKey), reasonOf(error))
      return
    }
    if (fields.isCounted) {
      tally.entries++
      this.entries++
    }
    try {
      Entry.copied(key, fields, this.#engine.codec).value('copy')
    } catch (error) {
      this.#suspect('value', space, storageKey, space.shown(key), reasonOf(error))
    }
    const { dueAt: deadline } = fields
    if (deadline !== 0)
      this.#deadlines.push({ hint: { key: storageKey, deadline }, space, key: space.shown(key) })
  }

  /** Slots of a chain follow each other: a search for a key ends at the first free one. */
  #visitSlot(space: KeySpace, storageKey: Uint8Array): void {
    const slot = space.slotOf(storageKey)
    const before = this.#before
    const isNext = before !== undefined && equalBytes(space.withSlot(before, slot), storageKey)
    const last = isNext ? space.slotOf(before) : -1
    for (let missing = last + 1; missing < slot; missing++) {
      const gap = space.withSlot(storageKey, missing)
      const what = 'A slot is missing in the chain of a long key: keys behind it are not found.'
      this.#suspect('chain', space, gap, space.shownRow(gap), what)
    }
    this.#before = storageKey
  }

  *#hints(): Generator<readonly Suspicion[]> {
    let from: DeadlineHint = { deadline: 0, key: new Uint8Array(0) }
    for (;;) {
      const hints = this.#reader.due(ROWS, END_OF_TIME, STEP_ROWS, from)
      const last = hints.at(-1)
      if (last === undefined) return
      for (const hint of hints) if (!this.#isNeeded(hint)) this.staleHints++
      from = { deadline: last.deadline, key: Uint8Array.of(...last.key, 0) }
      yield []
    }
  }

  /** A hint of a record that cannot be read is kept: the record may be put right. */
  #isNeeded({ key, deadline }: DeadlineHint): boolean {
    const record = this.#reader.get(ROWS, key)
    if (record === undefined) return false
    const fields = readableFields(key, record)
    return fields === undefined || fields.dueAt === deadline
  }

  *#counts(): Generator<readonly Suspicion[]> {
    for (const { space, entries } of this.#tallies.values()) {
      const counted = countIn(this.#reader.get(COUNTS, space.prefix)) ?? 0
      if (counted === entries) continue
      const what = `Its stored size is ${counted}, and it has ${entries} entries.`
      const missing = entries - counted
      this.#found.push({
        kind: 'count',
        space,
        storageKey: undefined,
        key: undefined,
        what,
        missing,
      })
    }
    yield this.#taken()
  }

  /** The tally of the namespace that a row is in. Rows of one namespace follow each other. */
  #tallyOf(storageKey: Uint8Array): Tally | undefined {
    const prefix = namespacePrefix(storageKey)
    if (this.#prefix === undefined || !equalBytes(this.#prefix, prefix)) {
      this.#prefix = Uint8Array.prototype.slice.call(prefix)
      this.#tally = this.#tallies.get(hexOf(prefix)) ?? this.#addTally(this.#prefix, undefined)
    }
    return this.#tally
  }

  /** A damaged row of counts may name nothing, or another namespace: then the prefix must tell. */
  #addTally(prefix: Uint8Array, row: Uint8Array | undefined): Tally | undefined {
    const counted = this.#spaceAt(pathIn(row), prefix)
    const named = counted ?? this.#spaceAt(namespacePath(prefix), prefix)
    if (named === undefined) {
      const what = 'There are rows of a namespace whose name is not stored.'
      this.#suspect('namespace', undefined, prefix, undefined, what)
      return undefined
    }
    if (row !== undefined && (counted === undefined || countIn(row) === undefined)) {
      const what = 'Its row of counts is damaged.'
      // First of all, since repairs count, too.
      this.#found.push({ kind: 'count', space: named, storageKey: undefined, key: undefined, what })
    }
    const tally = { space: named, entries: 0 }
    this.#tallies.set(hexOf(prefix), tally)
    return tally
  }

  #spaceAt(path: readonly string[] | undefined, prefix: Uint8Array): KeySpace | undefined {
    const space = path && this.#engine.space(path)
    return space !== undefined && equalBytes(space.prefix, prefix) ? space : undefined
  }

  #suspect(
    kind: FindingKind,
    space: KeySpace | undefined,
    storageKey: Uint8Array,
    key: string | undefined,
    what: string,
  ): void {
    this.#found.push({ kind, space, storageKey, key, what })
  }

  #taken(): readonly Suspicion[] {
    const found = this.#found
    this.#found = []
    return found
  }
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

/** Throws RangeError if a key is not stored where it belongs. */
export function assertPlace(space: KeySpace, storageKey: Uint8Array, key: string): void {
  const place = space.encode(key)
  const isThere = space.isHashed(storageKey)
    ? space.isHashed(place) &&
      equalBytes(space.withSlot(place, space.slotOf(storageKey)), storageKey)
    : equalBytes(place, storageKey)
  if (!isThere) throw new RangeError('it is stored under a place that is not its own')
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
