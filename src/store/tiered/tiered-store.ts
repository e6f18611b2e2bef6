/**
 * Two stores as one: the near one answers, the far one backs it up.
 *
 * VALID COPIES. A copy is served only if this store has read the row from the far tier, has heard of
 * no change since, and the near tier still holds that very copy: `#valid` has its number. So a copy
 * that another process has put there, or that is left from another life, is asked for once more.
 *
 * WRITES. With 'through' the far tier has a write before commit() returns. With 'behind' the near tier
 * has it, marked as unsent; an unsent row is what everybody who shares the near tier reads, and the
 * sender brings it over.
 */
import { type Clock, systemClock } from '../../clock.js'
import { ClosedError } from '../../errors/open-errors.js'
import { StoreFullError } from '../../errors/store-errors.js'
import type {
  AsyncStore,
  Atomicity,
  Batch,
  CommonRows,
  DropListener,
  InvalidationListener,
  RowOperation,
} from '../async-store.js'
import type { DeadlineHint, ScanRange, StoreRow, StoreStats, SyncStore } from '../sync-store.js'
import { BehindWrites } from './behind-writes.js'
import { FarTier } from './far-tier.js'
import { isUnsent, type NearRow, NO_ROW } from './near-row.js'
import { type NearLimits, NearTier, type Seen } from './near-tier.js'
import { ownBatch, ownBytes } from './own-batch.js'
import { pastQueue, usesPastQueue } from './past-queue.js'
import { Sender } from './sender.js'
import { ValidCopies } from './valid-copies.js'

export interface TieredParts {
  readonly near: SyncStore
  readonly far: AsyncStore
  readonly write: 'through' | 'behind'
  readonly onFarError: 'throw' | 'serve-near'
  readonly limits: NearLimits
  /** Most rows that may wait to be sent. */
  readonly maxQueued: number
  /** The deadline in a record that the far tier gave; 0 for none that is known. */
  readonly deadlineOf: (bucket: string, record: Uint8Array) => number
  readonly clock?: Clock | undefined
}

/** The number of a row that the near tier does not have, though the far one has it. */
const NOT_KEPT = -1

/** What a question to the far tier is for, which decides what may be answered while it fails. */
type Purpose = 'read' | 'replace'

export class TieredStore implements AsyncStore {
  readonly kind = 'tiered'
  readonly atomicity: Atomicity
  /** Where the far tier drops rows by itself. */
  readonly onDrop?: (listener: DropListener) => () => void
  readonly common?: CommonRows
  /** That of the far tier: what waits to be sent is told when it is there. */
  readonly journal: AsyncStore['journal']
  /** Those of the far tier. */
  readonly uses: AsyncStore['uses']
  readonly knows?: NonNullable<AsyncStore['knows']>
  readonly assumeVersions?: NonNullable<AsyncStore['assumeVersions']>
  readonly #parts: TieredParts
  readonly #clock: Clock
  readonly #near: NearTier
  readonly #far: AsyncStore
  readonly #farTier: FarTier
  readonly #sender: Sender
  readonly #behind: BehindWrites
  readonly #versions: Pick<AsyncStore, 'nextVersions' | 'assumeVersions'>
  readonly #listeners = new Set<{ readonly call: InvalidationListener }>()
  readonly #errorListeners = new Set<{ readonly call: (error: unknown) => void }>()
  readonly #stops: (() => void)[] = []
  readonly #valid: ValidCopies
  /** Moves with each change that is made or heard of: what was on its way then may be old. */
  #changes = 0
  #nearHits = 0
  #farReads = 0
  #failedCommits = 0
  #isClosed = false

  constructor(parts: TieredParts) {
    this.#parts = parts
    this.#clock = parts.clock ?? systemClock
    this.#near = new NearTier(parts.near, parts.limits)
    this.#far = parts.far
    this.atomicity = parts.write === 'behind' ? 'batch' : parts.far.atomicity
    const onError = (error: unknown) => this.#tellError(error)
    this.#farTier = new FarTier(parts.far, onError, this.#clock)
    this.#valid = new ValidCopies(this.#near, onError, this.#clock)
    this.#sender = new Sender(this.#near, parts.far, onError, this.#clock)
    this.#behind = new BehindWrites(this.#near, this.#clock, (bucket, key) =>
      this.#row(bucket, key, 'replace'),
    )
    const { far } = parts
    this.#versions = parts.write === 'behind' ? this.#behind : far
    const versions = this.#versions
    if (versions.assumeVersions) this.assumeVersions = versions.assumeVersions.bind(versions)
    this.journal = far.journal
    this.uses = far.uses && usesPastQueue(far.uses, () => this.#settled())
    if (far.knows !== undefined) this.knows = far.knows.bind(far)
    if (far.onDrop !== undefined) this.onDrop = far.onDrop.bind(far)
    if (parts.write === 'behind') {
      const commit = (batch: Batch) => this.#commitThrough(batch)
      this.common = pastQueue(far, () => this.#settled(), commit)
    }
    this.#stops.push(parts.far.onInvalidate((bucket, key) => this.#heard(bucket, key)))
    const stop = parts.far.onError?.((error) => this.#tellError(error))
    if (stop !== undefined) this.#stops.push(stop)
    // What an earlier life has left.
    if (this.#near.oldestMark() !== undefined) this.#sender.request()
  }

  get location(): string {
    return `${this.#parts.near.location}, ${this.#far.location}`
  }

  get identity(): string {
    return `tiered ${this.#parts.near.identity} ${this.#far.identity}`
  }

  /** Rows that other processes have written to the near tier, and not sent yet, nobody tells of. */
  get hears(): boolean {
    return this.#parts.write === 'through' && this.#far.hears
  }

  async get(bucket: string, key: Uint8Array): Promise<Uint8Array | undefined> {
    return (await this.#row(bucket, ownBytes(key), 'read')).record
  }

  async getMany(bucket: string, keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    this.#assertOpen()
    const own = keys.map(ownBytes)
    const rows = own.map((key) => this.#served(bucket, key))
    if (rows.every((row) => row !== undefined)) return rows.map((row) => row?.record)
    return this.#farTier.ask(
      async () => {
        // As of one moment: the far tier must have what was written here.
        await this.#sender.drain()
        return this.#farMany(bucket, own)
      },
      () => {
        const copies = own.map((key) => this.#without(bucket, key, 'read'))
        if (!copies.every((copy) => copy !== undefined)) return undefined
        return copies.map(({ record }) => record)
      },
    )
  }

  /** Under 'behind', also while the far tier fails: what only that knows is then as if it were not there. */
  async getToReplace(
    bucket: string,
    keys: readonly Uint8Array[],
  ): Promise<(Uint8Array | undefined)[]> {
    if (this.#parts.write === 'through') return this.getMany(bucket, keys)
    this.#assertOpen()
    const own = keys.map(ownBytes)
    const rows = own.map((key) => this.#served(bucket, key))
    const missing = own.filter((_, at) => rows[at] === undefined)
    if (missing.length === 0) return rows.map((row) => row?.record)
    const found = await this.#farTier.ask(
      () => this.#farMany(bucket, missing),
      () => missing.map((key) => this.#without(bucket, key, 'replace')?.record),
    )
    const others = found.values()
    return rows.map((row) => (row === undefined ? others.next().value : row.record))
  }

  async scan(bucket: string, range: ScanRange, limit: number): Promise<StoreRow[]> {
    await this.#settled()
    return this.#far.scan(bucket, range, limit)
  }

  async count(bucket: string, range: ScanRange, now: number): Promise<number> {
    await this.#settled()
    return this.#far.count(bucket, range, now)
  }

  async due(bucket: string, now: number, limit: number): Promise<DeadlineHint[]> {
    await this.#settled()
    return this.#far.due(bucket, now, limit)
  }

  async commit(batch: Batch): Promise<boolean> {
    this.#assertOpen()
    const own = ownBatch(batch)
    return this.#parts.write === 'behind' ? this.#commitBehind(own) : this.#commitThrough(own)
  }

  async clear(bucket: string, range: ScanRange): Promise<void> {
    await this.#settled()
    try {
      await this.#far.clear(bucket, range)
    } finally {
      this.#forgetAll()
    }
  }

  async nextVersions(count: number): Promise<number> {
    this.#assertOpen()
    return this.#versions.nextVersions(count)
  }

  onInvalidate(listener: InvalidationListener): () => void {
    // Wrapped, so that one function given twice is two listeners.
    const wrapped = { call: listener }
    this.#listeners.add(wrapped)
    return () => void this.#listeners.delete(wrapped)
  }

  onError(listener: (error: unknown) => void): () => void {
    const wrapped = { call: listener }
    this.#errorListeners.add(wrapped)
    return () => void this.#errorListeners.delete(wrapped)
  }

  /** Resolves when the far tier has all that was written here, as safe as it can make it. */
  async sync(): Promise<void> {
    await this.#settled()
    this.#parts.near.sync()
    await this.#far.sync()
  }

  async stats(): Promise<StoreStats> {
    this.#assertOpen()
    const { copies, bytes, queued } = this.#near.figures()
    const [oldest] = this.#near.queued(1)
    return {
      sizeBytes: this.#parts.near.stats().sizeBytes,
      engine: {
        nearCopies: copies,
        nearBytes: bytes,
        nearHits: this.#nearHits,
        evictedCopies: this.#near.evicted,
        farReads: this.#farReads,
        farFailures: this.#failedCommits + this.#farTier.failures + this.#sender.failures,
        servedNear: this.#farTier.servedNear,
        queueLength: queued,
        lagMs: oldest === undefined ? 0 : Math.max(0, this.#clock.now() - oldest.at),
      },
    }
  }

  /** Closes both tiers. What could not be sent stays in the near tier, for its next opener. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    try {
      if (this.#near.oldestMark() !== undefined) await this.#sender.drain()
    } catch (error) {
      this.#tellError(error)
    }
    this.#isClosed = true
    this.#sender.close()
    for (const stop of this.#stops) stop()
    this.#listeners.clear()
    this.#valid.close()
    this.#parts.near.close()
    await this.#far.close()
  }

  async #commitThrough(batch: Batch): Promise<boolean> {
    // What an earlier life has left must not come after it.
    await this.#sender.drain()
    // Before and after: a read that was under way at either moment may have the old row.
    this.#made(batch.operations)
    try {
      const isApplied = await this.#far.commit(batch)
      if (isApplied) this.#made(batch.operations)
      return isApplied
    } catch (error) {
      // It may have been applied, or not.
      this.#made(batch.operations)
      this.#failedCommits++
      throw error
    }
  }

  async #commitBehind(batch: Batch): Promise<boolean> {
    const { maxQueued } = this.#parts
    if (this.#near.figures().queued + batch.operations.length > maxQueued) {
      await this.#sender.drain()
      if (batch.operations.length > maxQueued) {
        throw new StoreFullError(
          `A batch of ${batch.operations.length} rows is larger than the queue of "${this.location}", which has room for ${maxQueued}.`,
        )
      }
    }
    const isApplied = await this.#behind.commit(batch)
    if (isApplied && batch.operations.length > 0) {
      this.#changes++
      this.#sender.request()
    }
    return isApplied
  }

  /** A row as it is now. Where the far tier fails, as near as the policy allows. */
  async #row(bucket: string, key: Uint8Array, purpose: Purpose): Promise<NearRow> {
    this.#assertOpen()
    const served = this.#served(bucket, key)
    if (served !== undefined) return served
    const changes = this.#changes
    const seen = this.#near.seen(bucket, key)
    return this.#farTier.ask(
      async () => this.#keep(bucket, key, await this.#far.get(bucket, key), seen, changes),
      () => this.#without(bucket, key, purpose),
    )
  }

  /** Rows as the far tier has them, which the near one keeps. */
  async #farMany(bucket: string, keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    const changes = this.#changes
    const seen = keys.map((key) => this.#near.seen(bucket, key))
    const records = await this.#far.getMany(bucket, keys)
    for (const [at, key] of keys.entries()) {
      this.#keep(bucket, key, records[at], seen[at] as Seen, changes)
    }
    return records
  }

  /** A row that the near tier may answer with; undefined if the far one must be asked. */
  #served(bucket: string, key: Uint8Array): NearRow | undefined {
    const row = this.#near.find(bucket, key)
    if (row === undefined) return undefined
    const isValid =
      isUnsent(row) || (this.#far.hears && this.#valid.get(bucket, key) === row.number)
    if (!isValid) return undefined
    this.#nearHits++
    return row
  }

  /** Keeps what the far tier gave. It is valid if nothing has changed since it was asked. */
  #keep(
    bucket: string,
    key: Uint8Array,
    record: Uint8Array | undefined,
    seen: Seen,
    changes: number,
  ): NearRow {
    this.#farReads++
    const deadline = record === undefined ? 0 : this.#parts.deadlineOf(bucket, record)
    const isCurrent = changes === this.#changes && !this.#isClosed
    const row = isCurrent ? this.#near.keep(bucket, key, record, deadline, seen) : undefined
    if (row === undefined) {
      return { state: record === undefined ? 'absent' : 'copy', number: NOT_KEPT, deadline, record }
    }
    if (this.#far.hears) this.#valid.add(bucket, key, row.number)
    return row
  }

  /** What may be answered without the far tier, if anything. */
  #without(bucket: string, key: Uint8Array, purpose: Purpose): NearRow | undefined {
    if (this.#isClosed) return undefined
    if (purpose === 'replace') {
      const nothing = { state: 'absent', number: NO_ROW, deadline: 0, record: undefined } as const
      return this.#near.findAt(this.#clock.now(), bucket, key) ?? nothing
    }
    return this.#parts.onFarError === 'serve-near'
      ? this.#near.findAt(this.#clock.now(), bucket, key)
      : undefined
  }

  /** Before what only the far tier can answer: it must have all that was written here. */
  async #settled(): Promise<void> {
    this.#assertOpen()
    // Under 'through', too: an earlier life may have left rows behind.
    await this.#sender.drain()
  }

  /** The far tier tells of a change by anyone; without a key, of any. */
  #heard(bucket: string, key: Uint8Array | undefined): void {
    if (this.#isClosed) return
    this.#changes++
    if (key === undefined) this.#valid.clear()
    else this.#valid.outdate(bucket, key)
    for (const { call } of this.#listeners) call(bucket, key)
  }

  /** Rows that we have written: no copy of them is valid. */
  #made(operations: readonly RowOperation[]): void {
    this.#changes++
    for (const { bucket, key } of operations) this.#valid.outdate(bucket, key)
  }

  #forgetAll(): void {
    this.#changes++
    this.#valid.clear()
    this.#near.dropAll()
  }

  #tellError(error: unknown): void {
    if (this.#isClosed) return
    for (const { call } of this.#errorListeners) call(error)
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new ClosedError('This tiered store')
  }
}
