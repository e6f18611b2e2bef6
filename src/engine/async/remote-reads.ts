/** Reads of entries of an AsyncStore: from the cache where that is the latest, and from the store. */
import type { Clock } from '../../clock.js'
import { isExpired } from '../../codec/record.js'
import type { ValueCodec } from '../../codec/value-codec.js'
import type { KeySpace } from '../../keys/key-space.js'
import { Entry, type ValueMode } from '../entry.js'
import { found } from '../row.js'
import type { AssumedRows } from './assumed-rows.js'
import type { RemoteCache } from './remote-cache.js'
import { type Located, liveFields, type RemotePlaces } from './remote-places.js'

export interface RemoteReadsParts {
  readonly codec: ValueCodec
  readonly clock: Clock
  readonly places: RemotePlaces
  readonly cache: RemoteCache
  readonly assumed: AssumedRows | undefined
}

export class RemoteReads {
  hits = 0
  misses = 0
  readonly #parts: RemoteReadsParts

  constructor(parts: RemoteReadsParts) {
    this.#parts = parts
  }

  /** See AsyncEngine.entry(); so for the others. */
  async entry(space: KeySpace, key: string, mode: ValueMode): Promise<Entry | undefined> {
    const { cache, clock, places, assumed } = this.#parts
    const cached = cache.get(space, key)
    if (cached !== undefined && (mode === 'frozen' || cached.isWhole)) {
      this.hits++
      return cached.isExpiredAt(clock.now()) ? undefined : cached
    }
    this.misses++
    const flight = cache.depart(space, key)
    let entry: Entry | undefined
    try {
      const located = await places.locateOne(space, key)
      if (!flight.isStale) assumed?.read(located)
      entry = this.entryAt(located, mode)
    } finally {
      cache.land(flight, entry)
    }
    return entry
  }

  async kept(space: KeySpace, key: string): Promise<Entry | undefined> {
    const { places, clock, codec } = this.#parts
    const { place, invalidatedAt, tagDoubt } = await places.locateOne(space, key)
    const fields = found(place)?.fields
    if (fields === undefined || fields.version < invalidatedAt) return undefined
    if (tagDoubt !== undefined) throw tagDoubt
    const now = clock.now()
    const isKept = !isExpired(fields.expiresAt, now) || (fields.grace?.until ?? 0) > now
    return isKept ? Entry.whole(key, fields, codec) : undefined
  }

  /** The live entries of several keys, in their order, as of one moment. */
  async entries(
    space: KeySpace,
    keys: readonly string[],
    mode: ValueMode,
  ): Promise<(Entry | undefined)[]> {
    // Not from the cache, whose entries may be of different moments.
    const all = await this.#parts.places.locate(space, keys)
    return all.map((located) => this.entryAt(located, mode))
  }

  async has(space: KeySpace, keys: readonly string[]): Promise<boolean[]> {
    const all = await this.#parts.places.locate(space, keys)
    const now = this.#parts.clock.now()
    return all.map((located) => liveFields(located, now) !== undefined)
  }

  /** The live entry at a place. */
  entryAt(located: Located, mode: ValueMode): Entry | undefined {
    const { clock, codec } = this.#parts
    const fields = liveFields(located, clock.now())
    if (fields === undefined) return undefined
    return mode === 'frozen' && fields.isPlain
      ? Entry.frozen(located.key, fields, codec)
      : Entry.whole(located.key, fields, codec)
  }
}
