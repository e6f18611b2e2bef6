/**
 * A synchronous copy of an asynchronous dict, kept alike in the background.
 *
 * Each side numbers its writes. For each key the mirror remembers the versions of both sides at which
 * they agreed: whichever side has another one now has changed. If both have, ours is sent.
 */
import { type Clock, systemClock, type Timer } from '../clock.js'
import type { AsyncPersistDict } from '../dict/async-persist-dict.js'
import { isSameEntry } from '../dict/copy/same-entry.js'
import type { EntryEvent } from '../dict/events/entry-event.js'
import type { KeyOf } from '../dict/face.js'
import type { PersistDict } from '../dict/persist-dict.js'
import { refuseAssignments } from '../dict/refuse-assignments.js'
import { Listeners } from '../engine/listeners.js'
import { kindOf } from '../errors/checked-argument.js'
import { OptionError } from '../errors/option-error.js'
import { refuseUnknown } from '../errors/unknown-option.js'
import { memoryStore } from '../store/memory.js'
import { HeardChanges } from './heard-changes.js'
import { open } from './open.js'

/** Options of mirror(). */
export interface MirrorOptions {
  /**
   * Changes by others are told by watch(). How often to look at all entries nevertheless, in
   * milliseconds: for those that nobody tells, such as invalidated tags. @default 10,000
   */
  readonly refreshMs?: number | undefined
}

/** A look costs a read of all entries, and hardly ever finds anything. */
const DEFAULT_REFRESH_MS = 10_000

/** After a failure: what could not be sent waits no longer than this once the store is back. */
const RETRY_MS = 1_000

/** Ends a mirror without sending anything. */
let end: <S extends object>(mirror: Mirror<S>) => void

/** What there is of an entry on the other side. */
interface Found {
  readonly value: unknown
  readonly version: number
  readonly expiresAt: number | undefined
  readonly tags: readonly string[]
}

/** Versions at which both sides had the same entry. */
interface Agreement {
  readonly here: number
  readonly there: number
  readonly expiresAt: number | undefined
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
  readonly #heard: HeardChanges
  readonly #stop: () => void
  #running: Promise<void> | undefined
  #timer: Timer | undefined
  /** When to look at all entries again, by clock.monotonic(). */
  #wholeAt = 0
  /** Something has changed since the run that is under way began. */
  #hasNews = false
  #isClosed = false

  static {
    refuseAssignments(Mirror.prototype)
    end = (mirror) => mirror.#end()
  }

  /** Mirrors are made by mirror(). */
  constructor(far: AsyncPersistDict<S>, refreshMs: number, clock: Clock) {
    const store = memoryStore()
    // A range, even of all keys, leaves out the namespaces within.
    this.#heard = new HeardChanges(() => far.watch({}), {
      clock,
      wake: () => this.#wake(),
      onError: (error) => this.#errors.tell(error),
    })
    this.dict = open<S>(store)
    this.#far = far
    this.#refreshMs = refreshMs
    this.#clock = clock
    this.#stop = store.onCommit(() => this.#wake())
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
    // What is committed before would be told to nobody: the look must come later.
    await this.#heard.begun
    // One that is under way may have passed by what was changed since.
    await this.#running?.catch(() => {})
    this.#wholeAt = 0
    await this.#run()
  }

  /** Sends what was changed here, and closes the copy, not the dict that is mirrored. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    await this.sync()
    this.#end()
  }

  #end(): void {
    this.#isClosed = true
    this.#heard.close()
    this.#stop()
    this.#timer?.cancel()
    this.dict.close()
  }

  #wake(): void {
    this.#hasNews = true
    if (this.#running === undefined) this.#runIn(0)
  }

  #runIn(delayMs: number): void {
    if (this.#isClosed) return
    this.#timer?.cancel()
    this.#timer = this.#clock.after(delayMs, () => {
      this.#run().catch((error) => this.#errors.tell(error))
    })
  }

  #run(): Promise<void> {
    this.#running ??= this.#reconcile()
      .catch((error) => {
        // What was heard and not taken over is found by looking at all.
        this.#wholeAt = this.#clock.monotonic() + Math.min(RETRY_MS, this.#refreshMs)
        throw error
      })
      .finally(() => {
        this.#running = undefined
        this.#runIn(this.#hasNews ? 0 : Math.max(0, this.#wholeAt - this.#clock.monotonic()))
      })
    return this.#running
  }

  async #reconcile(): Promise<void> {
    this.#hasNews = false
    this.dict.flushSync()
    const keys = new Set<string>([
      ...(this.dict.keys() as Iterable<string>),
      ...this.#agreed.keys(),
    ])
    for (const key of keys) await this.#send(key)
    const { events, hasMissed } = this.#heard.take()
    if (!hasMissed && this.#clock.monotonic() < this.#wholeAt) {
      for (const event of events) await this.#hear(event)
      return
    }
    for await (const key of this.#far.keys()) keys.add(key as string)
    for (const key of keys) this.#take(key, await this.#far.getEntry(key as never))
    this.#wholeAt = this.#clock.monotonic() + this.#refreshMs
  }

  /** Sends an entry that was changed here. */
  async #send(key: string): Promise<void> {
    const here = this.dict.getEntry(key as never)
    const agreed = this.#agreed.get(key)
    if (here?.version === agreed?.here) return
    if (here === undefined) {
      // An expiry is not sent on: it happens there as well, unless somebody has put it off.
      const isPast = agreed?.expiresAt !== undefined && agreed.expiresAt <= this.#clock.now()
      if (!isPast) await this.#far.delete(key as never)
      this.#agreed.delete(key)
      if (isPast) this.#take(key, await this.#far.getEntry(key as never))
      return
    }
    const expiresAt = here.expiresAt ?? Number.POSITIVE_INFINITY
    await this.#far.set(key as never, here.value as never, { expiresAt, tags: here.tags })
    const there = await this.#far.getEntry(key as never)
    // Somebody else may have written in between: then there is something to take over.
    const isSame = there !== undefined && isSameEntry(there, here)
    const version = isSame ? there.version : -1
    this.#agreed.set(key, { here: here.version, there: version, expiresAt: here.expiresAt })
  }

  /** Takes over what was heard of a key. */
  async #hear(event: EntryEvent): Promise<void> {
    const key = event.key as string
    const metadata = event.event === 'set' ? event.metadata : undefined
    // Told late, or our own.
    if (metadata && metadata.version <= (this.#agreed.get(key)?.there ?? -1)) return
    // It may be gone again, or be back. This asks the store: a cache may hear of it later than we did.
    if (!(await this.#far.has(key as never))) return this.#take(key, undefined)
    if (metadata) this.#take(key, { ...metadata, value: event.value })
    else this.#take(key, await this.#far.getEntry(key as never))
  }

  /** Takes over an entry that was changed there, unless it was changed here, too. */
  #take(key: string, there: Found | undefined): void {
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
    if (taken === undefined) return
    const { version, expiresAt: until } = taken
    this.#agreed.set(key, { here: version, there: there.version, expiresAt: until })
  }
}

/**
 * Makes a synchronous copy of an asynchronous dict or namespace, complete when it resolves. Reading and
 * writing it never waits. Changes here are sent soon, and those of others are taken over when watch()
 * tells them: the two are alike eventually, and where two change one key, the last one that is sent wins.
 * Namespaces within it are not mirrored. Rejects with what the dict throws, or OptionError.
 */
export async function mirror<S extends object>(
  dict: AsyncPersistDict<S>,
  options: MirrorOptions = {},
): Promise<Mirror<S>> {
  refuseUnknown(options, ['refreshMs'], 'mirror()')
  const { refreshMs = DEFAULT_REFRESH_MS } = options
  if (!(refreshMs > 0)) throw new OptionError('refreshMs', 'refreshMs must be above 0.')
  if (typeof (dict as Partial<AsyncPersistDict<S>> | undefined | null)?.watch !== 'function') {
    throw new OptionError('dict', `mirror() takes a dict, and was given ${kindOf(dict)}.`)
  }
  const made = new Mirror<S>(dict, refreshMs, systemClock)
  try {
    await made.sync()
    return made
  } catch (error) {
    end(made)
    throw error
  }
}
