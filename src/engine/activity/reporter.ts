/** Tells what this thread does with a store, while somebody wants to know: see activity.ts. */
import { systemClock, type Timer } from '../../clock.js'
import type { Engine } from '../engine.js'
import { META } from '../format-identity.js'
import {
  LOOK_MS,
  ownReport,
  type ProcessReport,
  reportKey,
  WANTED,
  wantedUntil,
} from './activity.js'
import { Sampling } from './sampling.js'

export class Reporter {
  readonly #engine: Engine
  readonly #isSweeping: () => boolean
  readonly #onError: (error: unknown) => void
  readonly #sampling: Sampling
  #looking: Timer
  #written: Uint8Array | undefined

  constructor(engine: Engine, isSweeping: () => boolean, onError: (error: unknown) => void) {
    this.#engine = engine
    this.#isSweeping = isSweeping
    this.#onError = onError
    this.#sampling = new Sampling(engine.accesses)
    this.#looking = this.#lookSoon()
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
    this.#sampling.begin()
    this.#write()
  }

  #end(): void {
    this.#sampling.end()
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
  }

  #report(): ProcessReport {
    const { counters, pendingWrites, cacheSize } = this.#engine
    return ownReport(systemClock.now(), {
      ...counters,
      pendingWrites,
      cache: cacheSize,
      isSweeping: this.#isSweeping(),
      hottest: this.#sampling.take(),
    })
  }

  /** As the engine commits: to write less safely could damage what others wrote. */
  get #promise(): 'committed' | 'synced' {
    return this.#engine.durability === 'commit' ? 'committed' : 'synced'
  }
}
