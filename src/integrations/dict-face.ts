/**
 * What the adapters ask of a dict: that of PersistDict and of AsyncPersistDict alike, since whatever
 * comes back is awaited.
 */

import type { Duration } from '../duration.js'
import type { GetOrSetOptions } from '../engine/compute/compute-options.js'
import type { MemoizedMany, MemoizeManyOptions } from '../engine/compute/memoize-options.js'
import type { Awaitable } from '../engine/leases/lease-table.js'

/** A dict, as far as an adapter needs it: a PersistDict or an AsyncPersistDict of any shape. */
export interface DictFace {
  get(key: string): Awaitable<unknown>
  getMany(keys: Iterable<string>): Awaitable<unknown[]>
  has(key: string): Awaitable<boolean>
  hasMany(keys: Iterable<string>): Awaitable<boolean[]>
  set(key: string, value: unknown, options?: SetFace): unknown
  setMany(entries: Iterable<readonly [string, unknown]>, options?: SetFace): unknown
  delete(key: string): Awaitable<boolean>
  deleteMany(keys: Iterable<string>): Awaitable<number>
  keys(range?: { readonly prefix?: string }): Iterable<string> | AsyncIterable<string>
  entries(range?: {
    readonly prefix?: string
  }): Iterable<readonly [string, unknown]> | AsyncIterable<readonly [string, unknown]>
  clear(): unknown
  getOrSet(
    key: string,
    fn: (context: ComputeFace) => unknown,
    options?: GetOrSetOptions<never>,
  ): Promise<unknown>
  memoizeMany<T, R>(
    fn: (items: T[]) => PromiseLike<readonly R[]>,
    options: MemoizeManyOptions<T, R>,
  ): MemoizedMany<T, R>
  namespace(name: string): unknown
  /** Tells those who listen to `'error'` of a failure that no call reports. */
  reportError(error: unknown): void
}

/** The options of set() that adapters use. */
export interface SetFace {
  readonly ttl?: Duration | null | undefined
  readonly tags?: readonly string[] | undefined
}

/** What a computation is given, as far as adapters use it. */
export interface ComputeFace {
  readonly signal: AbortSignal
  skip(): void
}

/** A namespace of a dict, which has the shape that the adapter needs. */
export function within(dict: DictFace, name: string): DictFace {
  return dict.namespace(name) as DictFace
}
