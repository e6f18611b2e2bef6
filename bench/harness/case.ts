/** What a benchmark case says; how it is run and judged is the harness's matter. */
import type { Stage } from './stage.js'

/** One file of bench/cases, under the file's name. */
export interface BenchCase {
  /** What one operation is. */
  readonly what: string
  /** What is compared. @default 'time' */
  readonly unit?: Unit
  readonly goals?: readonly Goal[]
  /** What a reader must know to judge the figures, such as promises that differ. */
  readonly notes?: readonly string[]
  setUp(stage: Stage): Trial | Promise<Trial>
}

/** Nanoseconds, or bytes, per operation. */
export type Unit = 'time' | 'bytes'

/** What we want of the median: against a rival, or in itself. */
export type Goal =
  | { readonly rival: string; readonly ratioAtLeast: number }
  | { readonly rival: string; readonly extraAtMost: number }
  | { readonly costAtMost: number }

export interface Trial {
  /** Operations in a round. */
  readonly operations: number
  /** What every round of every side must return: it makes results escape, and proves them right. */
  readonly answer: number
  /** What every side must read back after a round; undefined for a key that must be absent. */
  readonly stored?: ReadonlyMap<string, unknown>
  /** More rounds would say nothing new. @default as many as the run has time for */
  readonly rounds?: number
  /** Ours first. */
  readonly sides: readonly Side[]
}

/** One contestant. Only `run` is timed. */
export interface Side {
  readonly name: string
  prepare?(): unknown
  run(): number | Promise<number>
  /** Ends what the round left behind, so that it cannot slow the next side. */
  settle?(): unknown
  /** What the round cost, where that is not its time. */
  cost?(): number
  read?(key: string): unknown
  close?(): unknown
}

/** How our side is called, in every case. */
export const OURS = 'persistdict'
