/** Two stores as one: what may be asked for, and what is made of it. */
import { DecodedRecord } from '../codec/record.js'
import { ROWS } from '../engine/row.js'
import { OptionError } from '../errors/option-error.js'
import { refuseUnknown } from '../errors/unknown-option.js'
import { asyncIdentity, asyncOver } from '../store/async-over.js'
import type { AsyncStore } from '../store/async-store.js'
import type { SyncStore } from '../store/sync-store.js'
import { TieredStore } from '../store/tiered/tiered-store.js'

/** The two stores of tiered(), and how they work together. */
export interface TieredOptions {
  /**
   * The store that answers, and keeps copies: LMDB, which all processes of a host share, memory,
   * SQLite or files. It must be used for nothing else.
   */
  readonly near: SyncStore
  /** The store that has everything: Redis, or one of SQLite, files and memory. */
  readonly far: AsyncStore | SyncStore
  /**
   * `'through'`: a write is done when the far store has it. `'behind'`: when the near store has it; it
   * is sent to the far one soon, and again until that succeeds. Then the last write wins where two
   * hosts write one key. Needs a near store that survives.
   * @default 'through'
   */
  readonly write?: 'through' | 'behind' | undefined
  /**
   * What a read does when the far store fails. `'throw'`: rejects. `'serve-near'`: answers from a copy
   * that may be out of date, if there is one that has not expired. Each failure is an error event.
   * @default 'throw'
   */
  readonly onFarError?: 'throw' | 'serve-near' | undefined
  /** Copies beyond this are dropped, the oldest first. At least 100. @default 1,000,000 */
  readonly maxRows?: number | undefined
  /** Copies whose keys and records take more bytes than this are dropped, the oldest first. @default 2 ** 30 */
  readonly maxBytes?: number | undefined
  /** Rows that may wait to be sent under `'behind'`; writes beyond wait for the far store. @default 100,000 */
  readonly maxQueued?: number | undefined
}

const NAMES = ['near', 'far', 'write', 'onFarError', 'maxRows', 'maxBytes', 'maxQueued'] as const

const DEFAULT_MAX_ROWS = 1_000_000
const DEFAULT_MAX_BYTES = 2 ** 30
const DEFAULT_MAX_QUEUED = 100_000

/** A batch relies on the copies of all rows that it checks. */
const LEAST_ROWS = 100

/** Makes one asynchronous store of two; closing it closes both. Throws OptionError. */
export function tiered(options: TieredOptions): AsyncStore {
  refuseUnknown(options, NAMES, 'tiered()')
  const { near, write = 'through', onFarError = 'throw' } = options
  oneOf('write', write, ['through', 'behind'])
  oneOf('onFarError', onFarError, ['throw', 'serve-near'])
  if (typeof near?.transaction !== 'function') {
    throw new OptionError('near', 'near must be a synchronous store, such as lmdbStore().')
  }
  if (write === 'behind' && near.kind === 'memory') {
    throw new OptionError(
      'near',
      "write: 'behind' needs a near store that survives: writes that wait in memory would be lost.",
    )
  }
  const far = farOf(options.far)
  if (options.far === near || far.identity === asyncIdentity(near)) {
    throw new OptionError('near', 'near and far must be two stores, and are one.')
  }
  return new TieredStore({
    near,
    far,
    write,
    onFarError,
    limits: {
      maxRows: atLeast('maxRows', options.maxRows ?? DEFAULT_MAX_ROWS, LEAST_ROWS),
      maxBytes: atLeast('maxBytes', options.maxBytes ?? DEFAULT_MAX_BYTES, 1),
    },
    maxQueued: atLeast('maxQueued', options.maxQueued ?? DEFAULT_MAX_QUEUED, 1),
    deadlineOf,
  })
}

function farOf(far: AsyncStore | SyncStore): AsyncStore {
  if (typeof (far as AsyncStore)?.commit === 'function') return far as AsyncStore
  if (typeof (far as SyncStore)?.transaction !== 'function') {
    throw new OptionError('far', 'far must be a store, such as redisStore() or sqliteStore().')
  }
  const store = far as SyncStore
  if (store.kind === 'lmdb') {
    throw new OptionError('far', 'LMDB can be the near store. As the far one, use SQLite or files.')
  }
  return asyncOver(store)
}

/** The deadline in a record's header; 0 for rows of other buckets, whose bytes may look like one. */
function deadlineOf(bucket: string, record: Uint8Array): number {
  if (bucket !== ROWS) return 0
  try {
    const { expiresAt, grace } = new DecodedRecord(record)
    // Until then, somebody may want it.
    return grace?.until ?? expiresAt
  } catch {
    // The row has no deadline that we know of: the far store drops it, and then tells us.
    return 0
  }
}

function oneOf(option: string, value: string, known: readonly string[]): void {
  if (known.includes(value)) return
  const list = known.map((each) => `'${each}'`).join(' or ')
  throw new OptionError(option, `${option} must be ${list}.`)
}

function atLeast(option: string, value: unknown, least: number): number {
  if (typeof value === 'number' && value >= least) return value
  throw new OptionError(option, `${option} must be a number of at least ${least}.`)
}
