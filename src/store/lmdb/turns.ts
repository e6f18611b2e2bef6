/**
 * Turns at the gate, among threads of one process.
 *
 * A thread that waits inside native code cannot be ended: were another thread to end the process while
 * it has the gate, both would wait for ever. So they take turns first, in shared memory, where a thread
 * that waits can be ended.
 */
import { systemClock } from '../../clock.js'

const FREE = 0
const TAKEN = 1

export class Turns {
  /** For the other thread. */
  readonly shared: SharedArrayBuffer
  readonly #cells: Int32Array
  #isKept = false

  constructor(shared = new SharedArrayBuffer(4)) {
    this.shared = shared
    this.#cells = new Int32Array(shared)
  }

  /** Waits for the turn. Returns false if it did not come in so long. */
  enter(limitMs: number): boolean {
    if (this.#isKept || this.#take()) return true
    const end = systemClock.monotonic() + limitMs
    do {
      const leftMs = end - systemClock.monotonic()
      if (leftMs <= 0) return false
      Atomics.wait(this.#cells, 0, TAKEN, leftMs)
    } while (!this.#take())
    return true
  }

  leave(): void {
    if (this.#isKept) return
    Atomics.store(this.#cells, 0, FREE)
    Atomics.notify(this.#cells, 0)
  }

  #take(): boolean {
    return Atomics.compareExchange(this.#cells, 0, FREE, TAKEN) === FREE
  }

  /** Inside: never leaves. The other thread waits until it is ended. */
  keep(): void {
    this.#isKept = true
  }
}
