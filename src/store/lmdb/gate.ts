/**
 * A mutex between processes and threads, which survives the death of its holder.
 *
 * Opening an LMDB environment, in lmdb 3.5.6, sets the shared id of the last transaction back to what
 * the opener read a moment before (ITS#9496): a commit in between is undone for everybody. So open,
 * close and every write transaction of the data environment happen inside this gate.
 *
 * The gate is an LMDB environment of its own, to which nothing is ever written: its id stays put, so
 * the defect cannot hurt it. An empty write transaction is the lock: its robust mutex is handed on by
 * the kernel when a holder dies. LMDB waits for it without a limit; so nobody goes there before it is
 * free, where that can be seen: see admission.ts.
 */
import { StoreBusyError, StoreError } from '../../errors/store-errors.js'
import { type Admission, admissionTo } from './admission.js'
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

/** Longer than any transaction that should be one; so short that somebody may still look what stands. */
const DEFAULT_BUSY_TIMEOUT_MS = 30_000

export interface GateOptions {
  /** What errors call the store. */
  readonly path: string
  /** How long to wait for others who are inside, in milliseconds. @default 30,000 */
  readonly busyTimeoutMs?: number | undefined
  /** Those of another thread, which may end this one. */
  readonly turns?: Turns | undefined
}

export class Gate {
  readonly busyTimeoutMs: number
  readonly #path: string
  /** With a thread that this one may end, or that may end this one; see turns.ts. */
  #turns: Turns | undefined
  readonly #env: NativeEnvironment
  readonly #keyBytes = Buffer.allocUnsafeSlow(GATE_KEY_BYTES)
  /** Undefined where others cannot be seen: there they are waited for inside LMDB. */
  #admission: Admission | undefined
  #held = false
  #closesAfter = false

  /** Opens the gate's file, making it if need be. */
  constructor(file: string, { path, busyTimeoutMs = DEFAULT_BUSY_TIMEOUT_MS, turns }: GateOptions) {
    this.#path = path
    this.busyTimeoutMs = busyTimeoutMs
    this.#turns = turns
    const { nativeAddon } = loadNative()
    this.#env = new nativeAddon.Env()
    this.#env.open({ path: file, keyBytes: this.#keyBytes, ...GATE_OPTIONS }, GATE_FLAGS, 0)
    this.#admission = admissionTo(`${file}-lock`)
  }

  /**
   * Runs `fn` while no other thread or process is inside. Inside already, it just runs. Throws
   * StoreBusyError if others stay inside for too long, and `fn` has not run.
   */
  within<T>(fn: () => T): T {
    if (this.#held) return fn()
    // They may begin to take turns inside: then this one has none to end.
    const turns = this.#turns
    this.#enter(turns)
    try {
      return fn()
    } finally {
      this.#held = false
      this.#env.commitTxn()
      this.#admission?.leave()
      turns?.leave()
      if (this.#closesAfter) this.close()
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

  /** Inside, it closes as soon as this thread has left. */
  close(): void {
    this.#closesAfter = this.#held
    if (this.#held) return
    // Touching its memory after the environment has closed would be fatal.
    this.#admission = undefined
    this.#env.close()
  }

  #enter(turns: Turns | undefined): void {
    if (turns?.enter(this.busyTimeoutMs) === false) {
      throw new StoreBusyError(this.#path, this.busyTimeoutMs)
    }
    try {
      this.#admission?.enter(this.#path, this.busyTimeoutMs)
    } catch (error) {
      turns?.leave()
      throw error
    }
    this.#env.beginTxn(SYNCHRONOUS)
    // beginTxn does not report failure. Without a transaction there is no lock, and no commit to undo it.
    if (this.#env.getWriteTxnId() === 0) {
      this.#env.abortTxn()
      this.#admission?.leave()
      turns?.leave()
      throw new StoreError(
        'The gate of the store could not be entered. Close the dict and open it again.',
      )
    }
    this.#held = true
    if (this.#admission?.isRight() === false) {
      this.#admission.leave()
      this.#admission = undefined
    }
  }
}
