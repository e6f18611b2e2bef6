/**
 * One transaction of a store with limits: keeps the accounts and the queues true as rows change, and
 * makes room before it commits.
 */
import { equalBytes } from '../../bytes.js'
import { CapacityError } from '../../errors/capacity-error.js'
import { type KeySpace, namespacePrefix } from '../../keys/key-space.js'
import type { StoreTransaction } from '../../store/sync-store.js'
import { pathOf } from '../count.js'
import { ROWS } from '../row.js'
import type { RowFacts, RowObserver } from '../row-observer.js'
import type { Session } from '../session.js'
import { type Account, Accounts } from './accounts.js'
import { EvictionQueue } from './eviction-queue.js'
import type { LimitGroup, LimitGroups } from './limits.js'

/** Entries removed between two looks at what the store takes. */
const EVICTION_STEP = 32

/**
 * Entries that one commit removes at most; the next one goes on. A limit that was lowered by millions
 * must not hold the writer lock for minutes.
 */
const MAX_EVICTIONS = 20_000

/** Finds the keys of a namespace. */
export type SpaceAt = (path: readonly string[]) => KeySpace

export class Ledger implements RowObserver {
  readonly #tx: StoreTransaction
  readonly #groups: LimitGroups
  readonly #spaceAt: SpaceAt
  readonly #accounts: Accounts
  readonly #queue: EvictionQueue
  /** Those that this transaction writes to: the store does not know the new ones among them yet. */
  readonly #written = new Set<KeySpace>()

  constructor(tx: StoreTransaction, groups: LimitGroups, spaceAt: SpaceAt) {
    this.#tx = tx
    this.#groups = groups
    this.#spaceAt = spaceAt
    this.#accounts = new Accounts(tx)
    this.#queue = new EvictionQueue(tx)
  }

  put(space: KeySpace, storageKey: Uint8Array, row: RowFacts, before: RowFacts | undefined): void {
    const group = this.#groups.of(space)
    this.#written.add(space)
    const growth = before === undefined ? storageKey.length + row.bytes : row.bytes - before.bytes
    this.#assertFits(group, storageKey.length + row.bytes)
    this.#accounts.add(group, before === undefined ? 1 : 0, growth)
    if (before?.seq === row.seq) {
      this.#queue.visit(group, row.seq)
      return
    }
    if (before !== undefined) this.#queue.remove(group, before.seq)
    this.#queue.add(group, row.seq, storageKey)
  }

  /** Counts and queues an entry that was there before there were limits. */
  enter(space: KeySpace, storageKey: Uint8Array, { seq, bytes }: RowFacts): void {
    const group = this.#groups.of(space)
    this.#accounts.add(group, 1, storageKey.length + bytes)
    this.#queue.add(group, seq, storageKey)
  }

  removed(space: KeySpace, storageKey: Uint8Array, row: RowFacts | undefined): void {
    const group = this.#groups.of(space)
    this.#accounts.add(group, -1, row === undefined ? 0 : -storageKey.length - row.bytes)
    if (row !== undefined) this.#queue.remove(group, row.seq)
  }

  /** The entry was read. */
  visited(space: KeySpace, seq: number): void {
    this.#queue.visit(this.#groups.of(space), seq)
  }

  /** Removes what has grown over a limit. Throws CapacityError where nothing may be removed. */
  makeRoom(session: Session): void {
    this.#shrinkAll(session, (groups) => {
      const grown = groups.map((group) => this.#accounts.growth(group))
      return {
        entries: grown.reduce((sum, { entries }) => sum + entries, 0),
        bytes: grown.reduce((sum, { bytes }) => sum + bytes, 0),
      }
    })
  }

  /** Removes what is over a limit, grown or not, where something may be removed. */
  enforce(session: Session): void {
    const may = ({ limits }: LimitGroup) => (limits.eviction === 'none' ? 0 : 1)
    this.#shrinkAll(session, ([limited]) => {
      const grown = limited === undefined ? 0 : may(limited)
      return { entries: grown, bytes: grown }
    })
  }

  /** Whether a limit that refuses writes has less room than that. */
  mayRefuse(entriesToCome: number, bytesToCome: number): boolean {
    const { common, own } = this.#groups
    return [common, ...own].some((group) => {
      const { maxEntries, maxBytes, eviction } = group.limits
      if (eviction !== 'none') return false
      const { entries, bytes } = this.#used(group === common ? [common, ...own] : [group])
      return entries + entriesToCome > maxEntries || bytes + bytesToCome > maxBytes
    })
  }

  /** Writes what was only counted so far. Call last. */
  finish(): void {
    this.#accounts.write()
  }

  /** What the groups take: of the whole store, what it really takes, if the store can tell. */
  #used(groups: readonly LimitGroup[]): Account {
    const sum = { entries: 0, bytes: 0 }
    for (const group of groups) {
      const { entries, bytes } = this.#accounts.of(group)
      sum.entries += entries
      sum.bytes += bytes
    }
    if (groups[0] === this.#groups.common) sum.bytes = this.#tx.usedBytes?.() ?? sum.bytes
    return sum
  }

  #shrinkAll(session: Session, growthOf: (groups: readonly LimitGroup[]) => Account): void {
    const { common, own } = this.#groups
    for (const groups of [...own.map((group) => [group]), [common, ...own]]) {
      const [limited] = groups as [LimitGroup]
      const { entries, bytes } = growthOf(groups)
      if (entries > 0 || bytes > 0) this.#shrink(session, limited, groups, entries > 0, bytes > 0)
    }
  }

  /** Entries that are due go first, then those that come first in the queues of `groups`. */
  #shrink(
    session: Session,
    limited: LimitGroup,
    groups: readonly LimitGroup[],
    byEntries: boolean,
    byBytes: boolean,
  ): void {
    const { maxEntries, maxBytes, eviction } = limited.limits
    for (let removed = 0; removed < MAX_EVICTIONS; ) {
      const { entries, bytes } = this.#used(groups)
      const isOver = byEntries && entries > maxEntries
      const isOverBytes = byBytes && bytes > maxBytes
      if (!isOver && !isOverBytes) return
      const step = isOverBytes ? EVICTION_STEP : Math.min(EVICTION_STEP, entries - maxEntries)
      const gone =
        this.#expireDue(session, EVICTION_STEP) ||
        (eviction === 'none' ? 0 : this.#evict(session, groups, step))
      if (gone === 0) throw this.#full(limited, isOver)
      removed += gone
    }
  }

  #expireDue(session: Session, most: number): number {
    let gone = 0
    for (const { key, deadline } of this.#tx.due(ROWS, session.now, most)) {
      if (session.expire(this.#spaceOf(key), key, deadline)) gone++
    }
    return gone
  }

  #evict(session: Session, groups: readonly LimitGroup[], most: number): number {
    let gone = 0
    for (const group of groups) {
      while (gone < most) {
        const victim = this.#queue.victim(group)
        if (victim === undefined) break
        if (session.evict(this.#spaceOf(victim.storageKey), victim.storageKey)) gone++
        // The row cannot be read: it stays, and nobody looks at it here again.
        else this.#queue.forget(victim)
      }
    }
    return gone
  }

  #spaceOf(storageKey: Uint8Array): KeySpace {
    const prefix = namespacePrefix(storageKey)
    const path = pathOf(this.#tx, prefix)
    if (path !== undefined) return this.#spaceAt(path)
    const written = [...this.#written].find((space) => equalBytes(space.prefix, prefix))
    return written ?? this.#spaceAt([])
  }

  /** An entry larger than all the room would push out everything, and then itself. */
  #assertFits(group: LimitGroup, bytes: number): void {
    for (const { limits, name } of [group, this.#groups.common]) {
      if (bytes <= limits.maxBytes) continue
      const advice = `An entry of ${bytes} bytes does not fit.`
      throw new CapacityError('maxBytes', limits.maxBytes, name, advice)
    }
  }

  #full({ name, limits }: LimitGroup, isByEntries: boolean): CapacityError {
    const limit = isByEntries ? 'maxEntries' : 'maxBytes'
    const advice = 'Delete entries, raise the limit, or choose an eviction that makes room.'
    return new CapacityError(limit, limits[limit], name, advice)
  }
}
