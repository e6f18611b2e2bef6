/** What the asynchronous handles of one namespace share: engine, keys, and how values go in and out. */
import { deepFreeze } from '../codec/freeze.js'
import type { Payload } from '../codec/value-codec.js'
import type { AsyncEngine, AsyncWrite, Decision } from '../engine/async/async-engine.js'
import type { ComputeHost } from '../engine/compute/compute-host.js'
import { type Entry, readable, type ValueMode } from '../engine/entry.js'
import type { Wanted } from '../engine/entry-range.js'
import type { Leasing } from '../engine/leases/leasing.js'
import { type LockName, lockName } from '../engine/leases/locks.js'
import type { SetWrite } from '../engine/write.js'
import { ClosedError } from '../errors/open-errors.js'
import type { KeySpace } from '../keys/key-space.js'
import type { BackupReport } from '../store/sync-store.js'
import { type EntryRules, expiryWrite } from './entry-rules.js'
import type { StoreEvents } from './events/store-events.js'
import type { Range } from './face.js'
import { checkedRange } from './range.js'
import type { Recipes } from './recipes.js'
import type { RestoredEntry } from './restore.js'
import type { SetOptions } from './set-options.js'

export interface AsyncScopeParts {
  readonly engine: AsyncEngine
  readonly space: KeySpace
  readonly mode: ValueMode
  readonly rules: EntryRules
  readonly events: StoreEvents
  readonly leasing: Leasing
  readonly recipes: Recipes
  /** A namespace as those see it who compute its values once. */
  readonly hostOf: (scope: AsyncScope) => ComputeHost
  /** Copies the whole store into a directory. */
  readonly backup: (path: string) => Promise<BackupReport>
  /** Shared by a dict and its namespaces: closing the dict closes them. */
  readonly handle: AsyncHandle
}

/** One opened dict, of all that share the engine. */
export interface AsyncHandle {
  isClosed: boolean
  release(): Promise<void>
}

export class AsyncScope {
  readonly engine: AsyncEngine
  readonly space: KeySpace
  readonly mode: ValueMode
  readonly handle: AsyncHandle
  readonly events: StoreEvents
  readonly leasing: Leasing
  readonly recipes: Recipes
  readonly rules: EntryRules
  readonly #parts: AsyncScopeParts

  constructor(parts: AsyncScopeParts) {
    this.engine = parts.engine
    this.space = parts.space
    this.mode = parts.mode
    this.handle = parts.handle
    this.events = parts.events
    this.leasing = parts.leasing
    this.recipes = parts.recipes
    this.rules = parts.rules
    this.#parts = parts
  }

  /** The same for a namespace within this one. */
  within(name: string): AsyncScope {
    this.rules.checkNamespace(name)
    const space = this.engine.space([...this.space.path, name])
    return new AsyncScope({ ...this.#parts, space })
  }

  /** A namespace within this one for what is kept behind the users' backs. */
  hidden(...names: string[]): AsyncScope {
    const space = this.engine.space([...this.space.path, ...names])
    return new AsyncScope({ ...this.#parts, rules: this.rules.hidden(), space })
  }

  /** The namespace as those see it who compute its values once. */
  host(): ComputeHost {
    return this.#parts.hostOf(this)
  }

  backup(path: string): Promise<BackupReport> {
    this.assertOpen()
    return this.#parts.backup(path)
  }

  /** What locking a key locks. Throws as key() does. */
  lockName(key: unknown): LockName {
    return lockName(this.space, this.key(key))
  }

  assertOpen(): void {
    if (this.handle.isClosed) throw new ClosedError()
  }

  /** A key as the user gives it, as a string. Throws KeyError, or ClosedError. */
  key(key: unknown): string {
    this.assertOpen()
    return this.rules.key(key)
  }

  /** A key as it is stored, as the user gave it. */
  userKey(key: string): unknown {
    return this.rules.userKey(key)
  }

  /** The live entries of a range. Throws OptionError or KeyError. */
  scan(range: Range<unknown> | undefined, wanted: Wanted): AsyncGenerator<Entry, undefined> {
    this.assertOpen()
    const checked = checkedRange(range, (key) => this.key(key))
    return this.engine.scan(this.space, checked, wanted)
  }

  /** A write that sets a key whatever is there. */
  setWrite(key: string, value: unknown, options: SetOptions | undefined): AsyncWrite {
    const write = this.#set(key, value, options, 0)
    return { write, keepsDeadline: options?.keepTtl === true }
  }

  /** A write of an entry from elsewhere, with its times. */
  restoring({ key, value, expiresAt, tags, times }: RestoredEntry): AsyncWrite {
    const write = { ...this.#set(this.key(key), value, { expiresAt, tags }, 0), times }
    return { write, keepsDeadline: false }
  }

  /** A write that sets a key where `entry` is. */
  setOver(
    key: string,
    entry: Entry | undefined,
    value: unknown,
    options: SetOptions | undefined,
  ): SetWrite {
    return this.#set(key, value, options, entry?.expiresAt ?? 0)
  }

  /** A write that gives an entry another deadline and leaves the rest as it is. */
  expiryWrite(entry: Entry, expiresAt: number): SetWrite {
    return expiryWrite(this.space, entry.key, entry, expiresAt)
  }

  /** The value behind a payload that was written, as readers get it. */
  shown(key: string, payload: Payload): unknown {
    const value = readable(key, this.engine.codec, () => this.rules.copyOf(payload))
    if (this.mode === 'frozen') deepFreeze(value)
    return value
  }

  /** Decides by the live entry of a key what becomes of it, and has it done. */
  async change<T>(
    key: unknown,
    decide: (key: string, entry: Entry | undefined) => Decision<T> | Promise<Decision<T>>,
  ): Promise<T> {
    const text = this.key(key)
    return this.engine.change(this.space, text, (entry) => decide(text, entry))
  }

  #set(
    key: string,
    value: unknown,
    options: SetOptions | undefined,
    presentDeadline: number,
  ): SetWrite {
    const write = this.rules.setWrite(this.space, key, value, options, () => presentDeadline)
    this.events.keyHandlers.replace(this, key, options)
    return write
  }
}
