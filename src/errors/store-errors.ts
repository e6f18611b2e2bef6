/** What can go wrong while a store reads or writes. */
import { PersistDictError } from './persist-dict-error.js'

/** The store's engine refused a read or a write. What was not written stays pending and is tried again. */
export class StoreError extends PersistDictError {
  readonly code: `ERR_PERSISTDICT_${string}` = 'ERR_PERSISTDICT_STORE'
}

/** There is no room left for a write: the disk, the quota or the map is full. */
export class StoreFullError extends StoreError {
  override readonly code = 'ERR_PERSISTDICT_STORE_FULL'
}

/** The store's directory was removed or replaced while it was open: writes would go nowhere. */
export class StoreGoneError extends StoreError {
  override readonly code = 'ERR_PERSISTDICT_STORE_GONE'

  constructor(path: string) {
    super(
      `The directory "${path}" was removed or replaced while the dict was open. Unwritten changes are kept in memory; put the directory back, or close the dict and open it again.`,
    )
  }
}

/** A process that keeps a store locked. */
export interface LockHolder {
  /** Its number. */
  readonly pid: number
  /** Whether it stands still, stopped by a signal or a debugger. */
  readonly isStopped: boolean
}

interface StoreBusyOptions extends ErrorOptions {
  readonly holder?: LockHolder | undefined
}

/** Somebody else kept the store locked for longer than we may wait. Nothing was changed. */
export class StoreBusyError extends StoreError {
  override readonly code = 'ERR_PERSISTDICT_STORE_BUSY'
  /** The store's directory or file. */
  readonly path: string
  /** How long was waited, in milliseconds. */
  readonly waitedMs: number
  /** Who keeps it locked; undefined where that cannot be found out. */
  readonly holder: LockHolder | undefined

  constructor(path: string, waitedMs: number, { holder, ...options }: StoreBusyOptions = {}) {
    super(
      `"${path}" was locked by ${holderText(holder)} for ${waitedMs} ms. Nothing was changed; what is pending stays pending. ${remedyText(holder)}`,
      options,
    )
    this.path = path
    this.waitedMs = waitedMs
    this.holder = holder
  }
}

function holderText(holder: LockHolder | undefined): string {
  if (holder === undefined) return 'somebody else'
  return `process ${holder.pid}${holder.isStopped ? ', which is stopped,' : ''}`
}

function remedyText(holder: LockHolder | undefined): string {
  if (holder?.isStopped) {
    return `Continue that process (kill -CONT ${holder.pid}) or end it, and try again.`
  }
  return 'Look for a program that keeps a transaction open, or wait longer.'
}

/** The store cannot do what was asked of it: not every one has files that could be backed up. */
export class UnsupportedError extends StoreError {
  override readonly code = 'ERR_PERSISTDICT_UNSUPPORTED'
  /** The kind of the store. */
  readonly store: string
  /** What it cannot do. */
  readonly operation: string

  constructor(store: string, operation: string) {
    super(`A store of kind "${store}" has no ${operation}(). Copy the entries into another dict.`)
    this.store = store
    this.operation = operation
  }
}

/** A transaction callback misbehaved: it returned a promise, or an inner transaction failed. */
export class TransactionError extends PersistDictError {
  readonly code = 'ERR_PERSISTDICT_TRANSACTION'
}

/** The store cannot apply a batch as a whole, as its keys live in different places. Nothing was changed. */
export class BatchError extends StoreError {
  override readonly code = 'ERR_PERSISTDICT_BATCH'
}
