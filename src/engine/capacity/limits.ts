/**
 * The limits of a store, kept in the store: the last to open it with limits decides, for all
 * processes at once.
 *
 *     'limits' → {"all": {"maxEntries": 1000, "maxBytes": null, "eviction": "sieve"}, "spaces": {"a": …}}
 */
import type { KeySpace } from '../../keys/key-space.js'

/**
 * Whom a full store removes. `'sieve'`: the oldest that was not read since the hand last passed (SIEVE,
 * Zhang et al., NSDI 2024). `'lru'`: the least recently used. `'fifo'`: the oldest. `'none'`: nobody;
 * the write is refused.
 */
export type Eviction = 'sieve' | 'lru' | 'fifo' | 'none'

/** How much may be stored. */
export interface Limits {
  /** Infinity for no limit. */
  readonly maxEntries: number
  /** Infinity for no limit. */
  readonly maxBytes: number
  readonly eviction: Eviction
}

/** The limits of all namespaces together, and of those that have limits of their own besides. */
export interface LimitTable {
  readonly all: Limits
  readonly spaces: Readonly<Record<string, Limits>>
}

/** Entries that have limits in common. */
export interface LimitGroup {
  /** Begins the keys of its rows. No group's id is the beginning of another's. */
  readonly id: Uint8Array
  /** For messages. */
  readonly name: string
  readonly limits: Limits
}

export function isUnlimited({ maxEntries, maxBytes }: Limits): boolean {
  return maxEntries === Number.POSITIVE_INFINITY && maxBytes === Number.POSITIVE_INFINITY
}

/** Whether nobody set any limit. */
export function isUnlimitedTable({ all, spaces }: LimitTable): boolean {
  return isUnlimited(all) && Object.values(spaces).every(isUnlimited)
}

export function encodeLimits(table: LimitTable): Uint8Array {
  // JSON makes null of Infinity.
  return Buffer.from(JSON.stringify(table))
}

export function decodeLimits(bytes: Uint8Array): LimitTable {
  const { all, spaces } = JSON.parse(Buffer.from(bytes).toString('utf8')) as LimitTable
  const decoded = Object.entries(spaces).map(([name, limits]) => [name, withInfinity(limits)])
  return { all: withInfinity(all), spaces: Object.fromEntries(decoded) as LimitTable['spaces'] }
}

/** Tables with the same shape keep the same accounts: only numbers differ. */
export function shapeOf({ all, spaces }: LimitTable): string {
  const evictions = Object.entries(spaces).map(([name, { eviction }]) => [name, eviction])
  return JSON.stringify([all.eviction, evictions.sort()])
}

/** The id of the entries that have no limits but those of all. */
const COMMON = Uint8Array.of(0)

/** Which group each namespace belongs to: the nearest around it that has limits of its own. */
export class LimitGroups {
  readonly common: LimitGroup
  readonly own: readonly LimitGroup[]
  readonly #byName: ReadonlyMap<string, LimitGroup>

  constructor(table: LimitTable, spaceAt: (path: readonly string[]) => KeySpace) {
    this.common = { id: COMMON, name: 'The store', limits: table.all }
    this.#byName = new Map(
      Object.entries(table.spaces).map(([name, limits]) => {
        const { prefix, shownPath } = spaceAt([name])
        const shown = `The namespace ${JSON.stringify(shownPath[0])}`
        return [name, { id: prefix, name: shown, limits }]
      }),
    )
    this.own = [...this.#byName.values()]
  }

  /** The least room that any of them gives. */
  get leastBytes(): number {
    return Math.min(...[this.common, ...this.own].map(({ limits }) => limits.maxBytes))
  }

  /** Whether any of them refuses writes when it is full. */
  get mayRefuse(): boolean {
    return [this.common, ...this.own].some(
      ({ limits }) => limits.eviction === 'none' && !isUnlimited(limits),
    )
  }

  of({ path }: KeySpace): LimitGroup {
    return this.#byName.get(path[0] ?? '') ?? this.common
  }
}

function withInfinity({ maxEntries, maxBytes, eviction }: Limits): Limits {
  return {
    maxEntries: maxEntries ?? Number.POSITIVE_INFINITY,
    maxBytes: maxBytes ?? Number.POSITIVE_INFINITY,
    eviction,
  }
}
