/** Entries on their way in: in batches, each written before the next is read. */
import { isDeepStrictEqual } from 'node:util'
import { within } from '../dict/copy/copy.js'
import { restorerOf } from '../dict/restore.js'
import type { ImportedEntry } from './entry-line.js'
import type { Io } from './io.js'
import type { Progress } from './output/progress.js'
import type { AnyDict } from './store-place.js'

const BATCH = 256

export interface Imported {
  readonly imported: number
  /** That had expired already, or were left out because their keys are there. */
  readonly skipped: number
}

export class Importing implements Imported {
  imported = 0
  skipped = 0
  readonly #dict: AnyDict
  readonly #io: Io
  readonly #progress: Progress
  readonly #keepsExisting: boolean
  #batch: ImportedEntry[] = []

  constructor(dict: AnyDict, io: Io, progress: Progress, keepsExisting: boolean) {
    this.#dict = dict
    this.#io = io
    this.#progress = progress
    this.#keepsExisting = keepsExisting
  }

  /** Rejects with what the dict says to the entries of a batch. */
  async add(entry: ImportedEntry): Promise<void> {
    this.#batch.push(entry)
    if (this.#batch.length >= BATCH) await this.flush()
  }

  /** Writes what is left, and waits until it is on disk. */
  async flush(): Promise<void> {
    this.#io.signal.throwIfAborted()
    const batch = this.#batch
    this.#batch = []
    for (const run of runsOf(batch)) await this.#write(run)
    await this.#dict.flush()
    this.#progress.at(this.imported)
  }

  async #write(run: readonly ImportedEntry[]): Promise<void> {
    const [first] = run
    if (first === undefined) return
    const dict = within(this.#dict, first.namespace)
    const now = this.#io.clock.now()
    const fresh = await this.#wanted(
      dict,
      run.filter(({ expiresAt }) => expiresAt > now),
    )
    this.skipped += run.length - fresh.length
    if (fresh.length === 0) return
    await restorerOf(dict).write(fresh)
    this.imported += fresh.length
  }

  async #wanted(dict: AnyDict, run: readonly ImportedEntry[]): Promise<readonly ImportedEntry[]> {
    if (!this.#keepsExisting) return run
    const isThere = await dict.hasMany(run.map(({ key }) => key))
    const first = new Map<string, ImportedEntry>()
    run.forEach((entry, at) => {
      // Of two lines with one key, the second finds it there.
      if (!isThere[at] && !first.has(entry.key)) first.set(entry.key, entry)
    })
    return [...first.values()]
  }
}

/** Successive entries of one namespace: one call can write them. */
function runsOf(entries: readonly ImportedEntry[]): ImportedEntry[][] {
  const runs: ImportedEntry[][] = []
  for (const entry of entries) {
    const run = runs.at(-1)
    if (run?.[0] !== undefined && isDeepStrictEqual(run[0].namespace, entry.namespace))
      run.push(entry)
    else runs.push([entry])
  }
  return runs
}
