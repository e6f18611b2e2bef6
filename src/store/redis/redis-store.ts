/**
 * A store on Redis: rows are strings with a time to live, found in order by sorted sets.
 *
 * What belongs together is changed by one script, so a batch is all or nothing. Redis drops rows at
 * their deadlines by itself, and then their index entries are stale: scans pass over them, and due()
 * and count() remove them.
 */
import { compareBytes } from '../../bytes.js'
import type { Clock } from '../../clock.js'
import { BatchError, StoreFullError } from '../../errors/store-errors.js'
import type {
  AsyncStore,
  Atomicity,
  Batch,
  DropListener,
  InvalidationListener,
  RowCheck,
  RowOperation,
} from '../async-store.js'
import type { DeadlineHint, ScanRange, StoreRow, StoreStats } from '../sync-store.js'
import { VersionSource } from '../version-source.js'
import type { Commands } from './commands.js'
import { LARGEST_BATCH, MOST_OPERATIONS } from './commit-group.js'
import { DropWatch } from './drop-watch.js'
import { Drops } from './drops.js'
import { GroupCommit } from './group-commit.js'
import { RedisJournal } from './journal.js'
import type { KeyNames } from './key-names.js'
import { OrderedRows } from './ordered-rows.js'
import { RedisUses } from './redis-uses.js'
import { RowReads } from './row-reads.js'
import { VERSIONS } from './scripts.js'
import { Tracking } from './tracking.js'

export interface RedisStoreParts {
  readonly commands: Commands
  readonly names: KeyNames
  readonly identity: string
  readonly tracking: boolean
  readonly clock: Clock
}

export class RedisStore implements AsyncStore {
  readonly kind = 'redis'
  readonly location: string
  readonly identity: string
  readonly atomicity: Atomicity
  readonly #commands: Commands
  readonly #names: KeyNames
  readonly #clock: Clock
  readonly #ordered: OrderedRows
  readonly #reads: RowReads
  readonly #commits: GroupCommit
  readonly #listeners = new Set<{ readonly call: InvalidationListener }>()
  readonly #wantsTracking: boolean
  readonly #versions: VersionSource
  readonly #drops = new Drops()
  readonly journal: RedisJournal
  readonly uses: RedisUses
  #dropWatch: DropWatch | undefined
  #tracking: Tracking | undefined

  constructor({ commands, names, identity, tracking, clock }: RedisStoreParts) {
    this.location = commands.link.location
    this.identity = identity
    this.atomicity = names.parts === 1 ? 'batch' : 'key'
    this.#commands = commands
    this.#names = names
    this.#clock = clock
    this.#wantsTracking = tracking
    const reads = new RowReads(commands, names)
    this.#reads = reads
    this.journal = new RedisJournal({
      commands,
      names,
      reads,
      clock,
      hears: () => this.hears,
      attend: () => this.#attend(),
    })
    this.uses = new RedisUses(commands, names)
    const { writer } = this.journal
    const gone = async (bucket: string, keys: readonly Uint8Array[]) => {
      if (this.uses.isKept) await this.uses.forgetGone(bucket, keys)
    }
    this.#ordered = new OrderedRows({ commands, names, reads, drops: this.#drops, gone, writer })
    const versions = new VersionSource({
      take: async (count) =>
        Number(await commands.script(VERSIONS, [names.versions], [String(count)], 'repeatable')),
      time: () => this.#commits.serverTime(0),
    })
    this.#versions = versions
    const onAssumed = (areRight: boolean) => versions.learn(areRight)
    this.#commits = new GroupCommit({ commands, names, clock, writer, onAssumed })
  }

  get hears(): boolean {
    return this.#tracking?.hears ?? false
  }

  get(bucket: string, key: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#reads.get(bucket, key)
  }

  async getMany(bucket: string, keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    this.#commands.assertOpen()
    const [only] = keys
    if (only !== undefined && keys.length === 1) return [await this.#reads.get(bucket, only)]
    const byPart = new Map<number, number[]>()
    for (const [at, key] of keys.entries()) push(byPart, this.#names.partOf(key), at)
    const found: (Uint8Array | undefined)[] = new Array(keys.length).fill(undefined)
    const asked = [...byPart].map(async ([part, places]) => {
      const { route } = this.#names.bucket(bucket, part)
      const names = places.map((at) => this.#names.rowWord(bucket, keys[at] as Uint8Array))
      const records = await this.#commands.run(route, ['MGET', ...names], 'repeatable')
      places.forEach((at, nth) => {
        found[at] = (records as (Buffer | null)[])[nth] ?? undefined
      })
    })
    await Promise.all(asked)
    return found
  }

  async scan(bucket: string, range: ScanRange, limit: number): Promise<StoreRow[]> {
    this.#commands.assertOpen()
    return this.#ordered.scan(bucket, range, limit)
  }

  async count(bucket: string, range: ScanRange, now: number): Promise<number> {
    this.#commands.assertOpen()
    return this.#ordered.count(bucket, range, now)
  }

  async due(bucket: string, now: number, limit: number): Promise<DeadlineHint[]> {
    this.#commands.assertOpen()
    return this.#ordered.due(bucket, now, limit)
  }

  async knows(bucket: string, hints: readonly DeadlineHint[]): Promise<boolean[]> {
    this.#commands.assertOpen()
    return this.#ordered.knows(bucket, hints)
  }

  async commit(batch: Batch): Promise<boolean> {
    this.#commands.assertOpen()
    const { checks, operations } = batch
    this.#refuseHuge(operations)
    if (checks.length + operations.length === 0) return true
    if (this.atomicity === 'batch') return this.#commits.commit(0, batch)
    if (checks.length > 0) {
      this.#refuseSeveral(batch)
      return this.#commits.commit(this.#names.partOf((checks[0] as RowCheck).key), batch)
    }
    const byPart = new Map<number, RowOperation[]>()
    for (const operation of operations) push(byPart, this.#names.partOf(operation.key), operation)
    const applied = [...byPart].map(([part, own]) =>
      this.#commits.commit(part, { checks, operations: own }),
    )
    await Promise.all(applied)
    return true
  }

  async clear(bucket: string, range: ScanRange): Promise<void> {
    this.#commands.assertOpen()
    // Deleted as by anybody else: that is right even while a slot moves to another node.
    const cleared = copyOf(range.from ?? new Uint8Array(0))
    await this.#ordered.eachKey(bucket, range, async (keys, part) => {
      const operations = keys.map((key) => ({ kind: 'delete' as const, bucket, key }))
      await this.#commits.remove(part, { checks: [], operations }, cleared)
      await this.uses.forget(bucket, part, keys)
    })
  }

  async nextVersions(count: number): Promise<number> {
    this.#commands.assertOpen()
    return this.#versions.next(count)
  }

  /** Where keys are spread, the last version is not where the rows are. */
  assumeVersions(count: number): number | undefined {
    return this.atomicity === 'batch' ? this.#versions.assume(count) : undefined
  }

  onInvalidate(listener: InvalidationListener): () => void {
    const wrapped = { call: listener }
    this.#listeners.add(wrapped)
    if (this.#wantsTracking) this.#tracked()
    return () => void this.#listeners.delete(wrapped)
  }

  onDrop(listener: DropListener): () => void {
    const stop = this.#drops.on(listener)
    this.#attend()
    return stop
  }

  onError(listener: (error: unknown) => void): () => void {
    return this.#commands.link.failures.on(listener)
  }

  /** What the server has acknowledged is as safe as its own settings make it. */
  async sync(): Promise<void> {
    await this.#commands.run(this.#names.versions, ['PING'], 'repeatable')
  }

  async stats(): Promise<StoreStats> {
    const info = await this.#commands.run(this.#names.versions, ['INFO', 'memory'], 'repeatable')
    const usedMemory = Number(/^used_memory:(\d+)/m.exec(String(info))?.[1] ?? 0)
    return {
      sizeBytes: usedMemory,
      engine: { hears: this.hears ? 1 : 0, lossesOfTracking: this.#tracking?.losses ?? 0 },
    }
  }

  async close(): Promise<void> {
    this.#tracking?.stop()
    this.#dropWatch?.stop()
    this.journal.stop()
    this.#drops.clear()
    this.#listeners.clear()
    this.#commands.close()
  }

  #refuseHuge(operations: readonly RowOperation[]): void {
    if (operations.length > MOST_OPERATIONS) {
      throw new BatchError(
        `A batch for Redis takes at most ${MOST_OPERATIONS} operations, and this one has ${operations.length}. Nothing was changed. Write in several steps.`,
      )
    }
    let bytes = 0
    for (const operation of operations)
      if (operation.kind === 'put') bytes += operation.record.length
    if (bytes > LARGEST_BATCH) {
      throw new StoreFullError(
        `Redis takes at most ${LARGEST_BATCH} bytes at once, and the values of this batch have ${bytes}. Nothing was changed. Write smaller values, or in several steps.`,
      )
    }
  }

  #refuseSeveral({ checks, operations }: Batch): void {
    const [first] = checks as readonly [Batch['checks'][0]]
    const isOne = [...checks, ...operations].every(
      ({ bucket, key }) => bucket === first.bucket && compareBytes(key, first.key) === 0,
    )
    if (isOne) return
    throw new BatchError(
      `The store at ${this.location} spreads its keys over ${this.#names.parts} parts, so a batch with checks takes one key only. Nothing was changed. Use one key, or a store with "parts: 1".`,
    )
  }

  #tracked(): Tracking {
    this.#tracking ??= new Tracking({
      link: this.#commands.link,
      clock: this.#clock,
      prefixes: [...this.#names.rowPrefixes, ...this.#names.journalPrefixes],
      tell: (name) => this.#tell(name),
      expired: (name) => {
        const row = this.#names.parsed(name)
        if (row !== undefined) this.#dropWatch?.expired(row.bucket)
      },
    })
    return this.#tracking
  }

  /** Somebody wants to hear of rows that Redis drops. */
  #attend(): void {
    this.#dropWatch ??= this.#watchDrops()
  }

  #watchDrops(): DropWatch {
    const { failures } = this.#commands.link
    if (this.#wantsTracking) void this.#tracked().hearExpired()
    return new DropWatch({
      clock: this.#clock,
      buckets: () => this.#names.buckets,
      look: async (bucket) => {
        const isHeard = this.#drops.isHeard || this.journal.isHeard
        if (isHeard) await this.#ordered.settle(bucket, this.#clock.now())
      },
      onError: (error) => failures.tell(error),
    })
  }

  #tell(name: Buffer | undefined): void {
    if (name === undefined || this.#names.isJournal(name)) this.journal.wake()
    const row = name && this.#names.parsed(name)
    if (name !== undefined && row === undefined) return
    for (const { call } of this.#listeners) call(row?.bucket ?? '', row?.key)
  }
}

function copyOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes)
}

function push<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}
