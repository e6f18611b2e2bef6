/**
 * What a store was written with, kept in the store and compared at every open.
 *
 *     'format' → {"format": 1, "serializer": "msgpack", "keySerializer": "string", …}
 */
import { FORMAT_VERSION } from '../codec/record.js'
import { isBuiltInSerializer } from '../codec/serializer.js'
import { CipherMismatchError } from '../errors/cipher-errors.js'
import { DamagedStoreError, FormatMismatchError } from '../errors/open-errors.js'
import type { SyncStore } from '../store/sync-store.js'
import { COUNTS } from './count.js'
import { LEASES } from './leases/lease-row.js'
import { ROWS } from './row.js'
import { TAGS } from './tags.js'

export const META = 'meta'
export const FORMAT = Buffer.from('format')

/** In the meta bucket, once a dict was opened with or without initial entries. */
export const INITIALISED = Buffer.from('initialised')

/** The settings on which everything in a store depends. */
export interface FormatIdentity {
  readonly serializer: string
  readonly keySerializer: string
  readonly keySizeLimit: number
  readonly digestBytes: number
  readonly keyHash: string
  /** Left out for a store that is not encrypted. */
  readonly cipher?: 'sealed' | undefined
  /** Which keys are hashed; left out for long ones only. */
  readonly hashKeys?: 'always' | undefined
}

/** A row that a new store gets together with its identity. */
export interface FirstRow {
  readonly key: Uint8Array
  /** Called for a new store only. It may take long: no transaction waits for it. */
  make(): Uint8Array
}

/**
 * Writes the identity into a new store; compares it with an existing one's. Throws CipherMismatchError,
 * or FormatMismatchError naming both sides, having changed nothing.
 */
export function checkIdentity(store: SyncStore, asked: FormatIdentity, first?: FirstRow): void {
  const row = store.get(META, FORMAT)
  if (row !== undefined) {
    compareIdentity(store.location, row, asked)
    return
  }
  const firstRow = first?.make()
  store.transaction('synced', (tx) => {
    const now = tx.get(META, FORMAT)
    // Another process may have come first.
    if (now !== undefined) {
      compareIdentity(store.location, now, asked)
      return
    }
    tx.put(META, FORMAT, identityRow(asked), 0)
    if (first !== undefined) tx.put(META, first.key, firstRow as Uint8Array, 0)
    // On LMDB, who looks into a bucket that was never used makes it, by a commit of its own. So those that
    // every reader and the sweeper look into are made here: who only reads commits nothing.
    for (const bucket of [ROWS, COUNTS, TAGS, LEASES]) tx.get(bucket, FORMAT)
    tx.due(ROWS, 0, 1)
  })
}

/** The row that says what a store is written with. */
export function identityRow(asked: FormatIdentity): Uint8Array {
  return Buffer.from(JSON.stringify({ format: FORMAT_VERSION, ...asked }))
}

/**
 * Throws CipherMismatchError, FormatMismatchError for the first setting that differs, or
 * DamagedStoreError for no identity.
 */
export function compareIdentity(location: string, row: Uint8Array, asked: FormatIdentity): void {
  const stored = parse(location, row)
  if (stored.format !== FORMAT_VERSION) {
    throw new FormatMismatchError('format', stored.format, FORMAT_VERSION)
  }
  const { cipher = 'none', hashKeys = 'long', ...settings } = asked
  const sealed = stored.cipher ?? 'none'
  if (sealed !== cipher) throw new CipherMismatchError(location, String(sealed))
  for (const [setting, value] of Object.entries(settings)) {
    if (setting === 'serializer' && isReadableBy(stored.serializer, value)) continue
    if (stored[setting] !== value) throw new FormatMismatchError(setting, stored[setting], value)
  }
  const hashed = stored.hashKeys ?? 'long'
  if (hashed !== hashKeys) throw new FormatMismatchError('hashKeys', hashed, hashKeys)
}

/**
 * Whether everybody who may have the store open can read the records of both serializers: each says
 * which one made it, but a serializer of the user's is known only to those who were given it.
 */
function isReadableBy(stored: unknown, asked: unknown): boolean {
  return isBuiltInSerializer(stored) && isBuiltInSerializer(asked)
}

function parse(location: string, row: Uint8Array): Record<string, unknown> {
  try {
    const identity: unknown = JSON.parse(Buffer.from(row).toString('utf8'))
    if (typeof identity !== 'object' || identity === null) throw new TypeError('is no object')
    return identity as Record<string, unknown>
  } catch (cause) {
    throw new DamagedStoreError(location, 'its format identity is not readable', { cause })
  }
}
