/**
 * The part of the lmdb package that we use, with types, loaded when the first store opens.
 *
 * Loading it late keeps `import 'persistdict'` cheap, and a missing native module an error of open()
 * rather than of the import.
 */
import { createRequire } from 'node:module'
import { NativeModuleError } from '../../errors/open-errors.js'
import { plainView } from './lent-values.js'

/** lmdb's low-level environment. Its synchronous calls do exactly what the C library does. */
export interface NativeEnvironment {
  open(options: NativeOpenOptions, flags: number, jsFlags: number): void
  /** Takes LMDB's writer lock, waiting for it. Failures are not reported: see `getWriteTxnId`. */
  beginTxn(flags: number): void
  commitTxn(): boolean
  abortTxn(): void
  /** 0 when the last `beginTxn` failed. */
  getWriteTxnId(): number
  info(): { lastTxnId: number; lastPageNumber: number; mapSize: number; numReaders: number }
  readerCheck(): number
  sync(): void
  close(): void
}

interface NativeOpenOptions {
  path: string
  keyBytes: Uint8Array
  maxDbs: number
  mapSize: number
  maxReaders: number
}

/** One named database. */
export interface NativeDatabase {
  getBinary(key: Uint8Array, from?: { transaction: NativeSnapshot }): Uint8Array | undefined
  /** In a buffer that the next read overwrites; its `length` is set to that of the value. */
  getBinaryFast(key: Uint8Array): Uint8Array | undefined
  /** Keys and values may be lent, until the next. */
  getRange(options: NativeRange): Iterable<{ key: Uint8Array; value: Uint8Array }>
  getKeys(options: NativeRange): Iterable<Uint8Array>
  put(key: Uint8Array, value: Uint8Array): unknown
  /**
   * Inside a write transaction; false, and nothing done, if there is a value already, or with `append` if
   * the key does not come after all that are there.
   */
  putSync(
    key: Uint8Array,
    value: Uint8Array,
    options: { readonly noOverwrite: true } | { readonly append: true },
  ): boolean
  removeSync(key: Uint8Array): boolean
  /** The native handle. Inside a write transaction it counts as it is there; else as of the last read. */
  readonly db: { stat(): NativePages }
}

/** How many rows and pages a named database has. */
interface NativePages {
  entryCount: number
  pageSize: number
  treeBranchPageCount: number
  treeLeafPageCount: number
  overflowPages: number
}

export interface NativeRange {
  start: Uint8Array | undefined
  end: Uint8Array | undefined
  reverse: boolean
  limit: number
  exclusiveStart: boolean
  inclusiveEnd: boolean
  /** So many are passed over. */
  offset?: number
  /** Read from this one, and not from the shared read transaction. */
  transaction?: NativeSnapshot | undefined
}

/** A read transaction that stays as it is until done() is called. */
export interface NativeSnapshot {
  done(): void
}

/**
 * Values as they are: lmdb lends them from its own buffer instead of copying each, since this decoder
 * says that it does not keep what it is given.
 */
const LENDING = {
  encode: (value: Uint8Array) => value,
  decode: plainView,
  needsStableBuffer: false,
}

export const DATABASE_OPTIONS = {
  encoding: 'binary',
  keyEncoding: 'binary',
  encoder: LENDING,
} as const

type DatabaseOptions = typeof DATABASE_OPTIONS

/** How a database puts keys into lmdb's buffer, and takes them from there. Not in lmdb's types. */
interface KeyHandling {
  writeKey(key: Uint8Array, target: Uint8Array, start: number): number
  readKey(source: Uint8Array, start: number, end: number): Uint8Array
}

/** Up to so many bytes a loop is faster than Uint8Array.set(). */
const SHORT_KEY_BYTES = 32

/** LMDB's own limit. */
const MOST_KEY_BYTES = 1_978

/** Makes the database lend the keys of ranges, each until the next, instead of copying each. */
export function lendKeys(database: NativeDatabase): NativeDatabase {
  const room = Buffer.allocUnsafeSlow(MOST_KEY_BYTES)
  const views: (Uint8Array | undefined)[] = []
  const handling: KeyHandling = {
    writeKey(key, target, start) {
      copyShort(key, 0, key.length, target, start)
      return start + key.length
    },
    readKey(source, start, end) {
      const length = end - start
      copyShort(source, start, length, room, 0)
      const view = views[length] ?? room.subarray(0, length)
      views[length] = view
      return view
    },
  }
  return Object.assign(database, handling)
}

function copyShort(
  source: Uint8Array,
  from: number,
  length: number,
  target: Uint8Array,
  to: number,
): void {
  if (length > SHORT_KEY_BYTES) target.set(source.subarray(from, from + length), to)
  else for (let at = 0; at < length; at++) target[to + at] = source[from + at] as number
}

/** The root of an environment, from which named databases are opened. We keep no data in it. */
export interface NativeRoot extends NativeDatabase {
  readonly env: NativeEnvironment
  openDB(name: string, options: DatabaseOptions): NativeDatabase
  transactionSync<T>(callback: () => T, flags: number): T
  resetReadTxn(): void
  useReadTransaction(): NativeSnapshot
  close(): Promise<void>
}

interface NativeModule {
  open(path: string, options: Record<string, unknown>): NativeRoot
  nativeAddon: {
    Env: new () => NativeEnvironment
    /** A Buffer over memory that is not ours; touching it after that memory has gone is fatal. */
    createBufferForAddress(address: number, length: number): Buffer
  }
}

const require = createRequire(import.meta.url)
let loaded: NativeModule | undefined

/** The lmdb package. Throws NativeModuleError if it is missing or does not fit this machine. */
export function loadNative(): NativeModule {
  try {
    loaded ??= require('lmdb') as NativeModule
    return loaded
  } catch (cause) {
    throw new NativeModuleError('lmdb', { cause })
  }
}
