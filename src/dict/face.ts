/** Types of the public face, apart from the classes themselves. */

/** The keys of a shape, as a dict takes them. */
export type KeyOf<S> = Extract<keyof S, string | number>

/** A key as it may be given: where any string is one, any number is, too. */
export type KeyIn<K> = string extends K ? K | number : K

/** A key as it comes back: a number that was given as a key is its text, as on an object. */
export type KeyOut<S, K> = [K] extends [KeyOf<S>] ? (K extends number ? `${K}` : K) : K

/** T, unless it is a promise: a synchronous transaction cannot wait. */
export type Synchronous<T> = T &
  (T extends PromiseLike<unknown> ? 'the callback must not return a promise' : unknown)

/** The value that a shape has at a key. */
export type ValueAt<S, K> = K extends keyof S ? S[K] : S[keyof S]

/** Types that are handed out as copies, since JavaScript cannot freeze them. */
export type Unfreezable =
  | Date
  | RegExp
  | URL
  | URLSearchParams
  | Error
  | ArrayBuffer
  | ArrayBufferView

/** A value as readers get it: read-only all the way down. */
export type Frozen<T> = T extends
  | string
  | number
  | bigint
  | boolean
  | null
  | undefined
  | symbol
  | Unfreezable
  ? T
  : T extends Map<infer K, infer V>
    ? Map<Frozen<K>, Frozen<V>>
    : T extends Set<infer V>
      ? Set<Frozen<V>>
      : T extends object
        ? { readonly [P in keyof T]: Frozen<T[P]> }
        : T

/** An entry with what the dict knows of it. */
export interface DictEntry<K, V> {
  /** The key, as it was given or as it is iterated. */
  readonly key: K
  /** The value, as the dict hands out values. */
  readonly value: V
  /** When the key was first set, in milliseconds since 1970-01-01 UTC. */
  readonly createdAt: number
  /** When the key was last set, in milliseconds since 1970-01-01 UTC. */
  readonly updatedAt: number
  /**
   * When the value was last read or written, by any process, in milliseconds since 1970-01-01 UTC and
   * within a fiftieth of `maxIdle`, at most an hour. Undefined without `maxIdle`.
   */
  readonly accessedAt: number | undefined
  /** When the entry goes, in milliseconds since 1970-01-01 UTC; undefined for never. */
  readonly expiresAt: number | undefined
  /** Differs after each write of the key, by any process. For compareAndSet(). */
  readonly version: number
  /** The groups that the entry belongs to. */
  readonly tags: readonly string[]
  /** Length of the serialized value in bytes. */
  readonly sizeBytes: number
}

/** Which entries to walk, and how. All bounds count together. */
export interface Range<K> {
  /** Only keys after this one. */
  readonly gt?: K | undefined
  /** Only this key and those after it. */
  readonly gte?: K | undefined
  /** Only keys before this one. */
  readonly lt?: K | undefined
  /** Only this key and those before it. */
  readonly lte?: K | undefined
  /** Only keys that start with this. */
  readonly prefix?: string | undefined
  /** At most so many. */
  readonly limit?: number | undefined
  /** From the last to the first. @default false */
  readonly reverse?: boolean | undefined
  /**
   * `'key'`: by the bytes of the keys, streaming. `'insertion'`: as a Map, which collects the keys of
   * the range first. @default 'key'
   */
  readonly order?: 'key' | 'insertion' | undefined
}

/** Which keys to watch. */
export type WatchRange<K> = Omit<Range<K>, 'limit' | 'reverse' | 'order'>

/** Options of watch(). */
export interface WatchOptions {
  /** Ends the watch when it is aborted. */
  readonly signal?: AbortSignal | undefined
}

/** What a dict can tell of itself and its store. */
export interface DictStats {
  /** The store's one-word name, such as `lmdb`. */
  readonly store: string
  /** Where the store is: a path, a name or an address, without secrets. */
  readonly location: string
  /** What the store takes: bytes on disk, or in memory for the memory store. */
  readonly sizeBytes: number
  /** Reads answered by the read cache, since the dict's store was opened in this thread. */
  readonly hits: number
  /** Reads that went to the store. */
  readonly misses: number
  /** Commits of this thread, since the store was opened in it. */
  readonly commits: number
  /** Commits that failed; what they held was kept and tried again. */
  readonly failedCommits: number
  /** Events of `'error'` so far: failures that no call could report, heard or not. */
  readonly errors: number
  /** Writes that no commit has taken yet. */
  readonly pendingWrites: number
  /** What the read cache holds, in entries and in bytes. */
  readonly cache: { readonly entries: number; readonly sizeBytes: number }
  /** Figures of the store's engine, by name. */
  readonly engine: Readonly<Record<string, number>>
}
