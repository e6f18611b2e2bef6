/**
 * A mutex between processes and threads, which survives the death of its holder.
 *
 * Opening an LMDB environment, in lmdb 3.5.6, sets the shared id of the last transaction back to what
 * the opener read a moment before (ITS#9496): a commit in between is undone for everybody. So open,
 * close and every write transaction of the data environment happen inside this gate.
 *
 * The gate is an LMDB environment of its own, to which nothing is ever written: its id stays put, so
 * the defect cannot hurt it. An empty write transaction is the lock: its robust mutex is handed on by
 * the kernel when a holder dies.
 */
import { StoreError } from '../../errors/store-errors.js'
import { loadNative, type NativeEnvironment } from './native.js'
import { Turns } from './turns.js'

const NO_SUBDIRECTORY = 0x4000
const NO_SYNC = 0x10000
/** lmdb-js: commit on the calling thread. */
const SYNCHRONOUS = 2

export const GATE_FLAGS = NO_SUBDIRECTORY | NO_SYNC
export const GATE_OPTIONS = Object.freeze({ maxDbs: 1, mapSize: 1 << 20, maxReaders: 8 })
/** The native layer writes keys here; the gate has none. It must outlive the environment. */
export const GATE_KEY_BYTES = 4096

export class Gate {
  /** With a thread that this one may end, or that may end this one; see turns.ts. */
  #turns: Turns | undefined
  readonly #env: NativeEnvironment
  readonly #keyBytes = Buffer.allocUnsafeSlow(GATE_KEY_BYTES)
  #held = false

  /** Opens the gate's file, making it if need be. */
  constructor(file: string, turns?: Turns) {
    this.#turns = turns
    const { nativeAddon } = loadNative()
    this.#env = new nativeAddon.Env()
    this.#env.open({ path: file, keyBytes: this.#keyBytes, ...GATE_OPTIONS }, GATE_FLAGS, 0)
  }

  /** Runs `fn` while no other thread or process is inside. Inside already, it just runs. */
  within<T>(fn: () => T): T {
    if (this.#held) return fn()
    // They may begin to take turns inside: then this one has none to end.
    const turns = this.#turns
    turns?.enter()
    this.#enter(turns)
    try {
      return fn()
    } finally {
      this.#held = false
      this.#env.commitTxn()
      turns?.leave()
    }
  }

  /** From now on this thread takes turns with another. */
  takeTurns(): SharedArrayBuffer {
    this.#turns ??= new Turns()
    return this.#turns.shared
  }

  /** Inside, never gives the turn back to the other thread. Returns whether it was inside. */
  keepTurn(): boolean {
    if (this.#held) this.#turns?.keep()
    return this.#held
  }

  close(): void {
    this.#env.close()
  }

  #enter(turns: Turns | undefined): void {
    this.#env.beginTxn(SYNCHRONOUS)
    // beginTxn does not report failure. Without a transaction there is no lock, and no commit to undo it.
    if (this.#env.getWriteTxnId() === 0) {
      this.#env.abortTxn()
      turns?.leave()
      throw new StoreError(
        'The gate of the store could not be entered. Close the dict and open it again.',
      )
    }
    this.#held = true
  }
}
