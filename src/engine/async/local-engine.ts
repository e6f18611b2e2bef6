/** The engine of a synchronous store, for asynchronous dicts: the same rules, cache and pending writes. */
import type { Clock } from '../../clock.js'
import type { ValueCodec } from '../../codec/value-codec.js'
import type { KeySpace } from '../../keys/key-space.js'
import type { BackupReport } from '../../store/sync-store.js'
import type { AccessTimes } from '../access-times.js'
import { namespacePaths } from '../count.js'
import type { Engine } from '../engine.js'
import type { Entry, ValueMode } from '../entry.js'
import type { EntryRange, Wanted } from '../entry-range.js'
import { sizeOf, sweep } from '../expired.js'
import { scanEntries } from '../scan.js'
import { storeUpkeep } from '../upkeep/store-upkeep.js'
import type { Write } from '../write.js'
import type {
  AsyncEngine,
  AsyncEngineStats,
  AsyncUpkeep,
  AsyncWrite,
  Decide,
  Decision,
} from './async-engine.js'
import { LocalUpkeep } from './local-upkeep.js'
import { CONFLICT, isPending, tries } from './tries.js'

export class LocalEngine implements AsyncEngine {
  readonly codec: ValueCodec
  readonly clock: Clock
  readonly upkeep: AsyncUpkeep
  readonly #engine: Engine
  readonly accessTimes: AccessTimes | undefined

  constructor(engine: Engine, accessTimes?: AccessTimes) {
    this.accessTimes = accessTimes
    this.codec = engine.codec
    this.clock = engine.clock
    this.upkeep = new LocalUpkeep(engine)
    this.#engine = engine
  }

  space(path: readonly string[]): KeySpace {
    return this.#engine.space(path)
  }

  async value(space: KeySpace, key: string, mode: ValueMode): Promise<unknown> {
    return this.#engine.value(space, key, mode)
  }

  async entry(space: KeySpace, key: string, mode: ValueMode): Promise<Entry | undefined> {
    return this.#engine.entry(space, key, mode)
  }

  async kept(space: KeySpace, key: string): Promise<Entry | undefined> {
    return this.#engine.kept(space, key)
  }

  async values(space: KeySpace, keys: readonly string[], mode: ValueMode): Promise<unknown[]> {
    const engine = this.#engine
    return engine.together(() => keys.map((key) => engine.value(space, key, mode)))
  }

  async has(space: KeySpace, keys: readonly string[]): Promise<boolean[]> {
    const engine = this.#engine
    return engine.together(() => keys.map((key) => engine.has(space, key)))
  }

  async write(space: KeySpace, writes: readonly AsyncWrite[]): Promise<void> {
    const engine = this.#engine
    const settle = ({ write, keepsDeadline }: AsyncWrite): Write => {
      if (write.kind === 'delete' || !keepsDeadline) return write
      return { ...write, expiresAt: engine.entry(space, write.key, 'frozen')?.expiresAt ?? 0 }
    }
    if (!writes.some(({ keepsDeadline }) => keepsDeadline)) engine.write(writes.map(settle))
    else engine.transaction(() => engine.write(writes.map(settle)))
  }

  async delete(space: KeySpace, keys: readonly string[]): Promise<number> {
    const engine = this.#engine
    const [key] = keys
    if (keys.length === 1 && key !== undefined) return engine.delete(space, key) ? 1 : 0
    return engine.transaction(() => keys.filter((each) => engine.delete(space, each)).length)
  }

  async clear(space: KeySpace): Promise<void> {
    this.#engine.clear(space)
  }

  async invalidate(space: KeySpace, tags: readonly string[]): Promise<void> {
    this.#engine.invalidate(space, tags)
  }

  change<T>(space: KeySpace, key: string, decide: Decide<T>): Promise<T> {
    return tries(this.clock, space.shown(key), async () => {
      const first = this.#engine.transaction(() => {
        const entry = this.#engine.entry(space, key, 'copy')
        const decided = decide(entry)
        if (isPending(decided)) return { later: decided, version: entry?.version }
        return { result: this.#apply(decided) }
      })
      if (!('later' in first)) return first.result
      const decision = await first.later
      if (decision.write === undefined) return decision.result
      return this.#engine.transaction(() => {
        const isSame = this.#engine.entry(space, key, 'copy')?.version === first.version
        return isSame ? this.#apply(decision) : CONFLICT
      })
    })
  }

  async *scan(
    space: KeySpace,
    range: EntryRange,
    wanted: Wanted,
  ): AsyncGenerator<Entry, undefined> {
    yield* scanEntries(this.#engine, space, range, wanted)
    return undefined
  }

  async size(space: KeySpace): Promise<number> {
    return sizeOf(this.#engine, space)
  }

  async sweep(): Promise<number> {
    return sweep(this.#engine, this.accessTimes)
  }

  async *namespaces(): AsyncGenerator<readonly string[], undefined> {
    yield* namespacePaths(this.#engine.reader())
    return undefined
  }

  flush(): Promise<void> {
    return this.#engine.flush()
  }

  /** Rejects with UnsupportedError for a store that cannot. */
  async backup(path: string): Promise<BackupReport> {
    await this.#engine.flush()
    return storeUpkeep(this.#engine.store, 'backup').backup(path)
  }

  async stats(): Promise<AsyncEngineStats> {
    const { store, counters, pendingWrites, cacheSize } = this.#engine
    const { kind, location } = store
    const { sizeBytes, engine } = store.stats()
    const cache = cacheSize
    return { store: kind, location, sizeBytes, ...counters, pendingWrites, cache, engine }
  }

  clearCache(): void {
    this.#engine.clearCache()
  }

  #apply<T>({ write, result }: Decision<T>): T {
    if (write !== undefined) this.#engine.write([write])
    return result
  }
}
