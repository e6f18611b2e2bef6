/** What dicts need of the recipes, which are made elsewhere and know no dict. */
import type { ComputeHost } from '../engine/compute/compute-host.js'
import type { ComputeContext, GetOrSetOptions } from '../engine/compute/compute-options.js'
import type {
  ManyContext,
  Memoized,
  MemoizedMany,
  MemoizeManyOptions,
  MemoizeOptions,
  MemoizeTarget,
} from '../engine/compute/memoize-options.js'

/** A key as the user gave it, and as a string. */
export interface GivenKey {
  readonly given: unknown
  readonly text: string
}

export interface Recipes {
  getOrSet(
    host: ComputeHost,
    key: GivenKey,
    fn: (context: ComputeContext<never, never>) => unknown,
    options: GetOrSetOptions<never>,
  ): Promise<unknown>
  /** `target` finds the dict for a name: nobody else writes to it. */
  memoize<A extends readonly unknown[], R>(
    target: (name: string) => MemoizeTarget,
    fn: (...args: A) => R | PromiseLike<R>,
    options: MemoizeOptions<A, R>,
  ): Memoized<A, R>
  memoizeMany<T, R>(
    target: (name: string) => MemoizeTarget,
    fn: (items: T[], context: ManyContext) => readonly R[] | PromiseLike<readonly R[]>,
    options: MemoizeManyOptions<T, R>,
  ): MemoizedMany<T, R>
}
