/** What can be asked of memoize() and memoizeMany(), and what they return. */
import type { Awaitable } from '../leases/lease-table.js'
import type { ComputeHost } from './compute-host.js'
import type { ComputeContext, GetOrSetOptions } from './compute-options.js'

/** How the key of a call is made. */
export interface MemoizeKeyOptions {
  /**
   * Names the function. Functions with one name share their values. @default the function's own name
   */
  readonly name?: string | undefined
  /** Change it when the function changes: values of other versions are not found. @default none */
  readonly version?: string | number | undefined
  /** Properties of the arguments that make no difference: `'signal'`, `'options.headers'`. */
  readonly ignore?: readonly string[] | undefined
}

/** Options of memoize(): those of getOrSet(), and how keys are made. */
export interface MemoizeOptions<A extends readonly unknown[] = readonly unknown[], R = unknown>
  extends MemoizeKeyOptions,
    Omit<GetOrSetOptions<R>, 'signal' | 'refresh'> {
  /**
   * Makes the part of the key that the arguments are, if they cannot be compared by content or should
   * not be. Anything that memoize() accepts as an argument.
   */
  readonly key?: ((...args: A) => unknown) | undefined
}

/** Options of memoizeMany(). */
export interface MemoizeManyOptions<T = unknown, R = unknown>
  extends MemoizeKeyOptions,
    Pick<GetOrSetOptions<R>, 'ttl' | 'tags' | 'jitter' | 'shouldStore' | 'lease'> {
  /** As in MemoizeOptions, for one item. */
  readonly key?: ((item: T) => unknown) | undefined
  /** At most so many items in one call of the function. @default 100 */
  readonly batchSize?: number | undefined
}

/** How a key came about. */
export interface MemoizeExplanation {
  /** The name of the function. */
  readonly name: string
  /** The version of the function; undefined if it has none. */
  readonly version: string | number | undefined
  /** The key in the namespace of the function. */
  readonly key: string
  /** What counts of the arguments: where it is, its type, and the value in short. */
  readonly parts: readonly { readonly path: string; readonly type: string; readonly text: string }[]
  /** The paths that were there, and ignored. */
  readonly ignored: readonly string[]
}

/** Counts since memoize() was called, in this process. */
export interface MemoizeStats {
  /** Calls, or items of calls, whose value was there. */
  readonly hits: number
  /** Those that had to wait for a value. */
  readonly misses: number
  /** Calls of the function itself. */
  readonly calls: number
  /** Calls that rejected. */
  readonly errors: number
}

/** A function whose values are kept. */
export interface Memoized<A extends readonly unknown[], R> {
  /** The value for these arguments, computed if it is not there. */
  (...args: A): Promise<R>
  /** Forgets the value of these arguments; false if there was none. */
  invalidate(...args: A): Awaitable<boolean>
  /** The value of these arguments if it is there, without computing; else undefined. */
  peek(...args: A): Awaitable<R | undefined>
  /** Forgets all values of this name that were stored with one of the tags (option `tags`). */
  invalidateTag(...tags: string[]): Awaitable<void>
  /** Forgets all values of this name, of all versions. */
  clear(): Awaitable<void>
  /** The key of these arguments, and what it is made of. Computes nothing. */
  explain(...args: A): MemoizeExplanation
  /** Counts since the function was memoized, in this process. */
  stats(): MemoizeStats
}

/** A function of many items whose values are kept, item by item. */
export interface MemoizedMany<T, R> {
  /** The values of the items, in their order; the missing ones are computed. */
  (items: Iterable<T>, options?: { readonly signal?: AbortSignal | undefined }): Promise<R[]>
  /** Forgets the values of these items; returns how many there were. */
  invalidate(items: Iterable<T>): Awaitable<number>
  /** The values that are there, in the order of the items, without computing. */
  peek(items: Iterable<T>): Awaitable<(R | undefined)[]>
  /** Forgets all values of this name that were stored with one of the tags (option `tags`). */
  invalidateTag(...tags: string[]): Awaitable<void>
  /** Forgets all values of this name, of all versions. */
  clear(): Awaitable<void>
  /** The key of this item, and what it is made of. Computes nothing. */
  explain(item: T): MemoizeExplanation
  /** Counts since the function was memoized, in this process. */
  stats(): MemoizeStats
}

/** What the function of memoizeMany() is given besides the items. */
export interface ManyContext {
  /** Aborted when the call is, or when somebody else computes instead. */
  readonly signal: AbortSignal
}

/** Where the values of memoized functions are kept: the parts of a dict that are needed for it. */
export interface MemoizeTarget {
  readonly host: ComputeHost
  getOrSet(
    key: string,
    fn: (context: ComputeContext<string, unknown>) => unknown,
    options: GetOrSetOptions,
  ): Promise<unknown>
  get(key: string): Awaitable<unknown>
  getMany(keys: readonly string[]): Awaitable<unknown[]>
  deleteMany(keys: readonly string[]): Awaitable<number>
  invalidateTag(...tags: string[]): Awaitable<void>
  clear(): Awaitable<void>
}
