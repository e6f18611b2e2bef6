/**
 * What an asynchronous dict asks of the engine behind it. There are two: one over the engine of a
 * synchronous store, with its cache and its pending writes; and one over an AsyncStore.
 */
import type { Clock } from '../../clock.js'
import type { ValueCodec } from '../../codec/value-codec.js'
import type { KeySpace } from '../../keys/key-space.js'
import type { CompactReport } from '../../store/sync-store.js'
import type { Activity } from '../activity/activity.js'
import type { Entry, ValueMode } from '../entry.js'
import type { EntryRange, Wanted } from '../entry-range.js'
import type { RotationOptions, RotationReport } from '../resealing.js'
import type { VerifyReport } from '../upkeep/finding.js'
import type { QuarantinedRecord } from '../upkeep/quarantine.js'
import type { VerifyOptions } from '../upkeep/verify.js'
import type { Write } from '../write.js'

/** A write whose deadline may be the one that the entry has. */
export interface AsyncWrite {
  readonly write: Write
  readonly keepsDeadline: boolean
}

/** What is to happen to a key, and what the caller gets. */
export interface Decision<T> {
  readonly write: Write | undefined
  readonly result: T
}

/**
 * Decides by the live entry of a key, which is whole, or undefined. May be asked again if somebody
 * changed the key meanwhile. An immediate answer is more likely to be the only one.
 */
export type Decide<T> = (entry: Entry | undefined) => Decision<T> | Promise<Decision<T>>

/** What an engine can tell of itself and its store. */
export interface AsyncEngineStats {
  readonly store: string
  readonly location: string
  readonly sizeBytes: number
  readonly hits: number
  readonly misses: number
  readonly commits: number
  readonly failedCommits: number
  readonly pendingWrites: number
  readonly cache: { readonly entries: number; readonly sizeBytes: number }
  readonly engine: Readonly<Record<string, number>>
}

/** What was moved out of the way because it could not be read. */
export interface AsyncQuarantineRows {
  /** Oldest first. */
  records(): AsyncGenerator<QuarantinedRecord, undefined>
  count(): Promise<number>
  /** Puts back what can be read after all; resolves to how many. */
  restore(): Promise<number>
  discard(): Promise<number>
}

/** Looking after a whole store. */
export interface AsyncUpkeep {
  readonly quarantine: AsyncQuarantineRows
  verify(options: VerifyOptions): Promise<VerifyReport>
  /** What those who share the store do. */
  activity(): Promise<Activity>
  rotateKeys(options: RotationOptions): Promise<RotationReport>
  /** Rejects with UnsupportedError for stores that cannot. */
  compact(): Promise<CompactReport>
}

/** When entries were last read or written, coarsely. */
export interface AccessLog {
  /** When a key was last accessed; undefined if nobody knows. */
  of(space: KeySpace, key: string): number | undefined | Promise<number | undefined>
  /** A key was last accessed then, whatever is known. */
  wasRead(space: KeySpace, key: string, at: number): void
}

export interface AsyncEngine {
  /** Undefined without `maxIdle`. */
  readonly accessTimes: AccessLog | undefined
  readonly upkeep: AsyncUpkeep
  readonly codec: ValueCodec
  readonly clock: Clock
  /** The keys of a namespace. */
  space(path: readonly string[]): KeySpace
  /** The live value of a key, or undefined. */
  value(space: KeySpace, key: string, mode: ValueMode): Promise<unknown>
  /** The live entry of a key, or undefined. */
  entry(space: KeySpace, key: string, mode: ValueMode): Promise<Entry | undefined>
  /**
   * The entry of a key for whoever computes it anew, which is whole: expired ones are shown as long as
   * their grace lasts. Undefined if there is none.
   */
  kept(space: KeySpace, key: string): Promise<Entry | undefined>
  /** The live values of several keys, in their order, as of one moment. */
  values(space: KeySpace, keys: readonly string[], mode: ValueMode): Promise<unknown[]>
  /** Which of several keys are there, in their order, as of one moment. */
  has(space: KeySpace, keys: readonly string[]): Promise<boolean[]>
  /** Takes writes of one namespace in, all or none of them; the last one of each key counts. */
  write(space: KeySpace, writes: readonly AsyncWrite[]): Promise<void>
  /** Removes keys, all or none; resolves to how many were there. */
  delete(space: KeySpace, keys: readonly string[]): Promise<number>
  clear(space: KeySpace): Promise<void>
  /** Invalidates all entries of a namespace that have one of the tags. */
  invalidate(space: KeySpace, tags: readonly string[]): Promise<void>
  /** Decides about a key and does so, as if nothing happened in between. Rejects with ContentionError. */
  change<T>(space: KeySpace, key: string, decide: Decide<T>): Promise<T>
  /** The live entries of a range, one by one, in steps that hold nothing. */
  scan(space: KeySpace, range: EntryRange, wanted: Wanted): AsyncGenerator<Entry, undefined>
  /** How many live entries a namespace has. */
  size(space: KeySpace): Promise<number>
  /** Removes expired rows of all namespaces; resolves to how many. */
  sweep(): Promise<number>
  /** The paths of all namespaces that hold entries. */
  namespaces(): AsyncGenerator<readonly string[], undefined>
  flush(): Promise<void>
  stats(): Promise<AsyncEngineStats>
  clearCache(): void
}
