/**
 * An AsyncStore whose rows are sealed (row-sealer.ts), over one whose rows are not. What is needed before
 * there is a key is read and written past this store.
 *
 * CHECKS. A check names the bytes that a row begins with in plain; the store below can compare only what
 * is sealed. So the row is read, opened and compared here, and what was read is checked below. Where
 * somebody has sealed it anew in between, it is all done again.
 */
import { equalBytes } from '../../bytes.js'
import type { StoreSecrets } from '../../codec/cipher/store-secrets.js'
import type {
  AsyncStore,
  Atomicity,
  Batch,
  CommonRows,
  DropListener,
  InvalidationListener,
  RowCheck,
  RowJournal,
  RowOperation,
} from '../../store/async-store.js'
import type { DeadlineHint, ScanRange, StoreRow, StoreStats } from '../../store/sync-store.js'
import { ownBatch, ownBytes } from '../../store/tiered/own-batch.js'
import { RowSealer } from '../row-sealer.js'
import type { RemoteBudget } from './remote-budget.js'

/** Each time, somebody else has changed a row in a way that the checks allow. */
const MAX_TRIES = 100

export class SealedAsyncStore implements AsyncStore {
  readonly secrets: StoreSecrets
  /** The store below, whose rows are as they lie there. */
  readonly inner: AsyncStore
  /** Notes of what is sealed as it lies there: those of `rows` open like any record. */
  readonly journal: RowJournal | undefined
  readonly uses: AsyncStore['uses']
  readonly getToReplace?: NonNullable<AsyncStore['getToReplace']>
  readonly assumeVersions?: NonNullable<AsyncStore['assumeVersions']>
  readonly knows?: NonNullable<AsyncStore['knows']>
  readonly onDrop?: (listener: DropListener) => () => void
  readonly onError?: (listener: (error: unknown) => void) => () => void
  readonly #sealer: RowSealer
  readonly #budget: RemoteBudget

  constructor(inner: AsyncStore, secrets: StoreSecrets, budget: RemoteBudget) {
    this.inner = inner
    this.secrets = secrets
    this.#sealer = new RowSealer(secrets)
    this.#budget = budget
    this.journal = inner.journal
    this.uses = inner.uses
    const { getToReplace } = inner
    if (getToReplace !== undefined) {
      this.getToReplace = async (bucket, given) => {
        const keys = given.map(ownBytes)
        return this.#openedAll(bucket, keys, await getToReplace.call(inner, bucket, keys))
      }
    }
    if (inner.assumeVersions !== undefined) this.assumeVersions = inner.assumeVersions.bind(inner)
    if (inner.knows !== undefined) this.knows = inner.knows.bind(inner)
    if (inner.onDrop !== undefined) this.onDrop = inner.onDrop.bind(inner)
    if (inner.onError !== undefined) this.onError = inner.onError.bind(inner)
  }

  get kind(): string {
    return this.inner.kind
  }

  get location(): string {
    return this.inner.location
  }

  get identity(): string {
    return this.inner.identity
  }

  get atomicity(): Atomicity {
    return this.inner.atomicity
  }

  get hears(): boolean {
    return this.inner.hears
  }

  async get(bucket: string, given: Uint8Array): Promise<Uint8Array | undefined> {
    const key = ownBytes(given)
    return this.#opened(bucket, key, await this.inner.get(bucket, key))
  }

  async getMany(bucket: string, given: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    const keys = given.map(ownBytes)
    return this.#openedAll(bucket, keys, await this.inner.getMany(bucket, keys))
  }

  async scan(bucket: string, range: ScanRange, limit: number): Promise<StoreRow[]> {
    const rows = await this.inner.scan(bucket, range, limit)
    if (!this.#sealer.isSealed(bucket)) return rows
    return rows.map(({ key, record }) => ({ key, record: this.#sealer.open(bucket, key, record) }))
  }

  count(bucket: string, range: ScanRange, now: number): Promise<number> {
    return this.inner.count(bucket, range, now)
  }

  due(bucket: string, now: number, limit: number): Promise<DeadlineHint[]> {
    return this.inner.due(bucket, now, limit)
  }

  async commit(batch: Batch): Promise<boolean> {
    const { promise, checks, versions, operations } = ownBatch(batch)
    const sealed = operations.map((operation) => this.#sealed(operation))
    const isPlain = checks.every((check) => !this.#isOfSealed(check))
    let before: readonly RowCheck[] | undefined
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const now = isPlain ? checks : await this.#sealedChecks(checks)
      // What was read is what the batch relied on before: another check has failed.
      if (now === undefined || (before !== undefined && isSame(now, before))) return false
      const below = { promise, checks: now, versions, operations: sealed }
      if (await this.commitSealed(below)) return true
      // Assumed versions are not tried again: somebody else may have been given them.
      if (isPlain || versions !== undefined) return false
      before = now
    }
    return false
  }

  /** Commits a batch to the store below, as it is, when all that was sealed for it is counted. */
  async commitSealed(batch: Batch, rows: CommonRows = this.inner): Promise<boolean> {
    await this.#budget.settle()
    return rows.commit(batch)
  }

  clear(bucket: string, range: ScanRange): Promise<void> {
    return this.inner.clear(bucket, range)
  }

  nextVersions(count: number): Promise<number> {
    return this.inner.nextVersions(count)
  }

  onInvalidate(listener: InvalidationListener): () => void {
    return this.inner.onInvalidate(listener)
  }

  async sync(): Promise<void> {
    await this.#budget.idle()
    await this.inner.sync()
  }

  stats(): Promise<StoreStats> {
    return this.inner.stats()
  }

  async close(): Promise<void> {
    await this.#budget.idle()
    await this.inner.close()
  }

  #opened(bucket: string, key: Uint8Array, record: Uint8Array | undefined): Uint8Array | undefined {
    return record === undefined || !this.#sealer.isSealed(bucket)
      ? record
      : this.#sealer.open(bucket, key, record)
  }

  #openedAll(
    bucket: string,
    keys: readonly Uint8Array[],
    records: readonly (Uint8Array | undefined)[],
  ): (Uint8Array | undefined)[] {
    return records.map((record, at) => this.#opened(bucket, keys[at] as Uint8Array, record))
  }

  #sealed(operation: RowOperation): RowOperation {
    const { bucket, key } = operation
    if (operation.kind === 'delete' || !this.#sealer.isSealed(bucket)) return operation
    return { ...operation, record: this.#sealer.seal(bucket, key, operation.record) }
  }

  /** Whether a check is about the bytes of a row that is sealed here. */
  #isOfSealed({ bucket, starts }: RowCheck): boolean {
    return starts !== undefined && this.#sealer.isSealed(bucket)
  }

  /** The checks as they must be below; undefined if one of them fails now. */
  async #sealedChecks(checks: readonly RowCheck[]): Promise<readonly RowCheck[] | undefined> {
    const now = await Promise.all(checks.map((check) => this.#sealedCheck(check)))
    return now.some((check) => check === undefined) ? undefined : (now as RowCheck[])
  }

  async #sealedCheck(check: RowCheck): Promise<RowCheck | undefined> {
    if (!this.#isOfSealed(check)) return check
    const { bucket, key } = check
    const starts = check.starts as Uint8Array
    const record = await this.inner.get(bucket, key)
    const plain = this.#opened(bucket, key, record)
    const holds = plain !== undefined && equalBytes(plain.subarray(0, starts.length), starts)
    return holds ? { bucket, key, starts: record } : undefined
  }
}

function isSame(some: readonly RowCheck[], others: readonly RowCheck[]): boolean {
  return some.every(({ starts }, at) => {
    const other = others[at]?.starts
    return starts === undefined || other === undefined
      ? starts === other
      : equalBytes(starts, other)
  })
}
