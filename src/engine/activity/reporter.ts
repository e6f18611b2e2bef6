/** Tells what this thread does with a store, while somebody wants to know: see activity.ts. */
import { threadId } from 'node:worker_threads'
import { systemClock, type Timer } from '../../clock.js'
import type { KeySpace } from '../../keys/key-space.js'
import { processIdentity } from '../../process-identity.js'
import type { AccessObserver } from '../access-marks.js'
import type { Engine } from '../engine.js'
import { META } from '../format-identity.js'
import { type ProcessReport, reportKey, WANTED, wantedUntil } from './activity.js'
import { HotKeys } from './hot-keys.js'

const LOOK_MS = 1_000
/**
 * While somebody wants to know, each entry's first read in so long is counted. All reads would be too
 * dear; and a key that is hot is read in most of these spans.
 */
const SAMPLE_MS = 20
const HOTTEST = 10

interface Read {
  readonly space: KeySpace
  readonly key: string
}

export class Reporter implements AccessObserver {
  readonly everyRead = false
  readonly #engine: Engine
  readonly #isSweeping: () => boolean
  readonly #onError: (error: unknown) => void
  #hot = new HotKeys<Read>()
  #stopCounting: (() => void) | undefined
  #looking: Timer
  #sampling: Timer | undefined
  #written: Uint8Array | undefined

  constructor(engine: Engine, isSweeping: () => boolean, onError: (error: unknown) => void) {
    this.#engine = engine
    this.#isSweeping = isSweeping
    this.#onError = onError
    this.#looking = this.#lookSoon()
  }

  accessed(space: KeySpace, key: string): void {
    this.#hot.count(space.idOf(key), { space, key })
  }

  /** Call before the store is closed. */
  close(): void {
    this.#looking.cancel()
    this.#end()
  }

  #lookSoon(): Timer {
    // The machine's clock: those who read the reports have no other.
    return systemClock.after(LOOK_MS, () => {
      try {
        this.#look()
      } catch (error) {
        this.#onError(error)
      }
      if (!this.#engine.isClosed) this.#looking = this.#lookSoon()
    })
  }

  #look(): void {
    if (this.#engine.isClosed) return
    const until = wantedUntil(this.#engine.store.get(META, WANTED))
    if (until <= systemClock.now()) {
      this.#end()
      return
    }
    this.#begin()
    this.#write()
  }

  #begin(): void {
    if (this.#stopCounting !== undefined) return
    this.#stopCounting = this.#engine.accesses.add(this)
    const sample = () => {
      this.#engine.accesses.renew()
      this.#sampling = systemClock.after(SAMPLE_MS, sample)
    }
    this.#sampling = systemClock.after(SAMPLE_MS, sample)
  }

  #end(): void {
    this.#sampling?.cancel()
    this.#stopCounting?.()
    this.#stopCounting = undefined
    this.#hot = new HotKeys()
    const key = this.#written
    this.#written = undefined
    if (key === undefined || this.#engine.isClosed) return
    try {
      this.#engine.store.transaction(this.#promise, (tx) => tx.delete(META, key))
    } catch (error) {
      // Whoever asks next removes it.
      this.#onError(error)
    }
  }

  #write(): void {
    const report = this.#report()
    const key = reportKey(report)
    const record = Buffer.from(JSON.stringify(report))
    this.#engine.store.transaction(this.#promise, (tx) => tx.put(META, key, record, 0))
    this.#written = key
    this.#hot.fade()
  }

  #report(): ProcessReport {
    const { counters, pendingWrites, cacheSize } = this.#engine
    return {
      ...processIdentity(),
      thread: threadId,
      at: systemClock.now(),
      ...counters,
      pendingWrites,
      cache: cacheSize,
      isSweeping: this.#isSweeping(),
      hottest: this.#hot.hottest(HOTTEST).map(({ item: { space, key }, count }) => ({
        namespace: space.path,
        key,
        reads: count,
      })),
    }
  }

  /** As the engine commits: to write less safely could damage what others wrote. */
  get #promise(): 'committed' | 'synced' {
    return this.#engine.durability === 'commit' ? 'committed' : 'synced'
  }
}
