/**
 * Sealing everything anew, after the keys have changed.
 *
 * In steps, each one transaction that reads rows and seals those anew which the present key has not
 * sealed. So nobody is kept waiting, and nothing that others write meanwhile is lost. How far it got is
 * a row of the bucket `meta`; see resealing.ts.
 *
 * A crash costs nothing but the step; whoever calls next goes on there, and several may go on together.
 * The row of secrets comes last: until then no open does without the old key, and nobody can lose it
 * too early.
 */

import { ByteReader } from '../bytes.js'
import { nextTurn } from '../clock.js'
import type { StoreSecrets } from '../codec/cipher/store-secrets.js'
import { ClosedError } from '../errors/open-errors.js'
import { OptionError } from '../errors/option-error.js'
import type { StoreTransaction } from '../store/sync-store.js'
import { ACCESSED } from './access-times.js'
import { USED } from './capacity/accounts.js'
import { HANDS, MOVED, QUEUE } from './capacity/eviction-queue.js'
import { CHANGES } from './change-log.js'
import { COUNTS } from './count.js'
import type { Engine } from './engine.js'
import { META } from './format-identity.js'
import { LEASES } from './leases/lease-row.js'
import {
  advanced,
  type Deadlines,
  progressIn,
  progressRow,
  RESEAL_STEP_ROWS,
  ROTATION,
  type RotationOptions,
  type RotationReport,
  rangeAfter,
  resealed,
  targetOf,
} from './resealing.js'
import { ROWS } from './row.js'
import { SealedStore } from './sealed-store.js'
import { resealedRow, SECRETS } from './secrets-row.js'
import { TAGS } from './tags.js'
import { QUARANTINE } from './upkeep/quarantine.js'

/** All buckets, in the order in which they are sealed anew. Positions are stored for a while only. */
export const SEALED_BUCKETS: readonly string[] = [
  ROWS,
  COUNTS,
  TAGS,
  ACCESSED,
  QUARANTINE,
  CHANGES,
  USED,
  QUEUE,
  MOVED,
  HANDS,
  LEASES,
  META,
]

/** The deadlines that a synchronous store knows of its rows. */
const DEADLINES: Deadlines = {
  ofEntry: (record) => record.dueAt,
  // The deadlines of this bucket are what its rows hold.
  ofSideRow: (bucket, plain) => (bucket === ACCESSED ? new ByteReader(plain, 0).uint48() : 0),
}

/** Seals anew what the present key has not sealed. Rejects with OptionError for a plain store. */
export async function rotateKeys(
  engine: Engine,
  { signal, onProgress }: RotationOptions,
): Promise<RotationReport> {
  const { store, durability } = engine
  if (!(store instanceof SealedStore)) {
    throw new OptionError('cipher', 'rotateKeys() needs a dict that was opened with a cipher.')
  }
  const promise = durability === 'commit' ? 'committed' : 'synced'
  const rotation = new Rotation(store)
  for (;;) {
    if (engine.isClosed) throw new ClosedError()
    const { isDone, resealed, unreadable } = store.rawTransaction(promise, rotation.step)
    if (isDone) return { resealed, unreadable }
    onProgress?.({ resealed, unreadable })
    await nextTurn()
    signal?.throwIfAborted()
  }
}

class Rotation {
  readonly #location: string
  readonly #secrets: StoreSecrets
  readonly #to: string

  constructor({ location, secrets }: SealedStore) {
    this.#location = location
    this.#secrets = secrets
    this.#to = targetOf(secrets)
  }

  readonly step = (tx: StoreTransaction): RotationReport & { readonly isDone: boolean } => {
    const before = progressIn(tx.get(META, ROTATION), this.#to)
    const bucket = SEALED_BUCKETS[before.bucket]
    if (bucket === undefined) {
      this.#finish(tx)
      return { ...before, isDone: true }
    }
    const rows = tx.scan(bucket, rangeAfter(before), RESEAL_STEP_ROWS)
    const outcomes = rows.map((row) => {
      const next = resealed(this.#secrets, DEADLINES, bucket, row)
      if (next.done === 'resealed') tx.put(bucket, row.key, next.record, next.deadline)
      return next.done
    })
    const progress = advanced(before, rows, outcomes)
    tx.put(META, ROTATION, progressRow(progress), 0)
    return { ...progress, isDone: false }
  }

  #finish(tx: StoreTransaction): void {
    const row = tx.get(META, SECRETS)
    const next = row && resealedRow(this.#location, row, this.#secrets)
    if (next !== undefined) tx.put(META, SECRETS, next, 0)
    tx.delete(META, ROTATION)
  }
}
