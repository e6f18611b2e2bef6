/**
 * A synchronous copy of an asynchronous dict, kept alike in the background.
 *
 * Each side numbers its writes. For each key the mirror remembers the versions of both sides at which
 * they agreed: whichever side has another one now has changed. If both have, ours is sent.
 */
import { type Clock, systemClock, type Timer } from '../clock.js'
import type { AsyncPersistDict } from '../dict/async-persist-dict.js'
import { isSameEntry } from '../dict/copy/same-entry.js'
import type { KeyOf } from '../dict/face.js'
import type { PersistDict } from '../dict/persist-dict.js'
import { Listeners } from '../engine/listeners.js'
import { OptionError } from '../errors/option-error.js'
import { refuseUnknown } from '../errors/unknown-option.js'
import { memoryStore } from '../store/memory.js'
import { open } from './open.js'

/** Options of mirror(). */
export interface MirrorOptions {
  /** How often to look for changes by others, in milliseconds. @default 1,000 */
  readonly refreshMs?: number | undefined
}

const DEFAULT_REFRESH_MS = 1_000

/** Versions at which both sides had the same entry. */
interface Agreement {
  readonly here: number
  readonly there: number
}

/** A copy in memory, and the object view of it. */
export class Mirror<S extends object> {
  /** The copy: a synchronous dict in the memory of this process. Closing the mirror closes it. */
  readonly dict: PersistDict<S>
  readonly #far: AsyncPersistDict<S>
  readonly #refreshMs: number
  readonly #clock: Clock
  readonly #agreed = new Map<string, Agreement>()
  readonly #errors = new Listeners<unknown>()
  readonly #stop: () => void
  #running: Promise<void> | undefined
  #timer: Timer | undefined
  #isClosed = false

  /** Mirrors are made by mirror(). */
  constructor(far: AsyncPersistDict<S>, refreshMs: number, clock: Clock) {
    const store = memoryStore()
    this.dict = open<S>(store)
    this.#far = far
    this.#refreshMs = refreshMs
    this.#clock = clock
    this.#stop = store.onCommit(() => this.#runSoon(0))
    this.#runSoon(refreshMs)
  }

  /** The copy as a plain object. Changes are sent in the background. */
  get object(): { [P in KeyOf<S>]?: S[P] } {
    return this.dict.object
  }

  /** Hears of failures in the background; what failed is tried again. Returns how to stop. */
  onError(listener: (error: unknown) => void): () => void {
    const subscription = this.#errors.add(listener)
    return () => subscription.unsubscribe()
  }

  /**
   * Sends what was changed here until now, and takes over what was changed there. Rejects with what
   * the asynchronous dict throws; nothing is forgotten by that.
   */
  async sync(): Promise<void> {
    // One that is under way may have passed by what was changed since.
    await this.#running?.catch(() => {})
    await this.#run()
  }

  /** Sends what was changed here, and closes the copy, not the dict that is mirrored. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    await this.sync()
    this.#isClosed = true
    this.#stop()
    this.#timer?.cancel()
    this.dict.close()
  }

  #runSoon(delayMs: number): void {
    if (this.#isClosed) return
    this.#timer?.cancel()
    this.#timer = this.#clock.after(delayMs, () => {
      this.#run().then(
        () => this.#runSoon(this.#refreshMs),
        (error) => {
          this.#errors.tell(error)
          this.#runSoon(this.#refreshMs)
        },
      )
    })
  }

  #run(): Promise<void> {
    this.#running ??= this.#reconcile().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  async #reconcile(): Promise<void> {
    this.dict.flushSync()
    const keys = new Set<string>([
      ...(this.dict.keys() as Iterable<string>),
      ...this.#agreed.keys(),
    ])
    for (const key of keys) await this.#send(key)
    for await (const key of this.#far.keys()) keys.add(key as string)
    for (const key of keys) await this.#take(key)
  }

  /** Sends an entry that was changed here. */
  async #send(key: string): Promise<void> {
    const here = this.dict.getEntry(key as never)
    const agreed = this.#agreed.get(key)
    if (here?.version === agreed?.here) return
    if (here === undefined) {
      await this.#far.delete(key as never)
      this.#agreed.delete(key)
      return
    }
    const expiresAt = here.expiresAt ?? Number.POSITIVE_INFINITY
    await this.#far.set(key as never, here.value as never, { expiresAt, tags: here.tags })
    const there = await this.#far.getEntry(key as never)
    // Somebody else may have written in between: then there is something to take over.
    const isSame = there !== undefined && isSameEntry(there, here)
    this.#agreed.set(key, { here: here.version, there: isSame ? there.version : -1 })
  }

  /** Takes over an entry that was changed there, unless it was changed here, too. */
  async #take(key: string): Promise<void> {
    const there = await this.#far.getEntry(key as never)
    if (this.#isClosed) return
    this.dict.flushSync()
    const here = this.dict.getEntry(key as never)
    const agreed = this.#agreed.get(key)
    if (here?.version !== agreed?.here || there?.version === agreed?.there) return
    if (there === undefined) {
      this.dict.delete(key as never)
      this.#agreed.delete(key)
      return
    }
    const expiresAt = there.expiresAt ?? Number.POSITIVE_INFINITY
    this.dict.set(key as never, there.value as never, { expiresAt, tags: there.tags })
    this.dict.flushSync()
    const taken = this.dict.getEntry(key as never)
    if (taken !== undefined) this.#agreed.set(key, { here: taken.version, there: there.version })
  }
}

/**
 * Makes a synchronous copy of an asynchronous dict or namespace, complete when it resolves. Reading and
 * writing it never waits. Changes here are sent soon, and those of others are looked for again and
 * again: the two are alike eventually, and where two change one key, the last one that is sent wins.
 * Namespaces within it are not mirrored. Rejects with what the dict throws, or OptionError.
 */
export async function mirror<S extends object>(
  dict: AsyncPersistDict<S>,
  options: MirrorOptions = {},
): Promise<Mirror<S>> {
  refuseUnknown(options, ['refreshMs'], 'mirror()')
  const { refreshMs = DEFAULT_REFRESH_MS } = options
  if (!(refreshMs > 0)) throw new OptionError('refreshMs', 'refreshMs must be above 0.')
  const made = new Mirror<S>(dict, refreshMs, systemClock)
  try {
    await made.sync()
    return made
  } catch (error) {
    made.dict.close()
    throw error
  }
}
