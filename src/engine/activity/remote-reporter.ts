/**
 * The same as reporter.ts, over an AsyncStore. To look costs a command there, so nobody looks for
 * nothing: who asks changes a row, and the store tells of that. A look now and then is for what was
 * missed, and for stores that do not hear.
 */
import { equalBytes } from '../../bytes.js'
import { systemClock, type Timer } from '../../clock.js'
import type { Batch } from '../../store/async-store.js'
import type { RemoteEngine } from '../async/remote-engine.js'
import { META } from '../format-identity.js'
import { FRESH_MS, LOOK_MS, ownReport, reportKey, WANTED, wantedUntil } from './activity.js'
import { Sampling } from './sampling.js'

/** Looks that are left out while nobody is known to ask: where changes are heard, and elsewhere. */
const LEFT_OUT_HEARING = 59
const LEFT_OUT_DEAF = 1

export class RemoteReporter {
  readonly #engine: RemoteEngine
  readonly #onError: (error: unknown) => void
  readonly #sampling: Sampling
  readonly #stopHearing: () => void
  #looking: Timer
  /** Somebody may ask: the next look is not left out. */
  #isDue = true
  #leftOut = 0
  #written: Uint8Array | undefined
  /** The look under way. */
  #look: Promise<void> | undefined
  #isClosed = false

  constructor(engine: RemoteEngine, onError: (error: unknown) => void) {
    this.#engine = engine
    this.#onError = onError
    this.#sampling = new Sampling(engine.accesses)
    this.#stopHearing = engine.store.onInvalidate((bucket, key) => {
      if (key === undefined || (bucket === META && equalBytes(key, WANTED))) this.#isDue = true
    })
    this.#looking = this.#lookSoon()
  }

  /** Call before the store is closed. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#looking.cancel()
    this.#stopHearing()
    await this.#look
    await this.#end()
  }

  #lookSoon(): Timer {
    return systemClock.after(LOOK_MS, () => {
      if (this.#isIdle()) {
        this.#looking = this.#lookSoon()
        return
      }
      this.#look = this.#lookNow()
        .catch((error) => this.#onError(error))
        .finally(() => {
          if (!this.#isClosed) this.#looking = this.#lookSoon()
        })
    })
  }

  #isIdle(): boolean {
    if (this.#isDue || this.#written !== undefined) return false
    const most = this.#engine.store.hears ? LEFT_OUT_HEARING : LEFT_OUT_DEAF
    return this.#leftOut++ < most
  }

  async #lookNow(): Promise<void> {
    this.#isDue = false
    this.#leftOut = 0
    const until = wantedUntil(await this.#engine.common.get(META, WANTED))
    if (until <= systemClock.now()) {
      await this.#end()
      return
    }
    this.#sampling.begin()
    await this.#write()
  }

  async #end(): Promise<void> {
    this.#sampling.end()
    const key = this.#written
    this.#written = undefined
    if (key === undefined) return
    const operations = [{ kind: 'delete', bucket: META, key } as const]
    // A report that stays goes at its deadline.
    await this.#commit(operations).catch((error) => this.#onError(error))
  }

  async #write(): Promise<void> {
    const now = systemClock.now()
    const { counts, isSweeping } = this.#engine
    const report = ownReport(now, { ...counts, isSweeping, hottest: this.#sampling.take() })
    const key = reportKey(report)
    const record = Buffer.from(JSON.stringify(report))
    this.#written = key
    const deadline = now + FRESH_MS
    await this.#commit([{ kind: 'put', bucket: META, key, record, deadline }])
  }

  async #commit(operations: Batch['operations']): Promise<void> {
    await this.#engine.common.commit({ promise: 'committed', checks: [], operations })
  }
}
