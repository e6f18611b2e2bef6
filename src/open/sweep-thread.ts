/**
 * Sweeping in a thread of its own, where much is due: each step ends with a disk sync, for which the event
 * loop of whoever opened the dict should not wait. See docs/decisions/0030.
 *
 * The thread opens the store as another process would, sweeps until nothing is due, and ends. It must not
 * be ended inside native code, where it may hold a lock: so it is asked to stop, and waited for.
 */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isMainThread, Worker } from 'node:worker_threads'
import { publishSweep, type SweepMessage } from '../engine/diagnostics.js'
import { ROWS } from '../engine/row.js'
import type { SweepHelper } from '../engine/sweep-work.js'
import { LmdbStore } from '../store/lmdb/lmdb-store.js'
import type { SyncStore } from '../store/sync-store.js'
import type { OpenOptions } from './open-options.js'

/** What can be sent to another thread, so that it opens the same store. */
export interface Elsewhere {
  readonly store: LmdbStore
  readonly options: OpenOptions
  /** The file that the thread runs. */
  readonly code: URL
}

/** What the thread is given. */
export interface SweepOrder {
  readonly path: string
  readonly options: OpenOptions
  readonly turns: SharedArrayBuffer
  readonly busyTimeoutMs: number
  readonly control: SharedArrayBuffer
}

/** The cells of `control`: what the thread does, and whether it should stop. */
export const PHASE = 0
export const STOP = 1
/** What the thread does. It touches the store only while it is WORKING. */
export const BOOTING = 0
export const WORKING = 1
export const OVER = 2

/** Where so much is due, each step would hold up the event loop for as long as the disk takes. */
const MUCH = 1_000

/** More than any step may take. A thread that has ended without a word is not waited for any longer. */
const LONGEST_STOP_MS = 10_000

/**
 * How another thread, which runs `code`, may open this store; undefined if it cannot, or need not: without disk syncs a step
 * takes few milliseconds. In a worker there is none: who terminates that would end it at any instant.
 */
export function elsewhere(
  store: SyncStore,
  options: OpenOptions,
  code: URL,
): Elsewhere | undefined {
  const { serializer, keySizeLimit, digestBytes, compress, maxValueBytes, maxIdle, maxAge } =
    options
  const { durability, cipher, keyHash, keySerializer, types, clock } = options
  const isPlain = [cipher, keyHash, keySerializer, types, clock].every((one) => one === undefined)
  const areNames = [serializer, compress].every((one) => typeof (one ?? '') === 'string')
  if (!isPlain || !areNames || durability === 'commit') return undefined
  if (!isMainThread || !(store instanceof LmdbStore) || !hasFile(code)) return undefined
  const sent = { serializer, keySizeLimit, digestBytes, compress, maxValueBytes, maxIdle, maxAge }
  return { store, options: { ...sent, durability, background: 'disabled' }, code }
}

/** A bundle has none: then this thread sweeps, as ever. */
function hasFile(code: URL): boolean {
  return code.protocol === 'file:' && existsSync(fileURLToPath(code))
}

export class SweepThread implements SweepHelper {
  readonly #elsewhere: Elsewhere
  readonly #onError: (error: unknown) => void
  #running: { readonly worker: Worker; readonly cells: Int32Array } | undefined
  #hasFailed = false

  constructor(elsewhere: Elsewhere, onError: (error: unknown) => void) {
    this.#elsewhere = elsewhere
    this.#onError = onError
  }

  get isWorking(): boolean {
    return this.#running !== undefined
  }

  /** Starts it. Once it has failed, it is left to this thread, whose failures are told one by one. */
  start(latest: number): boolean {
    const { store, options, code } = this.#elsewhere
    if (this.#hasFailed || !store.hasDue(ROWS, latest, MUCH)) return false
    const control = new SharedArrayBuffer(8)
    const { location: path, busyTimeoutMs } = store
    const order: SweepOrder = { path, options, turns: store.takeTurns(), busyTimeoutMs, control }
    const worker = new Worker(code, { workerData: order, execArgv: [] })
    worker.unref()
    const running = { worker, cells: new Int32Array(control) }
    this.#running = running
    worker.on('message', (message: SweepMessage) => publishSweep(message))
    worker.on('error', (error) => {
      this.#hasFailed = true
      this.#onError(error)
    })
    worker.on('exit', () => {
      if (this.#running === running) this.#running = undefined
    })
    return true
  }

  /** Returns when it touches the store no more. */
  stop(): void {
    if (this.#running === undefined) return
    const { cells } = this.#running
    this.#running = undefined
    Atomics.store(cells, STOP, 1)
    Atomics.notify(cells, STOP)
    if (Atomics.compareExchange(cells, PHASE, BOOTING, OVER) === BOOTING) return
    // process.exit() inside a transaction: it would wait for its turn, and never gets it.
    if (this.#elsewhere.store.keepTurn()) return
    Atomics.wait(cells, PHASE, WORKING, LONGEST_STOP_MS)
  }
}
