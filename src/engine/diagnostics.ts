/**
 * Events for tracing and monitoring, by node:diagnostics_channel. docs/diagnostics.md describes them.
 *
 * Nothing is made or collected while a channel has no subscriber. Reads are too quick to ask even
 * that: whether anybody wants to hear of them is looked at with each commit and once a second.
 */
import { channel } from 'node:diagnostics_channel'
import { systemClock, type Timer } from '../clock.js'
import type { KeySpace } from '../keys/key-space.js'
import type { AccessObserver } from './access-marks.js'
import type { Change } from './change.js'
import type { CommitHook } from './commit-hooks.js'
import type { Engine } from './engine.js'
import type { Entry } from './entry.js'

const GET = channel('persistdict:get')
const SET = channel('persistdict:set')
const COMPUTE = channel('persistdict:compute')
const SWEEP = channel('persistdict:sweep')

const LOOK_MS = 1_000

/** What is published of an entry that was read or set. */
export interface EntryMessage {
  /** Where the store is. */
  readonly location: string
  /** The names of the entry's namespace from the root down; empty for the root. */
  readonly namespace: readonly string[]
  /** The key of the entry, as a string. */
  readonly key: string
  /** The version that the entry has, or has got. */
  readonly version: number
  /** Length of the serialized value in bytes. */
  readonly sizeBytes: number
  /** Milliseconds since 1970-01-01 UTC; 0 for never. */
  readonly expiresAt: number
}

/** What is published when a value was computed, or could not be. */
export interface ComputeMessage {
  /** The key whose value was computed. */
  readonly key: string
  /** How long the function took, in milliseconds. */
  readonly tookMs: number
  /** What the function threw; undefined if it succeeded. */
  readonly error: unknown
}

/** What is published of each step of the sweeper. */
export interface SweepMessage {
  /** Where the store is. */
  readonly location: string
  /** Entries removed in this step. */
  readonly removed: number
  /** How long the step took, in milliseconds. */
  readonly tookMs: number
}

/** Tells of a computation; `error` is undefined if it succeeded. */
export function publishCompute(key: string, tookMs: number, error: unknown): void {
  if (!COMPUTE.hasSubscribers) return
  const message: ComputeMessage = { key, tookMs, error }
  COMPUTE.publish(message)
}

export function publishSweep(message: SweepMessage): void {
  if (SWEEP.hasSubscribers) SWEEP.publish(message)
}

export class Diagnostics implements CommitHook, AccessObserver {
  readonly everyRead = true
  readonly #engine: Engine
  #stopNoticing: (() => void) | undefined
  #timer: Timer | undefined

  constructor(engine: Engine) {
    this.#engine = engine
    engine.hooks.add(this)
    this.#look()
  }

  wantsChanges(): boolean {
    this.#attend()
    return SET.hasSubscribers
  }

  committed(changes: readonly Change[]): void {
    if (!SET.hasSubscribers) return
    for (const { kind, space, key, entry } of changes) {
      if (kind === 'set' && entry !== undefined) SET.publish(this.#message(space, key, entry))
    }
  }

  accessed(space: KeySpace, key: string, entry: Entry): void {
    GET.publish(this.#message(space, key, entry))
  }

  close(): void {
    this.#timer?.cancel()
    this.#stopNoticing?.()
  }

  #look(): void {
    this.#attend()
    // The machine's clock: a dict whose clock is a test's would look a million times in a month of it.
    this.#timer = systemClock.after(LOOK_MS, () => this.#look())
  }

  #attend(): void {
    if (GET.hasSubscribers) this.#stopNoticing ??= this.#engine.accesses.add(this)
    else this.#stopNoticing = void this.#stopNoticing?.()
  }

  #message(space: KeySpace, key: string, entry: Entry): EntryMessage {
    const { version, sizeBytes, expiresAt } = entry
    const { location } = this.#engine.store
    return { location, namespace: space.path, key, version, sizeBytes, expiresAt }
  }
}
