/**
 * Sealing everything in an AsyncStore anew, after the keys have changed: rotation.ts for AsyncStores.
 *
 * Each row is put with a check that it is as it was read, so what others write meanwhile stays; a step
 * is some rows at once. It happens where all hosts agree, so a row that waits to be sent by another
 * host under the old key comes later: all hosts must have sent what they had when this begins.
 */
import { type Clock, nextTurn } from '../../clock.js'
import { HIDDEN } from '../../errors/hidden.js'
import { OptionError } from '../../errors/option-error.js'
import { type AsyncStore, type CommonRows, commonRows } from '../../store/async-store.js'
import type { StoreRow } from '../../store/sync-store.js'
import { META } from '../format-identity.js'
import { leaseDeadline } from '../leases/async-leases.js'
import { decodeLease, LEASES } from '../leases/lease-row.js'
import {
  advanced,
  type Deadlines,
  progressIn,
  progressRow,
  RESEAL_STEP_ROWS,
  type Resealed,
  ROTATION,
  type RotationOptions,
  type RotationReport,
  rangeAfter,
  resealed,
  targetOf,
} from '../resealing.js'
import { ROWS } from '../row.js'
import { resealedRow, SECRETS } from '../secrets-row.js'
import { TAGS } from '../tags.js'
import { QUARANTINE } from '../upkeep/quarantine.js'
import { NAMESPACES } from './remote-namespaces.js'
import { CHAINS } from './remote-places.js'
import { SealedAsyncStore } from './sealed-async-store.js'
import { CONFLICT, tries } from './tries.js'

/** All buckets, in the order in which they are sealed anew. Positions are stored for a while only. */
export const REMOTE_BUCKETS: readonly string[] = [
  ROWS,
  NAMESPACES,
  CHAINS,
  TAGS,
  QUARANTINE,
  LEASES,
  META,
]

/** The deadlines with which rows are put into an AsyncStore. */
const DEADLINES: Deadlines = {
  ofEntry: ({ expiresAt, grace }) => grace?.until ?? expiresAt,
  ofSideRow(bucket, plain) {
    const lease = bucket === LEASES ? decodeLease(plain) : undefined
    return lease === undefined ? 0 : leaseDeadline(lease)
  },
}

/** Seals anew what the present key has not sealed. Rejects with OptionError for a plain store. */
export async function rotateRemoteKeys(
  store: AsyncStore,
  clock: Clock,
  { signal, onProgress }: RotationOptions,
): Promise<RotationReport> {
  if (!(store instanceof SealedAsyncStore)) {
    throw new OptionError('cipher', 'rotateKeys() needs a dict that was opened with a cipher.')
  }
  const rotation = new RemoteRotation(store, clock)
  for (;;) {
    const { isDone, resealed, unreadable } = await rotation.step()
    if (isDone) return { resealed, unreadable }
    onProgress?.({ resealed, unreadable })
    // A store that answers at once would keep everybody else waiting.
    await nextTurn()
    signal?.throwIfAborted()
  }
}

class RemoteRotation {
  readonly #store: SealedAsyncStore
  readonly #rows: CommonRows
  readonly #clock: Clock
  readonly #to: string

  constructor(store: SealedAsyncStore, clock: Clock) {
    this.#store = store
    this.#rows = commonRows(store.inner)
    this.#clock = clock
    this.#to = targetOf(store.secrets)
  }

  async step(): Promise<RotationReport & { readonly isDone: boolean }> {
    const seen = await this.#rows.get(META, ROTATION)
    const before = progressIn(seen, this.#to)
    const bucket = REMOTE_BUCKETS[before.bucket]
    if (bucket === undefined) {
      await this.#finish()
      return { ...before, isDone: true }
    }
    const rows = await this.#rows.scan(bucket, rangeAfter(before), RESEAL_STEP_ROWS)
    const outcomes = await Promise.all(rows.map((row) => this.#reseal(bucket, row)))
    const progress = advanced(before, rows, outcomes)
    // If somebody else has gone on meanwhile, the next step is theirs, too.
    await this.#put(META, ROTATION, seen, progressRow(progress), 0)
    return { ...progress, isDone: false }
  }

  /** A row that was changed meanwhile is looked at again: perhaps with the old key. */
  #reseal(bucket: string, row: StoreRow): Promise<Resealed['done']> {
    const { key } = row
    let record: Uint8Array | undefined = row.record
    return tries(this.#clock, HIDDEN, async () => {
      if (record === undefined) return 'current'
      const next = resealed(this.#store.secrets, DEADLINES, bucket, { key, record })
      if (next.done !== 'resealed') return next.done
      if (await this.#put(bucket, key, record, next.record, next.deadline)) return next.done
      record = await this.#rows.get(bucket, key)
      return CONFLICT
    })
  }

  async #finish(): Promise<void> {
    // What was sealed anew must not be lost when nothing but the new key opens the store.
    await this.#store.sync()
    const { location, secrets } = this.#store
    await tries(this.#clock, HIDDEN, async () => {
      const row = await this.#rows.get(META, SECRETS)
      const next = row && resealedRow(location, row, secrets)
      return next === undefined || (await this.#put(META, SECRETS, row, next, 0)) || CONFLICT
    })
    const operations = [{ kind: 'delete', bucket: META, key: ROTATION }] as const
    await this.#rows.commit({ promise: 'synced', checks: [], operations })
  }

  #put(
    bucket: string,
    key: Uint8Array,
    starts: Uint8Array | undefined,
    record: Uint8Array,
    deadline: number,
  ): Promise<boolean> {
    const checks = [{ bucket, key, starts }]
    const operations = [{ kind: 'put', bucket, key, record, deadline }] as const
    return this.#store.commitSealed({ promise: 'committed', checks, operations }, this.#rows)
  }
}
