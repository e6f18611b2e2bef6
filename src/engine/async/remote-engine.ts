/**
 * What reading and writing mean over an AsyncStore. The rules of rows, records and ranges are those of
 * the synchronous engine; what differs is that nothing can be held while something is decided.
 *
 *     rows         storage key → record, as in a synchronous store but without holes
 *     chains       see remote-places.ts
 *     namespaces   see remote-namespaces.ts
 *     tags         see tags.ts
 *     meta         'format', 'initialised'
 */
import type { Clock } from '../../clock.js'
import type { ValueCodec } from '../../codec/value-codec.js'
import { ClosedError } from '../../errors/open-errors.js'
import type { KeySpace } from '../../keys/key-space.js'
import {
  type AsyncStore,
  type CommonRows,
  commonRows,
  type RowCheck,
} from '../../store/async-store.js'
import type { CommitPromise } from '../../store/sync-store.js'
import { AccessMarks } from '../access-marks.js'
import type { Counts } from '../activity/activity.js'
import type { Entry, ValueMode } from '../entry.js'
import { type EntryRange, modeOf, type Wanted } from '../entry-range.js'
import { changeOfRow } from '../feed.js'
import { found, ROWS } from '../row.js'
import { TAGS } from '../tags.js'
import type { SetWrite } from '../write.js'
import { AssumedRows } from './assumed-rows.js'
import type {
  AsyncEngine,
  AsyncEngineStats,
  AsyncUpkeep,
  AsyncWrite,
  Decide,
} from './async-engine.js'
import { RemoteCache } from './remote-cache.js'
import type { RemoteEngineParts } from './remote-engine-parts.js'
import { RemoteFeed } from './remote-feed.js'
import { RemoteHooks } from './remote-hooks.js'
import { type RemoteIdle, remoteIdle } from './remote-idle.js'
import { RemoteNamespaces } from './remote-namespaces.js'
import { RemotePlaces } from './remote-places.js'
import { RemoteReads } from './remote-reads.js'
import { scanRemote } from './remote-scan.js'
import { sweepRemote } from './remote-sweep.js'
import { countRemoteInvalidated, sweepRemoteTags } from './remote-tag-sweep.js'
import { RemoteTags } from './remote-tags.js'
import { RemoteUpkeep } from './remote-upkeep.js'
import { RemoteWrites } from './remote-writes.js'

export class RemoteEngine implements AsyncEngine {
  readonly store: AsyncStore
  readonly codec: ValueCodec
  readonly clock: Clock
  readonly upkeep: AsyncUpkeep
  /** Undefined if the store cannot tell what anyone changes. */
  readonly feed: RemoteFeed | undefined
  /** Told of entries that are read. */
  readonly accesses = new AccessMarks()
  /** Those who hear of what this process changes. */
  readonly hooks = new RemoteHooks(() => this.#attendDrops())
  readonly accessTimes: RemoteIdle | undefined
  readonly #namespaces: RemoteNamespaces
  readonly #promise: CommitPromise
  readonly #tags: RemoteTags
  readonly #places: RemotePlaces
  readonly #cache: RemoteCache
  readonly #assumed: AssumedRows | undefined
  readonly #reads: RemoteReads
  readonly #writes: RemoteWrites
  readonly #stop: (() => void)[]
  /** Under way. */
  #sweeps = 0
  #closing: Promise<void> | undefined

  constructor(parts: RemoteEngineParts) {
    const { store, codec, clock } = parts
    this.store = store
    this.codec = codec
    this.clock = clock
    this.#namespaces = new RemoteNamespaces(store, parts.keySettings)
    this.#tags = new RemoteTags(store)
    this.#places = new RemotePlaces(store, this.#tags)
    const namespaces = this.#namespaces
    this.upkeep = new RemoteUpkeep({ store, codec, clock, namespaces, places: this.#places })
    this.#cache = new RemoteCache(parts.cache, store, this.#tags)
    const [places, cache] = [this.#places, this.#cache]
    // Where asking for versions costs little, so does reading.
    const assumed = store.assumeVersions && new AssumedRows(clock)
    this.#assumed = assumed
    this.#reads = new RemoteReads({ codec, clock, places, cache, assumed })
    const promise = parts.durability === 'sync' ? 'synced' : 'committed'
    this.#promise = promise
    const spaceAt = (prefix: Uint8Array) => this.#namespaces.at(prefix)
    const { journal } = store
    const { onError, maxAgeMs } = parts
    this.feed = journal && new RemoteFeed({ journal, codec, clock, spaceAt, onError })
    const ready = () => this.feed?.ready
    this.#writes = new RemoteWrites({
      store,
      codec,
      clock,
      places,
      cache,
      assumed,
      promise,
      maxAgeMs,
      hooks: this.hooks,
      ready,
    })
    this.accessTimes = remoteIdle(parts.maxIdleMs, {
      ...parts,
      places: this.#places,
      accesses: this.accesses,
      hooks: this.hooks,
      expire: (check, record) => this.#expire(check, record),
    })
    this.#stop = [store.onInvalidate((bucket, key) => this.#invalidate(bucket, key))]
    const unheard = store.onError?.(onError)
    if (unheard !== undefined) this.#stop.push(unheard)
  }

  space(path: readonly string[]): KeySpace {
    return this.#namespaces.space(path)
  }

  async value(space: KeySpace, key: string, mode: ValueMode): Promise<unknown> {
    const entry = await this.entry(space, key, mode)
    if (entry === undefined) return undefined
    if (entry.mark !== this.accesses.epoch) this.accesses.tell(space, key, entry)
    return entry.value(mode)
  }

  async entry(space: KeySpace, key: string, mode: ValueMode): Promise<Entry | undefined> {
    this.#assertOpen()
    return this.#reads.entry(space, key, mode)
  }

  async kept(space: KeySpace, key: string): Promise<Entry | undefined> {
    this.#assertOpen()
    return this.#reads.kept(space, key)
  }

  async values(space: KeySpace, keys: readonly string[], mode: ValueMode): Promise<unknown[]> {
    this.#assertOpen()
    const entries = await this.#reads.entries(space, keys, mode)
    return entries.map((entry) => {
      if (entry === undefined) return undefined
      if (entry.mark !== this.accesses.epoch) this.accesses.tell(space, entry.key, entry)
      return entry.value(mode)
    })
  }

  async has(space: KeySpace, keys: readonly string[]): Promise<boolean[]> {
    this.#assertOpen()
    return this.#reads.has(space, keys)
  }

  async write(space: KeySpace, writes: readonly AsyncWrite[]): Promise<void> {
    this.#assertOpen()
    const listing = this.#list(space)
    if (listing !== undefined) await listing
    await this.#writes.write(space, writes)
  }

  /** Writes the first entries of the store, unless it was opened before. */
  async initialise(space: KeySpace, writes: readonly SetWrite[]): Promise<void> {
    this.#assertOpen()
    await this.#writes.initialise(space, writes)
  }

  async delete(space: KeySpace, keys: readonly string[]): Promise<number> {
    this.#assertOpen()
    return this.#writes.delete(space, keys)
  }

  async clear(space: KeySpace): Promise<void> {
    this.#assertOpen()
    try {
      // Chains stay: a key that is inserted meanwhile must not lose its own.
      await this.#writes.clear(space)
    } finally {
      this.#cache.clear()
    }
  }

  async invalidate(space: KeySpace, tags: readonly string[]): Promise<void> {
    this.#assertOpen()
    await this.#tags.invalidate(space, tags, this.clock, this.#promise)
  }

  async change<T>(space: KeySpace, key: string, decide: Decide<T>): Promise<T> {
    this.#assertOpen()
    const listing = this.#list(space)
    if (listing !== undefined) await listing
    return this.#writes.change(space, key, decide)
  }

  async *scan(
    space: KeySpace,
    range: EntryRange,
    wanted: Wanted,
  ): AsyncGenerator<Entry, undefined> {
    this.#assertOpen()
    const { store, codec, clock } = this
    const located = (keys: readonly string[]) => this.#places.locate(space, keys)
    const source = {
      store,
      codec,
      clock,
      writes: () => this.#writes.begunAndEnded,
      places: async (keys: readonly string[]) =>
        (await located(keys)).map(({ place }) => found(place)?.storageKey),
      entries: async (keys: readonly string[]) =>
        (await located(keys)).map((each) => this.#reads.entryAt(each, modeOf(wanted))),
      kept: (entries: readonly Entry[]) => this.#tags.kept(space, entries),
    }
    yield* scanRemote(source, space, range, wanted)
    return undefined
  }

  async size(space: KeySpace): Promise<number> {
    this.#assertOpen()
    const now = this.clock.now()
    const [count, hasInvalidated] = await Promise.all([
      this.store.count(ROWS, space.bounds(), now),
      this.#tags.hasAny(space),
    ])
    if (!hasInvalidated) return count
    return count - (await countRemoteInvalidated(this.store, this.#tags, space, now))
  }

  async sweep(): Promise<number> {
    this.#assertOpen()
    this.#sweeps++
    try {
      return await this.#sweep()
    } finally {
      this.#sweeps--
    }
  }

  async #sweep(): Promise<number> {
    const { store, clock } = this
    const writes = this.#writes
    const told = (key: Uint8Array, record: Uint8Array) => this.#expired(key, record)
    const expired = await sweepRemote({ store, writes, clock, expired: told })
    const invalidated = await sweepRemoteTags({
      store,
      tags: this.#tags,
      spaceAt: (prefix) => this.#namespaces.at(prefix),
      remove: (check) => this.#remove(check, 'nothing'),
    })
    const idle = (await this.accessTimes?.sweep()) ?? 0
    return expired + invalidated + idle
  }

  async *namespaces(): AsyncGenerator<readonly string[], undefined> {
    this.#assertOpen()
    for await (const space of this.#namespaces.all()) {
      if ((await this.size(space)) > 0) yield space.path
    }
    return undefined
  }

  async flush(): Promise<void> {
    this.#assertOpen()
    await this.#writes.idle()
    await this.store.sync()
  }

  async stats(): Promise<AsyncEngineStats> {
    this.#assertOpen()
    const { kind, location } = this.store
    const { sizeBytes, engine } = await this.store.stats()
    return { store: kind, location, sizeBytes, ...this.counts, engine }
  }

  /** What this process has done since it opened the store, and what it holds. */
  get counts(): Omit<Counts, 'hottest' | 'isSweeping'> {
    const { commits, failedCommits } = this.#writes
    const { hits, misses } = this.#reads
    const cache = this.#cache.size
    return { hits, misses, commits, failedCommits, pendingWrites: 0, cache }
  }

  /** Whether it removes expired rows at present. */
  get isSweeping(): boolean {
    return this.#sweeps > 0
  }

  /** The rows that all hosts agree on. */
  get common(): CommonRows {
    return commonRows(this.store)
  }

  clearCache(): void {
    this.#cache.clear()
  }

  get isClosed(): boolean {
    return this.#closing !== undefined
  }

  /** Waits for changes under way and closes the store. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#writes.idle()
    await this.accessTimes?.close()
    for (const stop of this.#stop) stop()
    this.hooks.end()
    this.#cache.clear()
    await this.store.close()
  }

  async #expire(check: RowCheck, record: Uint8Array): Promise<boolean> {
    const isGone = await this.#remove(check, 'expire')
    if (isGone) this.#expired(check.key, record)
    return isGone
  }

  async #remove({ bucket, key, starts }: RowCheck, noted: 'expire' | 'nothing'): Promise<boolean> {
    const operation = { kind: 'delete', bucket, key, noted } as const
    const isGone = await this.#writes.commit([{ bucket, key, starts }], [operation])
    const space = this.#namespaces.known(key)
    if (bucket === ROWS && space !== undefined) this.#cache.drop(space, key)
    return isGone
  }

  /** Undefined if it is listed already. */
  #list(space: KeySpace): Promise<void> | undefined {
    if (this.#namespaces.isListed(space)) return undefined
    return this.#namespaces.list(space, (row) => this.#writes.commit([], [row]))
  }

  #invalidate(bucket: string, key: Uint8Array | undefined): void {
    if (key === undefined) {
      this.#cache.clear()
      this.#assumed?.clear()
      this.#tags.epoch++
      // The store may have lost them with everything else.
      this.#namespaces.forget()
    } else if (bucket === ROWS) {
      this.#assumed?.told(key)
      const space = this.#namespaces.known(key)
      if (space !== undefined) this.#cache.drop(space, key)
    } else if (bucket === TAGS) {
      this.#tags.epoch++
    }
  }

  #attendDrops(): (() => void) | undefined {
    return this.store.onDrop?.((bucket, { key }) => {
      if (bucket === ROWS) this.#expired(key, undefined)
    })
  }

  /**
   * An expired row has gone. Where the store has dropped it, its record is gone, and so is the key of a
   * hashed one: of those nothing can be told.
   */
  #expired(storageKey: Uint8Array, record: Uint8Array | undefined): void {
    const space = this.#namespaces.known(storageKey)
    if (space === undefined || !this.hooks.isHeard) return
    const change = changeOfRow('expire', space, storageKey, record, this.codec)
    if (change !== undefined) this.hooks.committed([change])
  }

  #assertOpen(): void {
    if (this.isClosed) throw new ClosedError()
  }
}
