/**
 * Hears of commits by any thread or process, without asking all the time.
 *
 * A commit writes its pages to the data file, then the meta page, and then publishes its id in the
 * lock file. The kernel tells of the writes (inotify), and so a moment before readers see the commit:
 * while the newest id in the file is ahead of the published one, the watch looks again.
 *
 * Where the kernel cannot tell (no watches left, another system), it looks now and then.
 */
import { type FSWatcher, watch } from 'node:fs'
import { type Clock, systemClock, type Timer } from '../clock.js'
import { type CommitListener, CommitListeners } from './commit-listeners.js'

/** What is watched. */
export interface CommitSource {
  /** Where it is now: after it has moved, restart(). */
  readonly file: string
  /** The change id that readers see. */
  published(): number
  /** The newest id in the file: ahead of the published one while a commit is about to end. */
  written(): number
}

/** A commit that is written is published within microseconds, unless its process is stopped there. */
const SOONEST_LOOK_MS = 1
const LATEST_LOOK_MS = 100
/** How often to look where the kernel does not tell. */
const POLL_MS = 50
/** The kernel drops events when its queue overflows: nobody must wait for ever then. */
const SAFETY_LOOK_MS = 1_000

export class CommitWatch {
  readonly #source: CommitSource
  readonly #clock: Clock
  readonly #listeners: CommitListeners
  #watcher: FSWatcher | undefined
  #timer: Timer | undefined
  #delayMs = SOONEST_LOOK_MS
  /** The change id of which the listeners know. */
  #told = 0

  constructor(source: CommitSource, clock: Clock = systemClock) {
    this.#source = source
    this.#clock = clock
    this.#listeners = new CommitListeners(clock)
  }

  /** Calls the listener soon after each commit from now on. Returns how to stop. */
  add(listener: CommitListener): () => void {
    const told = this.#listeners.isEmpty ? this.#source.published() : this.#told
    const remove = this.#listeners.add(listener)
    this.#told = told
    if (this.#timer === undefined) this.#start()
    return () => {
      remove()
      if (this.#listeners.isEmpty) this.close()
    }
  }

  /** Something may have been committed. */
  look(): void {
    if (this.#listeners.isEmpty) return
    this.#timer?.cancel()
    this.#timer = this.#clock.after(this.#lookNow(), () => this.look())
  }

  /** The source has another file now. */
  restart(): void {
    if (this.#listeners.isEmpty) return
    this.#watcher?.close()
    this.#start()
  }

  close(): void {
    this.#listeners.clear()
    this.#watcher?.close()
    this.#timer?.cancel()
    this.#watcher = undefined
    this.#timer = undefined
  }

  /** Returns when to look again, in milliseconds. */
  #lookNow(): number {
    const restMs = this.#watcher === undefined ? POLL_MS : SAFETY_LOOK_MS
    try {
      const id = this.#source.published()
      if (id !== this.#told) {
        this.#told = id
        this.#delayMs = SOONEST_LOOK_MS
        this.#listeners.announce()
      }
      if (this.#source.written() === id) return restMs
    } catch {
      // Whoever listens will use the store and get this failure from it, where it can be handled.
      this.#listeners.announce()
      return restMs
    }
    const delayMs = this.#delayMs
    this.#delayMs = Math.min(delayMs * 2, LATEST_LOOK_MS)
    return delayMs
  }

  #start(): void {
    this.#watcher = this.#watchFile()
    this.look()
  }

  #watchFile(): FSWatcher | undefined {
    try {
      const watcher = watch(this.#source.file, { persistent: false }, () => this.look())
      watcher.on('error', () => {
        if (this.#watcher !== watcher) return
        this.#watcher = undefined
        watcher.close()
        this.look()
      })
      return watcher
    } catch {
      // No watches left, or none on this system: the poll serves.
      return undefined
    }
  }
}
