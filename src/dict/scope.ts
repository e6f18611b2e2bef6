/** What the handles of one namespace share: engine, keys, and how values go in and come out. */
import type { RecordFields } from '../codec/record.js'
import { payloadOf } from '../codec/value-codec.js'
import type { AccessTimes } from '../engine/access-times.js'
import type { Engine } from '../engine/engine.js'
import { type Entry, readable, type ValueMode } from '../engine/entry.js'
import type { Wanted } from '../engine/entry-range.js'
import type { Leasing } from '../engine/leases/leasing.js'
import { type LockName, lockName } from '../engine/leases/locks.js'
import type { SyncLeases } from '../engine/leases/sync-leases.js'
import { scanEntries, scanKeys } from '../engine/scan.js'
import type { Session } from '../engine/session.js'
import type { SetWrite } from '../engine/write.js'
import { TooManyKeysError } from '../errors/key-errors.js'
import { ClosedError } from '../errors/open-errors.js'
import type { KeySpace } from '../keys/key-space.js'
import { type EntryRules, expiryWrite, type KeySerializer } from './entry-rules.js'
import type { Warning } from './events/dict-events.js'
import type { KeyHandlers } from './events/key-handlers.js'
import type { Range } from './face.js'
import type { ConflictPolicy } from './live/live-root.js'
import type { LiveRoots } from './live/live-roots.js'
import { checkedRange } from './range.js'
import type { Recipes } from './recipes.js'
import type { RestoredEntry } from './restore.js'
import type { SetOptions } from './set-options.js'

/** Listing more keys than this takes a noticeable time. */
const MANY_KEYS = 100_000

export interface ScopeParts {
  readonly engine: Engine
  readonly space: KeySpace
  readonly mode: ValueMode
  readonly rules: EntryRules
  readonly live: LiveRoots
  readonly keyHandlers: KeyHandlers
  /** Undefined where nobody notes them. */
  readonly accessTimes: AccessTimes | undefined
  readonly onConflict: ConflictPolicy
  readonly maxKeys: number
  readonly warn: (warning: Warning) => void
  readonly leasing: Leasing<SyncLeases>
  readonly recipes: Recipes
  readonly onError: (error: unknown) => void
  /** Shared by a dict and its namespaces: closing the dict closes them. */
  readonly handle: Handle
}

/** One opened dict, of all that share the engine. */
export interface Handle {
  isClosed: boolean
  release(): void
}

export class Scope {
  readonly engine: Engine
  readonly space: KeySpace
  readonly mode: ValueMode
  readonly handle: Handle
  readonly live: LiveRoots
  readonly leasing: Leasing<SyncLeases>
  readonly recipes: Recipes
  readonly onError: (error: unknown) => void
  readonly onConflict: ConflictPolicy
  readonly #parts: ScopeParts
  readonly #rules: EntryRules
  readonly #keySerializer: KeySerializer | undefined

  constructor(parts: ScopeParts) {
    this.engine = parts.engine
    this.space = parts.space
    this.mode = parts.mode
    this.handle = parts.handle
    this.live = parts.live
    this.leasing = parts.leasing
    this.recipes = parts.recipes
    this.onError = parts.onError
    this.onConflict = parts.onConflict
    this.#parts = parts
    this.#rules = parts.rules
    this.#keySerializer = parts.rules.keySerializer
  }

  /** The same for a namespace within this one. */
  within(name: string): Scope {
    this.#rules.checkNamespace(name)
    const space = this.engine.space([...this.space.path, name])
    return new Scope({ ...this.#parts, space })
  }

  /** A namespace within this one for what is kept behind the users' backs. */
  hidden(...names: string[]): Scope {
    return this.at([...this.space.path, ...names], this.#rules.hidden())
  }

  /** The same for any namespace of the store, under other rules. */
  at(path: readonly string[], rules: EntryRules): Scope {
    return new Scope({ ...this.#parts, rules, space: this.engine.space(path) })
  }

  assertOpen(): void {
    if (this.handle.isClosed) throw new ClosedError()
  }

  /** Reads several keys as of one moment. */
  together<L, T>(keys: Iterable<L>, read: (key: L) => T): T[] {
    this.assertOpen()
    const wanted = [...keys]
    return this.engine.together(() => wanted.map(read))
  }

  /** The live entries of a range. Throws OptionError or KeyError. */
  scan(range: Range<unknown> | undefined, wanted: Wanted): Iterable<Entry> {
    this.assertOpen()
    return scanEntries(
      this.engine,
      this.space,
      checkedRange(range, (key) => this.key(key)),
      wanted,
    )
  }

  /** The keys of the live entries of a range. As scan(). */
  scanKeys(range: Range<unknown> | undefined): Iterable<string> {
    this.assertOpen()
    return scanKeys(
      this.engine,
      this.space,
      checkedRange(range, (key) => this.key(key)),
    )
  }

  /** A key as the user gives it, as a string. Throws KeyError, or ClosedError. */
  key(key: unknown): string {
    if (this.handle.isClosed) throw new ClosedError()
    return typeof key === 'string' && this.#keySerializer === undefined ? key : this.#rules.key(key)
  }

  /** What locking a key locks. Throws as key() does. */
  lockName(key: unknown): LockName {
    return lockName(this.space, this.key(key))
  }

  /** Call with the number of keys that one call is about to list. Warns, or throws TooManyKeysError. */
  listing(keys: number): void {
    if (keys > this.#parts.maxKeys) throw new TooManyKeysError(this.#parts.maxKeys)
    if (keys !== MANY_KEYS) return
    this.#parts.warn({
      code: 'many-keys',
      message: `More than ${MANY_KEYS} keys are listed at once. dict.keys() streams them.`,
    })
  }

  /** Whether keys are strings, so that they can be the names of properties. */
  get hasStringKeys(): boolean {
    return this.#keySerializer === undefined
  }

  /** A key as it is stored, as the user gave it. */
  userKey(key: string): unknown {
    return this.#rules.userKey(key)
  }

  /** When entries were last read or written. */
  get accessTimes(): AccessTimes | undefined {
    return this.#parts.accessTimes
  }

  /**
   * A write that sets a key: the value checked and encoded, the deadline absolute. `present` tells the
   * deadline that the entry has now, to whoever has read it already.
   */
  setWrite(
    key: string,
    value: unknown,
    options: SetOptions | undefined,
    present = () => this.engine.entry(this.space, key, 'frozen')?.expiresAt ?? 0,
  ): SetWrite {
    const write = this.#rules.setWrite(this.space, key, value, options, present)
    this.#parts.keyHandlers.replace(this, key, options)
    return write
  }

  /** Removes a key; false if there was none. */
  delete(key: string): boolean {
    const wasThere = this.engine.delete(this.space, key)
    if (wasThere) this.#parts.keyHandlers.replace(this, key, undefined)
    return wasThere
  }

  /** A write of an entry from elsewhere, with its times. */
  restoring({ key, value, expiresAt, tags, times }: RestoredEntry): SetWrite {
    return { ...this.setWrite(this.key(key), value, { expiresAt, tags }), times }
  }

  /** What the key's schema makes of a value. Throws InvalidValueError, or KeyError for no such key. */
  checked(key: string, value: unknown): unknown {
    return this.#rules.checked(key, value)
  }

  /** A write that gives a record another deadline and leaves the rest as it is. */
  expiryWrite(key: string, fields: RecordFields, expiresAt: number): SetWrite {
    const { tags } = fields
    return expiryWrite(this.space, key, { payload: payloadOf(fields), tags }, expiresAt)
  }

  /** The value of a key's record, as a copy that the caller may change. Throws UnreadableRecordError. */
  copyOf(key: string, fields: RecordFields): unknown {
    return readable(key, this.engine.codec, () => this.#rules.copyOf(payloadOf(fields)))
  }

  /** Runs `fn` with the live record of a key inside a transaction. */
  atomically<T>(
    key: unknown,
    fn: (key: string, fields: RecordFields | undefined, session: Session) => T,
  ): T {
    const text = this.key(key)
    return this.engine.transaction((session) => fn(text, session.find(this.space, text), session))
  }
}
