/**
 * A store on Redis: rows are strings with a time to live, found in order by sorted sets.
 *
 * What belongs together is changed by one script, so a batch is all or nothing. Redis drops rows at
 * their deadlines by itself, and then their index entries are stale: scans pass over them, and due()
 * and count() remove them.
 */
import { compareBytes } from '../../bytes.js'
import type { Clock } from '../../clock.js'
import { StoreTimeoutError } from '../../errors/server-errors.js'
import { BatchError, StoreFullError } from '../../errors/store-errors.js'
import type {
  AsyncStore,
  Atomicity,
  Batch,
  DropListener,
  InvalidationListener,
  RowOperation,
} from '../async-store.js'
import type { DeadlineHint, ScanRange, StoreRow, StoreStats } from '../sync-store.js'
import type { Commands } from './commands.js'
import { commitWords, LARGEST_RECORD, MOST_OPERATIONS } from './commit-words.js'
import { DropWatch } from './drop-watch.js'
import { Drops } from './drops.js'
import { RedisJournal } from './journal.js'
import { type KeyNames, routeOf } from './key-names.js'
import { OrderedRows } from './ordered-rows.js'
import { COMMIT, VERSIONS } from './scripts.js'
import { ServerClock } from './server-clock.js'
import { Tracking } from './tracking.js'
import { VersionSource } from './version-source.js'

export interface RedisStoreParts {
  readonly commands: Commands
  readonly names: KeyNames
  readonly identity: string
  readonly tracking: boolean
  readonly clock: Clock
}

/** What the script that commits answers. */
const FAILED_CHECK = 0
const APPLIED = 1

/** What commits have besides the timeout: answers of the server's clock are not exact. */
const LATE_MS = 100

/** A commit is tried so often if the server's clock jumps ahead each time. */
const MOST_LATE = 3

export class RedisStore implements AsyncStore {
  readonly kind = 'redis'
  readonly location: string
  readonly identity: string
  readonly atomicity: Atomicity
  readonly #commands: Commands
  readonly #names: KeyNames
  readonly #clock: Clock
  readonly #ordered: OrderedRows
  /** Part by part: in a cluster they may lie on different servers. */
  readonly #serverClocks: ServerClock[]
  readonly #listeners = new Set<{ readonly call: InvalidationListener }>()
  readonly #wantsTracking: boolean
  readonly #versions: VersionSource
  readonly #drops = new Drops()
  readonly journal: RedisJournal
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
    this.journal = new RedisJournal({
      commands,
      names,
      clock,
      hears: () => this.hears,
      attend: () => this.#attend(),
    })
    this.#ordered = new OrderedRows(commands, names, this.#drops, this.journal.writer)
    this.#versions = new VersionSource(async (count) =>
      Number(await commands.script(VERSIONS, [names.versions], [String(count)], 'repeatable')),
    )
    this.#serverClocks = names.rowPrefixes.map((key) => new ServerClock(commands, clock, key))
  }

  get hears(): boolean {
    return this.#tracking?.hears ?? false
  }

  async get(bucket: string, key: Uint8Array): Promise<Uint8Array | undefined> {
    const { rows } = this.#names.bucket(bucket, this.#names.partOf(key))
    const name = Buffer.concat([rows, key])
    const record = await this.#commands.run(routeOf(rows), ['GET', name], 'repeatable')
    return record === null ? undefined : (record as Buffer)
  }

  async getMany(bucket: string, keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    this.#commands.assertOpen()
    const byPart = new Map<number, number[]>()
    for (const [at, key] of keys.entries()) push(byPart, this.#names.partOf(key), at)
    const found: (Uint8Array | undefined)[] = new Array(keys.length).fill(undefined)
    const asked = [...byPart].map(async ([part, places]) => {
      const { rows } = this.#names.bucket(bucket, part)
      const names = places.map((at) => Buffer.concat([rows, keys[at] as Uint8Array]))
      const records = await this.#commands.run(routeOf(rows), ['MGET', ...names], 'repeatable')
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
    const byPart = new Map<number, RowOperation[]>()
    for (const operation of operations) {
      push(byPart, this.#names.partOf(operation.key), copied(operation))
    }
    if (checks.length === 0) {
      const applied = [...byPart].map(([part, own]) =>
        this.#apply(part, { ...batch, operations: own }),
      )
      await Promise.all(applied)
      return true
    }
    if (this.atomicity === 'key') this.#refuseSeveral(batch)
    const copies = checks.map((check) => ({
      ...check,
      key: copyOf(check.key),
      starts: check.starts && copyOf(check.starts),
    }))
    const part = this.#names.partOf(copies[0]?.key as Uint8Array)
    return this.#apply(part, { ...batch, checks: copies, operations: byPart.get(part) ?? [] })
  }

  async clear(bucket: string, range: ScanRange): Promise<void> {
    this.#commands.assertOpen()
    // Deleted as by anybody else: that is right even while a slot moves to another node.
    const cleared = copyOf(range.from ?? new Uint8Array(0))
    await this.#ordered.eachKey(bucket, range, (keys, part) => {
      const operations = keys.map((key) => ({ kind: 'delete' as const, bucket, key }))
      return this.#apply(part, { promise: 'committed', checks: [], operations }, cleared)
    })
  }

  async nextVersions(count: number): Promise<number> {
    this.#commands.assertOpen()
    return this.#versions.next(count)
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

  /** One part's share of a batch. */
  async #apply(part: number, batch: Batch, cleared?: Uint8Array): Promise<boolean> {
    const { timeoutMs, link } = this.#commands
    const clock = this.#serverClocks[part] as ServerClock
    for (let attempt = 0; attempt < MOST_LATE; attempt++) {
      const { time, skewMs } = await clock.ahead(timeoutMs + LATE_MS)
      const { keys, args } = commitWords(this.#names, part, batch, skewMs, {
        writer: this.journal.writer,
        cleared,
      })
      const answer = await this.#commands
        .script(COMMIT, keys, [String(time), ...args], 'once')
        .catch((error: unknown) => {
          // The next may be answered by another server, with another clock.
          clock.forget()
          throw error
        })
      if (answer === APPLIED) return true
      if (answer === FAILED_CHECK) return false
      // Too late by the server's clock, in time by ours: the server's clock was set.
      clock.forget()
    }
    throw new StoreTimeoutError(link.location, timeoutMs)
  }

  #refuseHuge(operations: readonly RowOperation[]): void {
    if (operations.length > MOST_OPERATIONS) {
      throw new BatchError(
        `A batch for Redis takes at most ${MOST_OPERATIONS} operations, and this one has ${operations.length}. Nothing was changed. Write in several steps.`,
      )
    }
    for (const operation of operations) {
      if (operation.kind === 'put' && operation.record.length > LARGEST_RECORD) {
        throw new StoreFullError(
          `Redis takes at most ${LARGEST_RECORD} bytes for a value, and this one has ${operation.record.length}. Nothing was changed.`,
        )
      }
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

function copied(operation: RowOperation): RowOperation {
  const key = copyOf(operation.key)
  return operation.kind === 'delete'
    ? { ...operation, key }
    : { ...operation, key, record: copyOf(operation.record) }
}

function copyOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes)
}

function push<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key)
  if (list === undefined) lists.set(key, [value])
  else list.push(value)
}
