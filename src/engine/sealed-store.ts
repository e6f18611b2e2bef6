/**
 * A store whose rows are sealed (row-sealer.ts), over one whose rows are not. What is needed before there
 * is a key (rotation.ts names it) is read and written past this store.
 */
import type { StoreSecrets } from '../codec/cipher/store-secrets.js'
import type {
  CommitPromise,
  DeadlineHint,
  RowVisitor,
  ScanRange,
  StoreReader,
  StoreRow,
  StoreSnapshot,
  StoreStats,
  StoreTransaction,
  SyncStore,
} from '../store/sync-store.js'
import type { MessageBudget } from './message-budget.js'
import { RowSealer } from './row-sealer.js'

/** Reading, in and out of transactions. */
class SealedReader<R extends Pick<StoreReader, 'get' | 'walk' | 'due'>> {
  protected readonly inner: R
  protected readonly sealer: RowSealer

  constructor(inner: R, sealer: RowSealer) {
    this.inner = inner
    this.sealer = sealer
  }

  get(bucket: string, key: Uint8Array): Uint8Array | undefined {
    const record = this.inner.get(bucket, key)
    if (record === undefined || !this.sealer.isSealed(bucket)) return record
    return this.sealer.open(bucket, key, record)
  }

  walk(bucket: string, range: ScanRange, limit: number, visit: RowVisitor): Uint8Array | undefined {
    if (!this.sealer.isSealed(bucket)) return this.inner.walk(bucket, range, limit, visit)
    return this.inner.walk(bucket, range, limit, (key, record) =>
      visit(key, this.sealer.open(bucket, key, record)),
    )
  }

  due(bucket: string, now: number, limit: number, from?: DeadlineHint): DeadlineHint[] {
    return this.inner.due(bucket, now, limit, from)
  }
}

class SealedFullReader<R extends StoreReader> extends SealedReader<R> implements StoreReader {
  peek(bucket: string, key: Uint8Array): Uint8Array | undefined {
    return this.sealer.isSealed(bucket) ? this.get(bucket, key) : this.inner.peek(bucket, key)
  }

  scan(bucket: string, range: ScanRange, limit: number): StoreRow[] {
    const rows = this.inner.scan(bucket, range, limit)
    if (!this.sealer.isSealed(bucket)) return rows
    return rows.map(({ key, record }) => ({ key, record: this.sealer.open(bucket, key, record) }))
  }
}

class SealedTransaction extends SealedFullReader<StoreTransaction> implements StoreTransaction {
  put(bucket: string, key: Uint8Array, record: Uint8Array, deadline: number): void {
    const isSealed = this.sealer.isSealed(bucket)
    const bytes = isSealed ? this.sealer.seal(bucket, key, record) : record
    this.inner.put(bucket, key, bytes, deadline)
  }

  delete(bucket: string, key: Uint8Array): boolean {
    return this.inner.delete(bucket, key)
  }

  forget(bucket: string, hint: DeadlineHint): void {
    this.inner.forget(bucket, hint)
  }

  nextVersion(): number {
    return this.inner.nextVersion()
  }
}

function sealedTransaction(inner: StoreTransaction, sealer: RowSealer): StoreTransaction {
  const tx = new SealedTransaction(inner, sealer)
  if (inner.usedBytes === undefined) return tx
  return Object.assign(tx, { usedBytes: inner.usedBytes.bind(inner) })
}

class SealedSnapshot extends SealedReader<StoreSnapshot> implements StoreSnapshot {
  close(): void {
    this.inner.close()
  }
}

/** The store, and what only some stores can do. */
export function sealedStore(
  inner: SyncStore,
  secrets: StoreSecrets,
  budget: MessageBudget,
): SyncStore {
  const sealer = new RowSealer(secrets)
  const { notices, upkeep } = inner
  const store = new SealedStore(inner, secrets, sealer, budget)
  // A backup has the rows as they lie there: sealed.
  const more = Object.assign(store, { notices, upkeep })
  if (inner.snapshot === undefined) return more
  const snapshot = inner.snapshot.bind(inner)
  return Object.assign(more, {
    snapshot: (buckets: readonly string[]) => new SealedSnapshot(snapshot(buckets), sealer),
  })
}

export class SealedStore extends SealedFullReader<SyncStore> implements SyncStore {
  readonly secrets: StoreSecrets
  readonly #budget: MessageBudget

  constructor(inner: SyncStore, secrets: StoreSecrets, sealer: RowSealer, budget: MessageBudget) {
    super(inner, sealer)
    this.secrets = secrets
    this.#budget = budget
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

  changeId(): number {
    return this.inner.changeId()
  }

  onCommit(listener: () => void): () => void {
    return this.inner.onCommit(listener)
  }

  transaction<T>(promise: CommitPromise, fn: (tx: StoreTransaction) => T): T {
    return this.rawTransaction(promise, (tx) => fn(sealedTransaction(tx, this.sealer)))
  }

  /** A transaction of the store below: its rows are as they lie there. What it seals is counted. */
  rawTransaction<T>(promise: CommitPromise, fn: (tx: StoreTransaction) => T): T {
    let committed = (): void => {}
    const result = this.inner.transaction(promise, (tx) => {
      const value = fn(tx)
      committed = this.#budget.settle(tx)
      return value
    })
    committed()
    this.#budget.tell()
    return result
  }

  sync(): void {
    this.inner.sync()
  }

  stats(): StoreStats {
    return this.inner.stats()
  }

  close(): void {
    this.inner.close()
  }
}
