/**
 * Changes of an AsyncStore: each is read for, planned, and committed with checks that what was read is
 * still so. If it is not, it is all done again.
 */
import type { Clock } from '../../clock.js'
import { isExpired } from '../../codec/record.js'
import type { ValueCodec } from '../../codec/value-codec.js'
import type { KeySpace } from '../../keys/key-space.js'
import type {
  AssumedVersions,
  AsyncStore,
  Batch,
  RowCheck,
  RowOperation,
} from '../../store/async-store.js'
import type { CommitPromise } from '../../store/sync-store.js'
import { ChangeList } from '../change.js'
import { Entry } from '../entry.js'
import { INITIALISED, META } from '../format-identity.js'
import { ROWS } from '../row.js'
import type { SetWrite } from '../write.js'
import type { AssumedRows } from './assumed-rows.js'
import type { AsyncWrite, Decide, Decision } from './async-engine.js'
import { KeyQueue } from './key-queue.js'
import type { RemoteCache } from './remote-cache.js'
import type { RemoteHooks } from './remote-hooks.js'
import { type Located, liveFields, presentFields, type RemotePlaces } from './remote-places.js'
import { type Plan, RemotePlans, type Step } from './remote-plans.js'
import { CONFLICT, isPending, tries } from './tries.js'

export interface RemoteWritesParts {
  readonly hooks: RemoteHooks
  readonly store: AsyncStore
  readonly codec: ValueCodec
  readonly clock: Clock
  readonly places: RemotePlaces
  readonly cache: RemoteCache
  /** Undefined for a store whose versions must be asked for. */
  readonly assumed: AssumedRows | undefined
  readonly promise: CommitPromise
  /** No entry lives longer after it was made. @default Infinity */
  readonly maxAgeMs?: number | undefined
  /** What must be waited for before a commit: see RemoteFeed. */
  readonly ready: () => Promise<unknown> | undefined
}

const NOT_INITIALISED: RowCheck = { bucket: META, key: INITIALISED, starts: undefined }
const INITIALISE: RowOperation = {
  kind: 'put',
  bucket: META,
  key: INITIALISED,
  record: Uint8Array.of(1),
  deadline: 0,
}

const INITIAL = { checks: [NOT_INITIALISED], operations: [INITIALISE] }

/** A change that was decided and tried, or whose decision is still to come. */
type FirstTry<T> =
  | { readonly result: T | typeof CONFLICT }
  | { readonly later: Promise<Decision<T>>; readonly version: number | undefined }

export class RemoteWrites {
  commits = 0
  failedCommits = 0
  /** Moves when a commit begins and when it ends. */
  begunAndEnded = 0
  readonly #parts: RemoteWritesParts
  readonly #plans: RemotePlans
  readonly #queue = new KeyQueue()

  constructor(parts: RemoteWritesParts) {
    this.#parts = parts
    this.#plans = new RemotePlans(parts)
  }

  /** See AsyncEngine.write(). */
  async write(space: KeySpace, writes: readonly AsyncWrite[]): Promise<void> {
    const byKey = new Map(writes.map((write) => [write.write.key, write]))
    const keys = [...byKey.keys()]
    const [first] = keys
    if (first === undefined) return
    if (keys.length > 1 && this.#parts.store.atomicity === 'key') {
      await Promise.all([...byKey.values()].map((write) => this.write(space, [write])))
      return
    }
    // What keeps its deadline must be known.
    const toReplace = writes.every(({ keepsDeadline }) => !keepsDeadline)
    let isFirst = true
    await this.#attempts(space, keys, async () => {
      const steps = (located: readonly Located[]) =>
        [...byKey.values()].map((write, at) => ({ located: located[at] as Located, write }))
      const assumed = isFirst ? this.#assumed(space, keys, toReplace) : undefined
      isFirst = false
      if (assumed !== undefined && (await this.#commitAssumed(space, steps(assumed))))
        return undefined
      const [located, version] = await Promise.all([
        this.#located(space, keys, toReplace),
        this.#parts.store.nextVersions(keys.length),
      ])
      this.#parts.assumed?.wereRead(located, assumed)
      return (await this.#commit(space, steps(located), version)) ? undefined : CONFLICT
    })
  }

  #assumed(
    space: KeySpace,
    keys: readonly string[],
    toReplace: boolean,
  ): readonly Located[] | undefined {
    const { assumed, hooks, store } = this.#parts
    // A store that takes writes without knowing what is there would take it for as was assumed.
    if (!toReplace && store.getToReplace !== undefined) return undefined
    return assumed?.assume(space, keys, !hooks.isHeard)
  }

  /** Commits steps by what is assumed of their rows and of the next versions, if that is right. */
  async #commitAssumed(space: KeySpace, steps: readonly Step[]): Promise<boolean> {
    const { store, assumed } = this.#parts
    const count = steps.length
    const first = store.assumeVersions?.(count)
    if (first === undefined || steps.some(({ located }) => first <= newestVersion(located))) {
      return false
    }
    const isApplied = await this.#commit(space, steps, first, { versions: { first, count } })
    if (isApplied) assumed?.wasRight()
    return isApplied
  }

  /** Writes the first entries of a store, and that it has them, unless somebody has done so. */
  async initialise(space: KeySpace, writes: readonly SetWrite[]): Promise<void> {
    const { store, clock, places } = this.#parts
    const isDone = async () => (await store.get(META, INITIALISED)) !== undefined
    if (await isDone()) return
    if (store.atomicity === 'key') {
      // One by one; whoever comes upon what was left half done goes on with it.
      const insert = (write: SetWrite) =>
        this.change(space, write.key, (entry) => ({
          write: entry === undefined ? write : undefined,
          result: undefined,
        }))
      await Promise.all(writes.map(insert))
      await this.commit([NOT_INITIALISED], [INITIALISE])
      return
    }
    await tries(clock, 'initial', async () => {
      const keys = writes.map(({ key }) => key)
      const located = await places.locate(space, keys)
      const version = await store.nextVersions(keys.length + 1)
      const steps = writes.map((write, at) => ({
        located: located[at] as Located,
        write: { write, keepsDeadline: false },
      }))
      const isApplied = await this.#commit(space, steps, version, INITIAL)
      return isApplied || (await isDone()) ? undefined : CONFLICT
    })
  }

  /** See AsyncEngine.delete(). */
  async delete(space: KeySpace, wanted: readonly string[]): Promise<number> {
    const keys = [...new Set(wanted)]
    if (keys.length > 1 && this.#parts.store.atomicity === 'key') {
      const gone = await Promise.all(keys.map((key) => this.delete(space, [key])))
      return gone.reduce((sum, count) => sum + count, 0)
    }
    if (keys.length === 0) return 0
    return this.#attempts(space, keys, async () => {
      const now = this.#parts.clock.now()
      const rows = (await this.#parts.places.locate(space, keys)).filter(isThere)
      const steps = rows.map((located) => ({ located, write: deletion(space, located.key) }))
      if (!(await this.#commit(space, steps, 0))) return CONFLICT
      // A record that cannot be read counts as one that is there.
      return rows.filter((row) => row.place.damage !== undefined || presentFields(row, now)).length
    })
  }

  /** See AsyncEngine.change(). */
  change<T>(space: KeySpace, key: string, decide: Decide<T>): Promise<T> {
    return tries(this.#parts.clock, space.shown(key), async () => {
      const first = await this.#queue.run([space.idOf(key)], async (): Promise<FirstTry<T>> => {
        // Together: most decisions are to write something, which needs a version.
        const [located, version] = await Promise.all([
          this.#parts.places.locateOne(space, key),
          this.#parts.store.nextVersions(1),
        ])
        const entry = this.#entryAt(located)
        const decided = decide(entry)
        if (isPending(decided)) return { later: decided, version: entry?.version }
        return { result: await this.#settle(space, located, decided, version) }
      })
      if (!('later' in first)) return first.result
      // Outside of the queue: what is awaited may use this very key.
      const decision = await first.later
      if (decision.write === undefined) return decision.result
      return this.#queue.run([space.idOf(key)], async () => {
        const [located, version] = await Promise.all([
          this.#parts.places.locateOne(space, key),
          this.#parts.store.nextVersions(1),
        ])
        const isSame = this.#entryAt(located)?.version === first.version
        return isSame ? this.#settle(space, located, decision, version) : CONFLICT
      })
    })
  }

  /** Resolves when every change that is under way now has ended. */
  idle(): Promise<void> {
    return this.#queue.idle()
  }

  /** Commits a batch that was planned elsewhere, counting it. */
  commit(
    checks: readonly RowCheck[],
    operations: readonly RowOperation[],
    versions?: AssumedVersions,
  ): Promise<boolean> {
    const { promise, store } = this.#parts
    return this.#counted(() => store.commit({ promise, checks, versions, operations }))
  }

  /** Removes all rows of a namespace. */
  async clear(space: KeySpace): Promise<void> {
    await this.#counted(async () => {
      await this.#parts.store.clear(ROWS, space.bounds())
      return true
    })
    this.#parts.assumed?.clear()
    const { hooks, codec } = this.#parts
    if (!hooks.isHeard) return
    const list = new ChangeList(codec)
    list.add('clear', space, '', space.prefix, undefined)
    hooks.committed(list.changes)
  }

  async #counted(commit: () => Promise<boolean>): Promise<boolean> {
    this.begunAndEnded++
    try {
      const notReady = this.#parts.ready()
      if (notReady !== undefined) await notReady
      const isApplied = await commit()
      if (isApplied) this.commits++
      return isApplied
    } catch (error) {
      this.failedCommits++
      throw error
    } finally {
      this.begunAndEnded++
    }
  }

  #attempts<T>(
    space: KeySpace,
    keys: readonly string[],
    attempt: () => Promise<T | typeof CONFLICT>,
  ): Promise<T> {
    const ids = keys.map((key) => space.idOf(key))
    const [first] = keys as readonly [string]
    return tries(this.#parts.clock, space.shown(first), () => this.#queue.run(ids, attempt))
  }

  async #located(
    space: KeySpace,
    keys: readonly string[],
    toReplace: boolean,
  ): Promise<readonly Located[]> {
    const { places } = this.#parts
    const [first] = keys as readonly [string]
    return keys.length === 1
      ? [await places.locateOne(space, first, { toReplace })]
      : places.locate(space, keys, { toReplace })
  }

  /** The live entry at a place. Throws UnreadableRecordError. */
  #entryAt(located: Located): Entry | undefined {
    const fields = liveFields(located, this.#parts.clock.now())
    return fields && Entry.whole(located.key, fields, this.#parts.codec)
  }

  async #settle<T>(
    space: KeySpace,
    located: Located,
    { write, result }: Decision<T>,
    version: number,
  ): Promise<T | typeof CONFLICT> {
    if (write === undefined) return result
    const isNothing = write.kind === 'delete' && !isThere(located)
    const steps = isNothing ? [] : [{ located, write: { write, keepsDeadline: false } }]
    return (await this.#commit(space, steps, version)) ? result : CONFLICT
  }

  /** Commits steps whose writes take the versions from `version` on, and what else goes with them. */
  async #commit(
    space: KeySpace,
    steps: readonly Step[],
    version: number,
    beside: Partial<Batch> = {},
  ): Promise<boolean> {
    if (steps.length === 0 && beside.operations === undefined) return true
    // Taken at the same time as the records were read, it may be older than one of them, or than what
    // invalidated it.
    const isOld = steps.some(
      ({ located, write }) => write.write.kind === 'set' && version <= newestVersion(located),
    )
    // With another version, what was decided by an entry would outlive its invalidation in between.
    if (isOld && steps.some(({ located }) => isLiveWithTags(located))) return false
    const first = isOld ? await this.#parts.store.nextVersions(steps.length) : version
    const checks: RowCheck[] = [...(beside.checks ?? [])]
    const operations: RowOperation[] = [...(beside.operations ?? [])]
    const plans = steps.map((step, at) => this.#plans.plan(space, step, first + at))
    for (const plan of plans) {
      checks.push(...plan.checks)
      operations.push(...plan.operations)
    }
    const changes = this.#changes(space, steps, plans)
    const { assumed, hooks } = this.#parts
    if (assumed !== undefined) for (const { storageKey } of plans) assumed.writing(storageKey)
    try {
      const isApplied = await this.commit(checks, operations, beside.versions)
      if (assumed !== undefined) this.#learn(assumed, steps, plans, isApplied)
      if (isApplied && changes !== undefined) hooks.committed(changes.changes)
      return isApplied
    } finally {
      // Also after a failure, which may have come after the batch was applied.
      for (const { storageKey } of plans) this.#parts.cache.drop(space, storageKey)
    }
  }

  #learn(
    assumed: AssumedRows,
    steps: readonly Step[],
    plans: readonly Plan[],
    isApplied: boolean,
  ): void {
    for (const [at, { storageKey, operations }] of plans.entries()) {
      const { write } = (steps[at] as Step).write
      const operation = operations.at(-1)
      if (!isApplied) assumed.refused(storageKey)
      else if (operation?.kind !== 'put' || write.kind !== 'set') assumed.removed(storageKey)
      else assumed.wrote(storageKey, operation.record, write.tags.length > 0)
    }
  }

  /** What the steps do, if anybody wants to hear of it. */
  #changes(
    space: KeySpace,
    steps: readonly Step[],
    plans: readonly Plan[],
  ): ChangeList | undefined {
    const { hooks, codec, clock } = this.#parts
    if (!hooks.isHeard) return undefined
    const list = new ChangeList(codec)
    steps.forEach(({ located: { key, place, record } }, at) => {
      // The last one: what went before, if anything, was an entry that had expired.
      const operation = plans[at]?.operations.at(-1) as RowOperation
      const isPast = isExpired(place.fields?.expiresAt ?? 0, clock.now())
      const readable = place.fields && record
      if (isPast) list.add('expire', space, key, operation.key, readable)
      if (operation.kind === 'put') list.add('set', space, key, operation.key, operation.record)
      else if (!isPast) list.add('delete', space, key, operation.key, readable)
    })
    return list
  }
}

/** Whether a row is there to be deleted. Throws if it is not, and might be one that cannot be read. */
function isThere({ place, record }: Located): boolean {
  if (record === undefined && place.doubt !== undefined) throw place.doubt
  return record !== undefined
}

/** What a new version must be above: the record's, and that of its invalidation. */
function newestVersion({ place: { fields }, invalidatedAt }: Located): number {
  return Math.max(fields?.version ?? 0, invalidatedAt)
}

function isLiveWithTags({ place: { fields }, invalidatedAt }: Located): boolean {
  return fields !== undefined && fields.tags.length > 0 && fields.version >= invalidatedAt
}

function deletion(space: KeySpace, key: string): AsyncWrite {
  return { write: { kind: 'delete', space, key }, keepsDeadline: false }
}
