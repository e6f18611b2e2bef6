/**
 * Which copies may be served: the number of each in the near tier, as it was when it was read from the
 * far one. Only in memory: a copy that somebody else has kept, who may have missed a change, has none.
 *
 * Copies that are outdated are not valid from then on, and dropped from the near tier once a turn.
 */
import { latin1Of } from '../../bytes.js'
import type { Clock } from '../../clock.js'
import type { NearTier } from './near-tier.js'

/** Copies beyond these are asked for once more. */
const MAX_COPIES = 100_000

export class ValidCopies {
  readonly #near: NearTier
  readonly #onError: (error: unknown) => void
  readonly #clock: Clock
  readonly #numbers = new Map<string, number>()
  #outdated: { readonly bucket: string; readonly key: Uint8Array }[] = []
  #isClosed = false

  constructor(near: NearTier, onError: (error: unknown) => void, clock: Clock) {
    this.#near = near
    this.#onError = onError
    this.#clock = clock
  }

  /** The number of the copy that may be served. */
  get(bucket: string, key: Uint8Array): number | undefined {
    return this.#numbers.get(idOf(bucket, key))
  }

  add(bucket: string, key: Uint8Array, number: number): void {
    this.#numbers.set(idOf(bucket, key), number)
    if (this.#numbers.size <= MAX_COPIES) return
    const [oldest] = this.#numbers.keys()
    this.#numbers.delete(oldest as string)
  }

  /** The row has changed. */
  outdate(bucket: string, key: Uint8Array): void {
    this.#numbers.delete(idOf(bucket, key))
    this.#outdated.push({ bucket, key })
    // Not in here: it is a call of the far tier, and many may come at once.
    if (this.#outdated.length === 1) this.#clock.endOfTurn(() => this.#drop())
  }

  /** Anything may have changed: none is valid, and none is dropped. */
  clear(): void {
    this.#numbers.clear()
  }

  close(): void {
    this.#isClosed = true
    this.#numbers.clear()
  }

  #drop(): void {
    const rows = this.#outdated
    this.#outdated = []
    if (this.#isClosed) return
    try {
      this.#near.drop(rows)
    } catch (error) {
      // They are not valid, dropped or not.
      this.#onError(error)
    }
  }
}

function idOf(bucket: string, key: Uint8Array): string {
  return `${JSON.stringify(bucket)}\n${latin1Of(key)}`
}
