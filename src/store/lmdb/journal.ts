/**
 * What was changed while the store is being copied, so that the copy can catch up.
 *
 *     journal    number (u48, big-endian) → length of the database's name (u16) │ name │ key
 *
 * Only places are noted, and the copier reads what is there now: a place may be noted many times. Each
 * writer notes its changes in the transaction that makes them, for as long as the state of the data
 * names a copier.
 */
import { lifeOf, type ProcessIdentity } from '../../process-identity.js'
import { type Generation, JOURNAL } from './generation.js'
import type { StoreState } from './store-state.js'

export interface Place {
  readonly name: string
  readonly key: Uint8Array
}

export interface Note extends Place {
  readonly number: Uint8Array
}

/** A backlog of so many notes is reason to look whether the copier lives. */
const LONG_BACKLOG = 1_000
/** A copier that falls behind so far is given up: the journal must not outgrow the data. */
const LONGEST_BACKLOG = 1_000_000

const NUMBER_BYTES = 6
const LEAST_KEY = Uint8Array.of(0)

/** The journal as one transaction writes it. */
export class Journal {
  readonly #data: Generation
  #next: number

  /** Reads where the journal ends. */
  constructor(data: Generation) {
    this.#data = data
    this.#next = (numberAt(data, true) ?? -1) + 1
  }

  /** Whether the copier is dead, or so far behind that it will not get ready. */
  isInVain({ copier }: StoreState): boolean {
    const backlog = this.#next - (numberAt(this.#data, false) ?? this.#next)
    if (backlog > LONGEST_BACKLOG) return true
    return backlog > LONG_BACKLOG && lifeOf(JSON.parse(copier) as ProcessIdentity) === 'dead'
  }

  add(name: string, key: Uint8Array): void {
    const number = Buffer.alloc(NUMBER_BYTES)
    number.writeUIntBE(this.#next++, 0, NUMBER_BYTES)
    const nameBytes = Buffer.from(name)
    const length = Buffer.alloc(2)
    length.writeUInt16LE(nameBytes.length)
    this.#data.named(JOURNAL).put(number, Buffer.concat([length, nameBytes, key]))
  }
}

/** The oldest notes. */
export function oldestNotes(data: Generation, limit: number): Note[] {
  const notes: Note[] = []
  for (const { key, value } of data.named(JOURNAL).getRange(range(false, limit))) {
    const bytes = Buffer.from(Uint8Array.prototype.slice.call(value, 0, value.length))
    const end = 2 + bytes.readUInt16LE(0)
    notes.push({ number: key, name: bytes.toString('utf8', 2, end), key: bytes.subarray(end) })
  }
  return notes
}

/** Inside a write transaction. */
export function dropNotes(data: Generation, notes: readonly Note[]): void {
  for (const { number } of notes) data.named(JOURNAL).removeSync(number)
}

/** The number of the first or the last note. */
function numberAt(data: Generation, isLast: boolean): number | undefined {
  for (const key of data.named(JOURNAL).getKeys(range(isLast, 1))) {
    return Buffer.from(key.buffer, key.byteOffset, key.byteLength).readUIntBE(0, NUMBER_BYTES)
  }
  return undefined
}

function range(reverse: boolean, limit: number) {
  return {
    start: reverse ? undefined : LEAST_KEY,
    end: reverse ? LEAST_KEY : undefined,
    reverse,
    limit,
    exclusiveStart: false,
    inclusiveEnd: reverse,
  }
}
