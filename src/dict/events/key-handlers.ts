/**
 * The handlers that set() was given for its key: onExpire and onAccess.
 *
 * They belong to one setting of the key. So they take effect when it is committed, and not before: the
 * entry that it replaces may have expired, and that is not theirs to hear. They end with the entry,
 * and when the key is set again here; update() and the like keep them, as they keep the deadline.
 */
import { latin1Of } from '../../bytes.js'
import type { AccessObserver } from '../../engine/access-marks.js'
import type { Change } from '../../engine/change.js'
import type { CommitHook } from '../../engine/commit-hooks.js'
import type { Entry } from '../../engine/entry.js'
import type { KeySpace } from '../../keys/key-space.js'
import type { DeadlineHint } from '../../store/sync-store.js'
import type { SetOptions } from '../set-options.js'
import { DEFAULT_TIMEOUT_MS, type Handler } from './dict-events.js'
import { EntryEvent } from './entry-event.js'
import type { EventScope } from './event-scope.js'
import type { EventSource } from './event-source.js'
import { HandlerQueue } from './handler-queue.js'

interface Held {
  readonly scope: EventScope
  readonly key: string
  storageKey: Uint8Array
  /** 0 for none. */
  deadline: number
  readonly onExpire: Handler<never> | undefined
  readonly onAccess: HandlerQueue | undefined
}

type Coming = Map<string, Held | undefined>

const NOWHERE = new Uint8Array(0)

export class KeyHandlers implements CommitHook, AccessObserver {
  readonly everyRead = true
  /** Told whenever there begins or ceases to be a handler of an expiry. */
  onInterest: () => void = () => {}
  /** Told of the deadline of each key that has a handler of its expiry; 0 for none. */
  onDeadline: (storageKey: Uint8Array, deadline: number) => void = () => {}
  readonly #source: EventSource
  readonly #onError: (error: unknown) => void
  readonly #held = new Map<string, Held>()
  /** Of those that are held, by storage key. */
  readonly #places = new Map<string, string>()
  /** Those of settings that are not committed yet; undefined for a setting without any. */
  readonly #coming: Coming = new Map()
  /** The same of the running transaction, which may roll back. */
  readonly #staged: Coming = new Map()
  #expiring = 0
  /** Those that come are counted: reading what is pending commits it, and tells them. */
  #accessing = 0
  #unhook: (() => void) | undefined
  #stopNoticing: (() => void) | undefined

  constructor(source: EventSource, onError: (error: unknown) => void) {
    this.#source = source
    this.#onError = onError
  }

  /** How many keys have a handler of their expiry. */
  get expiring(): number {
    return this.#expiring
  }

  /** The soonest deadlines of keys that have a handler of their expiry. */
  upcoming(limit: number): DeadlineHint[] {
    const hints: DeadlineHint[] = []
    for (const { onExpire, storageKey: key, deadline } of this.#held.values()) {
      if (onExpire !== undefined && deadline !== 0) hints.push({ key, deadline })
    }
    return hints.sort((a, b) => a.deadline - b.deadline).slice(0, limit)
  }

  /** The key is about to be set with these options, or to be deleted, without any. */
  replace(scope: EventScope, key: string, options: SetOptions | undefined): void {
    const { onExpire, onAccess, keepTtl } = options ?? {}
    const isNew = onExpire !== undefined || onAccess !== undefined
    if (!isNew && (keepTtl || this.#size === 0)) return
    const id = scope.space.idOf(key)
    const coming = this.#source.isInTransaction ? this.#staged : this.#coming
    if (isNew) {
      const queue = onAccess && this.#queue('get', onAccess)
      const held = { scope, key, onExpire, onAccess: queue, storageKey: NOWHERE, deadline: 0 }
      this.#put(coming, id, held)
    } else if (this.#held.has(id) || this.#coming.has(id) || this.#staged.has(id)) {
      this.#put(coming, id, undefined)
    }
    this.#attend()
  }

  wantsChanges(): boolean {
    return true
  }

  committed(changes: readonly Change[]): void {
    const lastSets = this.#staged.size === 0 ? undefined : lastSetsOf(changes)
    for (const change of changes) this.#heed(change, lastSets)
    // All that waited was in it. What is left was overwritten, or deleted, before it was committed.
    if (this.#source.isInTransaction !== undefined) this.#forget(this.#coming)
    this.#forget(this.#staged)
    this.#attend()
  }

  rolledBack(hasPending: boolean): void {
    this.#forget(this.#staged)
    if (!hasPending) this.#forget(this.#coming)
    this.#attend()
  }

  /** What another process has done to a key. */
  heardFromElsewhere(change: Change): void {
    if (change.kind === 'set') return
    this.#heed(change)
    this.#attend()
  }

  /** A row has expired whose key went with it: a handler of its own knows the key. */
  expiredAt(storageKey: Uint8Array): void {
    const id = this.#places.get(latin1Of(storageKey))
    const held = id === undefined ? undefined : this.#held.get(id)
    if (id === undefined || held === undefined) return
    this.#tellExpiry(id, held, undefined)
    this.#attend()
  }

  accessed(space: KeySpace, key: string, entry: Entry): void {
    const held = this.#held.get(space.idOf(key))
    if (held === undefined) return
    const { scope, onAccess } = held
    onAccess?.push(new EntryEvent('get', scope.userKey(key), space.path, entry, scope.mode))
  }

  /** A dict has closed: its handlers hear nothing more. */
  ended(handle: object): void {
    for (const map of [this.#held, this.#coming, this.#staged]) {
      for (const [id, held] of map) if (held?.scope.handle === handle) this.#drop(map, id)
    }
    this.#attend()
  }

  /** The last set of a key is that of the transaction, if it set the key; those before were pending. */
  #heed(change: Change, lastSets?: ReadonlyMap<string, Change>): void {
    const { kind, space, key, entry } = change
    if (kind === 'clear') {
      for (const [id, { scope }] of this.#held)
        if (scope.space === space) this.#drop(this.#held, id)
      return
    }
    const id = space.idOf(key)
    if (kind === 'set') {
      const isStaged = this.#staged.has(id) && lastSets?.get(id) === change
      this.#heedSet(id, change, isStaged ? this.#staged : this.#coming)
      return
    }
    const held = this.#held.get(id)
    if (held === undefined) return
    if (kind === 'expire') this.#tellExpiry(id, held, entry)
    else this.#drop(this.#held, id)
  }

  #tellExpiry(id: string, held: Held, entry: Entry | undefined): void {
    const { scope, key, onExpire } = held
    this.#drop(this.#held, id)
    if (onExpire === undefined) return
    const queue = this.#queue('expire', onExpire)
    const { path } = scope.space
    queue.push(new EntryEvent('expire', scope.userKey(key), path, entry, scope.mode))
  }

  #heedSet(id: string, { entry, storageKey }: Change, coming: Coming): void {
    if (coming.has(id)) {
      const next = coming.get(id)
      this.#take(coming, id)
      this.#drop(this.#held, id)
      if (next !== undefined) this.#put(this.#held, id, next)
    }
    const held = this.#held.get(id)
    if (held === undefined) return
    held.storageKey = storageKey
    this.#places.set(latin1Of(storageKey), id)
    held.deadline = entry?.expiresAt ?? 0
    if (held.onExpire !== undefined) this.onDeadline(storageKey, held.deadline)
  }

  get #size(): number {
    return this.#held.size + this.#coming.size + this.#staged.size
  }

  #put(map: Coming, id: string, held: Held | undefined): void {
    this.#drop(map, id)
    map.set(id, held)
    this.#count(map, held, 1)
  }

  #take(map: Coming, id: string): void {
    const held = map.get(id)
    map.delete(id)
    if (held !== undefined) this.#places.delete(latin1Of(held.storageKey))
    this.#count(map, held, -1)
  }

  #drop(map: Coming, id: string): void {
    map.get(id)?.onAccess?.end(false)
    this.#take(map, id)
  }

  #forget(map: Coming): void {
    for (const id of map.keys()) this.#drop(map, id)
  }

  #count(map: Coming, held: Held | undefined, by: 1 | -1): void {
    if (held?.onAccess !== undefined) this.#accessing += by
    if (map === this.#held && held?.onExpire !== undefined) this.#expiring += by
  }

  #attend(): void {
    const { hooks, accesses } = this.#source
    if (this.#size > 0) this.#unhook ??= hooks.add(this)
    else this.#unhook = void this.#unhook?.()
    if (this.#accessing > 0) this.#stopNoticing ??= accesses.add(this)
    else this.#stopNoticing = void this.#stopNoticing?.()
    this.onInterest()
  }

  #queue(event: 'get' | 'expire', handler: Handler<never>): HandlerQueue {
    return new HandlerQueue({
      event,
      handler: handler as Handler<unknown>,
      timeoutMs: DEFAULT_TIMEOUT_MS,
      stopsAtTimeout: false,
      clock: this.#source.clock,
      onError: this.#onError,
      onEnd: () => {},
    })
  }
}

function lastSetsOf(changes: readonly Change[]): ReadonlyMap<string, Change> {
  const sets = changes.filter(({ kind }) => kind === 'set')
  return new Map(sets.map((change) => [change.space.idOf(change.key), change]))
}
