/** What can be asked of getOrSet(): the same for synchronous and asynchronous dicts. */
import type { Duration } from '../../duration.js'

/** Options of getOrSet(). They are checked when a value has to be computed. */
export interface GetOrSetOptions<V = unknown> {
  /** How long the value is fresh. Null or Infinity: for ever. @default the dict's `ttl` */
  readonly ttl?: Duration | null | undefined
  /** Names of groups that the entry belongs to. */
  readonly tags?: readonly string[] | undefined
  /**
   * Shortens each ttl by a random part, up to this fraction of it, so that entries stored together do
   * not expire together. From 0 to 1. @default 0
   */
  readonly jitter?: number | undefined
  /**
   * For so long after its ttl the value is still served, while one process computes a new one in the
   * background. @default none
   */
  readonly staleWhileRevalidate?: Duration | undefined
  /** For so long after its ttl the value is still served if computing a new one fails. @default none */
  readonly grace?: Duration | undefined
  /** Within `grace`, the old value is served if the new one is not there after so long. @default none */
  readonly softTimeout?: Duration | undefined
  /**
   * How long this call waits; it then rejects with ComputeTimeoutError. The computation goes on, and
   * stores its value. @default for ever
   */
  readonly timeout?: Duration | undefined
  /**
   * Refreshes a fresh value in the background shortly before it expires: the sooner, the longer it took
   * to compute, at random. 1 is a good strength, more is sooner. After Vattani, Chierichetti and
   * Lowenstein, "Optimal Probabilistic Cache Stampede Prevention", VLDB 2015. @default off
   */
  readonly earlyRefresh?: number | undefined
  /** Whether a computed value is stored. What is not stored goes to those who wait for it here. */
  readonly shouldStore?: ((value: V) => boolean) | undefined
  /**
   * How long an error is kept and thrown to all who ask, in all processes, without computing again.
   * @default errors are not kept
   */
  readonly errorTtl?: Duration | undefined
  /**
   * How long the process that computes may be unreachable before another takes over. It renews this in
   * the background. @default '10s'
   */
  readonly lease?: Duration | undefined
  /**
   * Ends the wait of this call with the signal's reason. The computation ends only when nobody waits
   * for it any more.
   */
  readonly signal?: AbortSignal | undefined
  /** Compute anew although the value is fresh. Calls that run already are joined. @default false */
  readonly refresh?: boolean | undefined
}

/** What a computation is given. */
export interface ComputeContext<K = unknown, V = unknown> {
  /** The key whose value is wanted. */
  readonly key: K
  /** Aborted when nobody waits for the value any more, or when somebody else computes it instead. */
  readonly signal: AbortSignal
  /** The value that was there before, if it is kept; undefined if there is none. */
  readonly stale: V | undefined
  /** The value shall not be stored. */
  skip(): void
  /** Replaces options of the call, such as a ttl that the answer itself tells. */
  setOptions(
    options: Pick<GetOrSetOptions<V>, 'ttl' | 'tags' | 'grace' | 'staleWhileRevalidate'>,
  ): void
}
