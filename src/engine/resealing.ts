/**
 * Sealing rows anew after the keys have changed: what a row becomes, and what is remembered of how far
 * it got. Knows no store; rotation.ts and async/remote-rotation.ts go through one.
 *
 *     'rotation' → {"to": "aes-256-gcm 1f0c…", "bucket": 3, "after": "…", "resealed": 42, "unreadable": 0}
 */
import type { StoreSecrets } from '../codec/cipher/store-secrets.js'
import { type DecodedRecord, decodeRecord } from '../codec/record.js'
import { openRecord, resealRecord } from '../codec/sealed-record.js'
import type { StoreRow } from '../store/sync-store.js'
import { FORMAT, META } from './format-identity.js'
import { MESSAGES } from './message-count.js'
import { ROWS } from './row.js'
import { resealedSideRow } from './row-sealer.js'
import { SECRETS } from './secrets-row.js'

/** Rows of a step: about a millisecond. A step also ends after about SCAN_STEP_BYTES. */
export const RESEAL_STEP_ROWS = 128

/** In the bucket `meta`, while sealing anew is under way. */
export const ROTATION = Buffer.from('rotation')

/** Rows of the bucket `meta` that are not sealed: they are needed before there is a key. */
const IN_PLAIN: readonly string[] = [FORMAT, SECRETS, ROTATION].map(String)

/** What rotateKeys() did. */
export interface RotationReport {
  /**
   * Rows that were sealed anew, by all who took part since it was begun. Over an AsyncStore, some are
   * not counted if several did so at once.
   */
  readonly resealed: number
  /** Rows that no key opens. They were left as they are. */
  readonly unreadable: number
}

/** Options of rotateKeys(). */
export interface RotationOptions {
  /** Ends it between two steps, with the signal's reason. Call again, and it goes on there. */
  readonly signal?: AbortSignal | undefined
  /** Called after each step with what was done since it was begun, by all who take part. */
  readonly onProgress?: ((done: RotationReport) => void) | undefined
}

/** The names of all options. */
export const ROTATION_OPTIONS = ['signal', 'onProgress'] as const

export interface Progress extends RotationReport {
  /** The cipher and the key that everything is sealed with. */
  readonly to: string
  /** Its position among all buckets. */
  readonly bucket: number
  /** The last key of the bucket that was looked at, in hexadecimal. */
  readonly after: string
}

/** With which deadlines rows are put. */
export interface Deadlines {
  ofEntry(record: DecodedRecord): number
  /** Of a row of any other bucket, in plain. */
  ofSideRow(bucket: string, plain: Uint8Array): number
}

export type Resealed =
  | { readonly done: 'current' | 'unreadable' }
  | { readonly done: 'resealed'; readonly record: Uint8Array; readonly deadline: number }

/** What becomes of a row, which stays as it is unless it is resealed. */
export function resealed(
  secrets: StoreSecrets,
  deadlines: Deadlines,
  bucket: string,
  row: StoreRow,
): Resealed {
  if (bucket === META && isInPlain(row.key)) return { done: 'current' }
  try {
    const next =
      bucket === ROWS
        ? resealedEntry(secrets, deadlines, row)
        : resealedSide(secrets, deadlines, bucket, row)
    return next === undefined ? { done: 'current' } : { done: 'resealed', ...next }
  } catch {
    return { done: 'unreadable' }
  }
}

/** What is sealed towards, by a name that tells nothing of the key. */
export function targetOf({ cipher }: StoreSecrets): string {
  return `${cipher.id} ${cipher.keyId ?? ''}`
}

/** How far it got; the beginning, if that was towards another key. */
export function progressIn(row: Uint8Array | undefined, to: string): Progress {
  const beginning = { to, bucket: 0, after: '', resealed: 0, unreadable: 0 }
  if (row === undefined) return beginning
  try {
    const progress = JSON.parse(Buffer.from(row).toString('utf8')) as Progress
    return progress.to === to ? progress : beginning
  } catch {
    return beginning
  }
}

/** The progress after a step that looked at these rows, with what became of them. */
export function advanced(
  before: Progress,
  rows: readonly StoreRow[],
  outcomes: readonly Resealed['done'][],
): Progress {
  const last = rows.at(-1)
  const count = (done: Resealed['done']) => outcomes.filter((each) => each === done).length
  const place =
    last === undefined
      ? { bucket: before.bucket + 1, after: '' }
      : { bucket: before.bucket, after: Buffer.from(last.key).toString('hex') }
  return {
    to: before.to,
    ...place,
    resealed: before.resealed + count('resealed'),
    unreadable: before.unreadable + count('unreadable'),
  }
}

/** The rows that come next. */
export function rangeAfter({ after }: Progress): { after?: Uint8Array } {
  return after === '' ? {} : { after: Buffer.from(after, 'hex') }
}

export function progressRow(progress: Progress): Uint8Array {
  return Buffer.from(JSON.stringify(progress))
}

function resealedEntry(
  secrets: StoreSecrets,
  deadlines: Deadlines,
  { key, record }: StoreRow,
): { record: Uint8Array; deadline: number } | undefined {
  const sealed = decodeRecord(key, record)
  if (secrets.isCurrent(sealed.suite, sealed.payload)) return undefined
  const opened = openRecord(secrets, ROWS, key, sealed)
  // The version stays: it is the same entry, to caches and to compareAndSet(). A copy: it is lent.
  const next = Uint8Array.prototype.slice.call(resealRecord(secrets, ROWS, key, opened))
  return { record: next, deadline: deadlines.ofEntry(sealed) }
}

function resealedSide(
  secrets: StoreSecrets,
  deadlines: Deadlines,
  bucket: string,
  { key, record }: StoreRow,
): { record: Uint8Array; deadline: number } | undefined {
  const row = resealedSideRow(secrets, bucket, key, record)
  return row && { record: row.sealed, deadline: deadlines.ofSideRow(bucket, row.plain) }
}

function isInPlain(key: Uint8Array): boolean {
  const name = Buffer.from(key).toString('utf8')
  return IN_PLAIN.includes(name) || name.startsWith(MESSAGES)
}
