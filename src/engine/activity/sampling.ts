/** Which keys are read here, by samples: while somebody wants to know. */
import { systemClock, type Timer } from '../../clock.js'
import type { KeySpace } from '../../keys/key-space.js'
import type { AccessMarks, AccessObserver } from '../access-marks.js'
import type { HotKey } from './activity.js'
import { HotKeys } from './hot-keys.js'

/**
 * Each entry's first read in so long is counted. All reads would be too dear; and a key that is hot is
 * read in most of these spans.
 */
const SAMPLE_MS = 20
const HOTTEST = 10

interface Read {
  readonly space: KeySpace
  readonly key: string
}

export class Sampling implements AccessObserver {
  readonly everyRead = false
  readonly #accesses: AccessMarks
  #hot = new HotKeys<Read>()
  #stopCounting: (() => void) | undefined
  #timer: Timer | undefined

  constructor(accesses: AccessMarks) {
    this.#accesses = accesses
  }

  accessed(space: KeySpace, key: string): void {
    this.#hot.count(space.idOf(key), { space, key })
  }

  /** Counts from now on, if it does not yet. */
  begin(): void {
    if (this.#stopCounting !== undefined) return
    this.#stopCounting = this.#accesses.add(this)
    const sample = () => {
      this.#accesses.renew()
      this.#timer = systemClock.after(SAMPLE_MS, sample)
    }
    this.#timer = systemClock.after(SAMPLE_MS, sample)
  }

  end(): void {
    this.#timer?.cancel()
    this.#stopCounting?.()
    this.#stopCounting = undefined
    this.#hot = new HotKeys()
  }

  /** The hottest keys. What was long ago counts less the next time. */
  take(): readonly HotKey[] {
    const hottest = this.#hot.hottest(HOTTEST)
    const keys = hottest.map(({ item: { space, key }, count }) => ({
      namespace: space.path,
      key,
      reads: count,
    }))
    this.#hot.fade()
    return keys
  }
}
