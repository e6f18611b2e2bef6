/**
 * Batches that the near tier takes in, to be sent later.
 *
 * Checks are made against what is visible here: unsent rows, or what the far tier says, or last said
 * while it fails. For all who share the near tier a batch is atomic. A writer elsewhere may come in between: then the one who
 * is sent last wins.
 *
 * Batches of one turn share a transaction, which costs far more than what is in it. Each is taken in or not for
 * itself.
 */
import { MAX_UINT48 } from '../../bytes.js'
import type { Clock } from '../../clock.js'
import { StoreBusyError, StoreFullError } from '../../errors/store-errors.js'
import type { AssumedVersions, Batch, RowCheck } from '../async-store.js'
import type { CommitPromise, StoreReader, StoreTransaction } from '../sync-store.js'
import { VERSIONS_PER_MS, VersionSource } from '../version-source.js'
import { type NearRow, NO_ROW } from './near-row.js'
import type { NearTier, NewBatch, Outcome } from './near-tier.js'

const TIER = 'tier'
const VERSION = Buffer.from('version')

/** Somebody else was faster so often: that is no chance any more. */
const MAX_ATTEMPTS = 1_000

/** Rows of a transaction, beyond those of its last batch: nothing else runs meanwhile. */
const MOST_TOGETHER = 256

/** A batch of this turn, with who waits for it. */
interface Waiting {
  readonly promise: CommitPromise
  readonly batch: NewBatch
  readonly resolve: (outcome: Outcome) => void
  readonly reject: (error: unknown) => void
}

export class BehindWrites {
  readonly #near: NearTier
  readonly #clock: Clock
  /** Reads a row, so that the near tier has it if anybody does. */
  readonly #read: (bucket: string, key: Uint8Array) => Promise<NearRow>
  readonly #versions: VersionSource
  #waiting: Waiting[] = []
  #rows = 0

  constructor(
    near: NearTier,
    clock: Clock,
    read: (bucket: string, key: Uint8Array) => Promise<NearRow>,
  ) {
    this.#near = near
    this.#clock = clock
    this.#read = read
    this.#versions = new VersionSource({
      take: async (count) => this.#takeVersions(count),
      time: () => clock.now(),
    })
  }

  async commit({ promise, checks, versions, operations }: Batch): Promise<boolean> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const seen: [check: RowCheck, row: NearRow][] = []
      for (const check of checks) seen.push([check, await this.#read(check.bucket, check.key)])
      if (!seen.every(([check, row]) => holds(check, row))) return false
      const decide = (tx: StoreTransaction): Outcome => {
        const isSame = seen.every(
          ([{ bucket, key }, row]) =>
            (this.#near.find(bucket, key, tx)?.number ?? NO_ROW) === row.number,
        )
        if (!isSame) return 'changed'
        return versions === undefined || gives(tx, versions) ? 'queued' : 'refused'
      }
      const outcome = await this.#together(promise, { operations, decide })
      if (versions !== undefined && outcome !== 'changed')
        this.#versions.learn(outcome === 'queued')
      if (outcome !== 'changed') return outcome === 'queued'
    }
    throw new StoreBusyError(this.#near.store.location, 0)
  }

  /** See AsyncStore; so for assumeVersions(). */
  nextVersions(count: number): Promise<number> {
    return this.#versions.next(count)
  }

  assumeVersions(count: number): number | undefined {
    return this.#versions.assume(count)
  }

  #together(promise: CommitPromise, batch: NewBatch): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ promise, batch, resolve, reject })
      this.#rows += batch.operations.length
      // When all that runs in this turn has run: what it commits, too, goes along.
      if (this.#waiting.length === 1) process.nextTick(() => this.#enqueue())
      if (this.#rows >= MOST_TOGETHER) this.#enqueue()
    })
  }

  #enqueue(): void {
    const waiting = this.#waiting
    this.#waiting = []
    this.#rows = 0
    if (waiting.length === 0) return
    const promise = waiting.some((each) => each.promise === 'synced') ? 'synced' : 'committed'
    const batches = waiting.map(({ batch }) => batch)
    try {
      const outcomes = this.#near.enqueue(promise, batches, this.#clock.now())
      for (const [at, { resolve }] of waiting.entries()) resolve(outcomes[at] as Outcome)
    } catch (error) {
      if (waiting.length === 1) waiting[0]?.reject(error)
      else for (const each of waiting) this.#enqueueAlone(each)
    }
  }

  /** So that what is wrong with one batch fails no other. */
  #enqueueAlone({ promise, batch, resolve, reject }: Waiting): void {
    try {
      resolve(this.#near.enqueue(promise, [batch], this.#clock.now())[0] as Outcome)
    } catch (error) {
      reject(error)
    }
  }

  #takeVersions(count: number): number {
    return this.#near.store.transaction('committed', (tx) => {
      const first = Math.max(lastVersion(tx) + 1, this.#clock.now() * VERSIONS_PER_MS)
      giveTo(tx, first + count - 1)
      return first
    })
  }
}

/** Gives versions that were assumed, unless one as great was given. */
function gives(tx: StoreTransaction, { first, count }: AssumedVersions): boolean {
  if (first <= lastVersion(tx)) return false
  giveTo(tx, first + count - 1)
  return true
}

function lastVersion(reader: StoreReader): number {
  const row = reader.get(TIER, VERSION)
  return row === undefined ? 0 : Number(Buffer.from(row).toString('utf8'))
}

function giveTo(tx: StoreTransaction, last: number): void {
  if (last > MAX_UINT48) throw new StoreFullError('The store has used up its version numbers.')
  tx.put(TIER, VERSION, Buffer.from(String(last)), 0)
}

function holds({ starts }: RowCheck, { record }: NearRow): boolean {
  if (starts === undefined || record === undefined) return starts === record
  if (record.length < starts.length) return false
  return Buffer.compare(record.subarray(0, starts.length), starts) === 0
}
