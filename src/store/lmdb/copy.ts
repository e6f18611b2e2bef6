/**
 * A copy of the living generation, made in steps while everybody reads and writes.
 *
 * First, writers are asked to note what they change. Then all rows are copied, a step at a time; what
 * changes meanwhile may be copied old or new. Then the places in the journal are copied again, until
 * few are left. The last of them are copied inside one write transaction, in which nothing can change:
 * when it commits, the copy is the data. No reader is held back, and no snapshot is held.
 */
import { randomUUID } from 'node:crypto'
import { systemClock } from '../../clock.js'
import { ClosedError } from '../../errors/open-errors.js'
import { StoreError } from '../../errors/store-errors.js'
import { processIdentity } from '../../process-identity.js'
import { SCAN_STEP_BYTES } from '../sync-store.js'
import type { GenerationPlace } from './directory.js'
import type { Environment } from './environment.js'
import { type Generation, JOURNAL, VERSIONS } from './generation.js'
import { dropNotes, oldestNotes, type Place } from './journal.js'
import { everyKey, walkRows } from './range-reads.js'
import { NEW_STATE, type StoreState, VERSIONS_PER_TRANSACTION } from './store-state.js'

/** Rows of one step: a few milliseconds, for which neither the event loop nor a writer waits longer. */
const STEP_ROWS = 1_000
/** So few notes are copied inside the last transaction, while writers wait. */
const FEW_NOTES = 100
/** Writers that are faster than the copy would keep it from ending: then they wait for the rest. */
const MAX_ROUNDS = 1_000

/** Commit on this thread, and do not wait for the disk: the copy is synced once, at its end. */
const UNSYNCED = 2 | 0x10000

const ANY_KEY = Buffer.of(1)

export class Copy {
  readonly #environment: Environment
  readonly #source: Generation
  readonly #target: Generation
  readonly #copier: string
  readonly #reach: (step: string) => void
  #isOver = false

  /** From now on writers note their changes. `reach` is told of each step. */
  constructor(environment: Environment, place: GenerationPlace, reach: (step: string) => void) {
    this.#environment = environment
    this.#reach = reach
    this.#copier = JSON.stringify({ token: randomUUID(), ...processIdentity() })
    this.#target = environment.openCopy(place)
    try {
      environment.transaction(true, () => {
        environment.setState({ ...environment.state, copier: this.#copier })
      })
    } catch (error) {
      this.#target.retire()
      throw error
    }
    this.#source = environment.data
    reach('announced')
  }

  /** Copies until only a little is left. Rejects when the copy was aborted or given up. */
  async run(): Promise<void> {
    for (const name of this.#databases()) {
      let after: Uint8Array | undefined
      do {
        await turn()
        after = this.#copyStep(name, after)
        this.#reach('copying')
      } while (after !== undefined)
    }
    for (let round = 0; round < MAX_ROUNDS; round++) {
      await turn()
      if (this.#catchUp() <= FEW_NOTES) break
    }
    this.#reach('copied')
  }

  /**
   * Copies the rest, and puts the copy on disk, in one transaction; `seal` gives the state that it
   * leaves. A throw leaves the source as it was.
   */
  finish(seal: (state: StoreState) => StoreState): void {
    const environment = this.#environment
    environment.transaction(true, () => {
      this.#assertGoing()
      if (environment.state.copier !== this.#copier) throw overtaken()
      for (let notes = this.#notes(); notes.length > 0; notes = this.#notes()) {
        this.#copyPlaces(notes)
        dropNotes(this.#source, notes)
      }
      this.#complete()
      this.#reach('copy complete')
      environment.setState(seal(environment.state))
    })
    this.#isOver = true
    this.#target.retire()
  }

  /** Tells writers that nobody copies any more. Does nothing once it is over. */
  abort(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#target.retire()
    const environment = this.#environment
    environment.transaction(true, () => {
      if (environment.state.copier !== this.#copier) return
      environment.setState({ ...environment.state, copier: '' })
    })
  }

  /** Makes the target a store of its own: versions go on from here, and so do the ids of changes. */
  #complete(): void {
    const { state } = this.#environment
    const transactionId = this.#source.root.env.getWriteTxnId()
    for (const name of this.#databases()) {
      const [source, target] = [this.#source, this.#target].map((data) => countRows(data, name))
      if (source !== target) {
        throw new StoreError(`The copy of ${name} has ${target} rows instead of ${source}.`)
      }
    }
    const base = state.base + (transactionId + 1) * VERSIONS_PER_TRANSACTION
    const changesBefore = this.#source.changesBefore + transactionId
    this.#targetTransaction(() => {
      this.#target.putState({ ...NEW_STATE, base, changesBefore })
    })
    this.#environment.native(() => this.#target.root.env.sync())
  }

  #copyStep(name: string, after: Uint8Array | undefined): Uint8Array | undefined {
    this.#assertGoing()
    const rows: [Uint8Array, Uint8Array][] = []
    let bytes = 0
    const range = after === undefined ? {} : { after }
    const last = this.#environment.native(() =>
      walkRows(this.#source.named(name), range, STEP_ROWS, (key, value) => {
        rows.push([key, Uint8Array.prototype.slice.call(value, 0, value.length)])
        bytes += value.length
      }),
    )
    const target = this.#target.named(name)
    this.#targetTransaction(() => {
      for (const [key, value] of rows) target.put(key, value)
    })
    // What is added behind the last row meanwhile is in the journal: running after it might never end.
    return rows.length < STEP_ROWS && bytes < SCAN_STEP_BYTES ? undefined : last
  }

  /** Returns how many notes there were. */
  #catchUp(): number {
    this.#assertGoing()
    const notes = this.#notes()
    if (notes.length === 0) return 0
    this.#copyPlaces(notes)
    this.#environment.transaction(true, () => dropNotes(this.#source, notes))
    return notes.length
  }

  #notes() {
    return this.#environment.native(() => oldestNotes(this.#source, STEP_ROWS))
  }

  /** Brings these places of the target up to what the source has now. */
  #copyPlaces(places: readonly Place[]): void {
    const databases = new Map(
      places.map(({ name }) => [
        name,
        [this.#source.named(name), this.#target.named(name)] as const,
      ]),
    )
    this.#targetTransaction(() => {
      for (const { name, key } of places) {
        const [source, target] = databases.get(name) as NonNullable<
          ReturnType<typeof databases.get>
        >
        const value = source.getBinary(key)
        if (value === undefined) target.removeSync(key)
        else target.put(key, value)
      }
    })
  }

  #targetTransaction(write: () => void): void {
    this.#environment.native(() => this.#target.root.transactionSync(write, UNSYNCED))
  }

  #databases(): string[] {
    this.#environment.refresh()
    const names = everyKey(this.#source.root).map(nameOf)
    return names.filter((name) => name !== VERSIONS && name !== JOURNAL)
  }

  /** Refreshes what is read. */
  #assertGoing(): void {
    if (this.#isOver) throw new ClosedError()
    this.#environment.refresh()
    if (this.#environment.data !== this.#source) throw overtaken()
  }
}

function countRows(data: Generation, name: string): number {
  const database = data.named(name)
  // A read begins the transaction in which rows are counted.
  database.getBinary(ANY_KEY)
  return database.db.stat().entryCount
}

/** lmdb ends names with a NUL; ours have none. */
function nameOf(key: Uint8Array): string {
  return Buffer.from(key).toString().replace(/\0$/, '')
}

function overtaken(): StoreError {
  return new StoreError(
    'The copy was given up: too much has changed meanwhile, or another process began one.',
  )
}

function turn(): Promise<void> {
  return new Promise((resolve) => systemClock.endOfTurn(resolve))
}
