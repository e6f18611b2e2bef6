/**
 * Sealing everything anew, after the keys have changed.
 *
 * In steps, each one transaction that reads rows and seals those anew which the present key has not
 * sealed. So nobody is kept waiting, and nothing that others write meanwhile is lost. How far it got is
 * a row of the bucket `meta`:
 *
 *     'rotation' → {"to": "aes-256-gcm 1f0c…", "bucket": 3, "after": "…", "resealed": 42, "unreadable": 0}
 *
 * A crash costs nothing but the step; whoever calls next goes on there, and several may go on together.
 * The row of secrets comes last: until then no open does without the old key, and nobody can lose it
 * too early.
 */

import { ByteReader } from '../bytes.js'
import { nextTurn } from '../clock.js'
import type { StoreSecrets } from '../codec/cipher/store-secrets.js'
import { decodeRecord } from '../codec/record.js'
import { openRecord, resealRecord } from '../codec/sealed-record.js'
import { ClosedError } from '../errors/open-errors.js'
import { OptionError } from '../errors/option-error.js'
import type { StoreRow, StoreTransaction } from '../store/sync-store.js'
import { ACCESSED } from './access-times.js'
import { USED } from './capacity/accounts.js'
import { HANDS, MOVED, QUEUE } from './capacity/eviction-queue.js'
import { CHANGES } from './change-log.js'
import { COUNTS } from './count.js'
import type { Engine } from './engine.js'
import { FORMAT, META } from './format-identity.js'
import { LEASES } from './leases/lease-row.js'
import { MESSAGES } from './message-count.js'
import { ROWS } from './row.js'
import { resealedSideRow } from './row-sealer.js'
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

/** Rows of a step: about a millisecond. A step also ends after about SCAN_STEP_BYTES. */
const STEP_ROWS = 128

const ROTATION = Buffer.from('rotation')

/** Rows of the bucket `meta` that are not sealed: they are needed before there is a key. */
const IN_PLAIN: readonly string[] = [FORMAT, SECRETS, ROTATION].map(String)

/** What rotateKeys() did. */
export interface RotationReport {
  /** Rows that were sealed anew, by all who took part since it was begun. */
  readonly resealed: number
  /** Rows that no key opens. They were left as they are. */
  readonly unreadable: number
}

interface Progress extends RotationReport {
  /** The cipher and the key that everything is sealed with. */
  readonly to: string
  readonly bucket: number
  /** The last key of the bucket that was looked at, in hexadecimal. */
  readonly after: string
}

/** Seals anew what the present key has not sealed. Rejects with OptionError for a plain store. */
export async function rotateKeys(engine: Engine): Promise<RotationReport> {
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
    await nextTurn()
  }
}

class Rotation {
  readonly #location: string
  readonly #secrets: StoreSecrets
  readonly #to: string

  constructor({ location, secrets }: SealedStore) {
    const { id, keyId } = secrets.cipher
    this.#location = location
    this.#secrets = secrets
    this.#to = `${id} ${keyId ?? ''}`
  }

  readonly step = (tx: StoreTransaction): RotationReport & { readonly isDone: boolean } => {
    const before = this.#progress(tx)
    const bucket = SEALED_BUCKETS[before.bucket]
    if (bucket === undefined) {
      this.#finish(tx)
      return { ...before, isDone: true }
    }
    const range = before.after === '' ? {} : { after: Buffer.from(before.after, 'hex') }
    const rows = tx.scan(bucket, range, STEP_ROWS)
    let { resealed, unreadable } = before
    for (const row of rows) {
      const done = this.#reseal(tx, bucket, row)
      if (done === 'resealed') resealed++
      if (done === 'unreadable') unreadable++
    }
    const last = rows.at(-1)
    const place =
      last === undefined
        ? { bucket: before.bucket + 1, after: '' }
        : { bucket: before.bucket, after: Buffer.from(last.key).toString('hex') }
    const progress: Progress = { to: this.#to, ...place, resealed, unreadable }
    tx.put(META, ROTATION, Buffer.from(JSON.stringify(progress)), 0)
    return { ...progress, isDone: false }
  }

  #reseal(
    tx: StoreTransaction,
    bucket: string,
    row: StoreRow,
  ): 'resealed' | 'unreadable' | 'current' {
    if (bucket === META && isInPlain(row.key)) return 'current'
    try {
      return bucket === ROWS ? this.#resealEntry(tx, row) : this.#resealSide(tx, bucket, row)
    } catch {
      return 'unreadable'
    }
  }

  #resealEntry(tx: StoreTransaction, { key, record }: StoreRow): 'resealed' | 'current' {
    const sealed = decodeRecord(key, record)
    if (this.#secrets.isCurrent(sealed.suite, sealed.payload)) return 'current'
    const opened = openRecord(this.#secrets, ROWS, key, sealed)
    // The version stays: it is the same entry, to caches and to compareAndSet().
    tx.put(ROWS, key, resealRecord(this.#secrets, ROWS, key, opened), sealed.dueAt)
    return 'resealed'
  }

  #resealSide(
    tx: StoreTransaction,
    bucket: string,
    { key, record }: StoreRow,
  ): 'resealed' | 'current' {
    const row = resealedSideRow(this.#secrets, bucket, key, record)
    if (row === undefined) return 'current'
    // The deadlines of this bucket are what its rows hold.
    const deadline = bucket === ACCESSED ? new ByteReader(row.plain, 0).uint48() : 0
    tx.put(bucket, key, row.sealed, deadline)
    return 'resealed'
  }

  #finish(tx: StoreTransaction): void {
    const row = tx.get(META, SECRETS)
    const resealed = row && resealedRow(this.#location, row, this.#secrets)
    if (resealed !== undefined) tx.put(META, SECRETS, resealed, 0)
    tx.delete(META, ROTATION)
  }

  /** How far it got; the beginning, if that was towards another key. */
  #progress(tx: StoreTransaction): Progress {
    const beginning = { to: this.#to, bucket: 0, after: '', resealed: 0, unreadable: 0 }
    const row = tx.get(META, ROTATION)
    if (row === undefined) return beginning
    try {
      const progress = JSON.parse(Buffer.from(row).toString('utf8')) as Progress
      return progress.to === this.#to ? progress : beginning
    } catch {
      return beginning
    }
  }
}

function isInPlain(key: Uint8Array): boolean {
  const name = Buffer.from(key).toString('utf8')
  return IN_PLAIN.includes(name) || name.startsWith(MESSAGES)
}
