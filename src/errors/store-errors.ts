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

/** Another program kept the store locked for longer than we may wait. Nothing was changed. */
export class StoreBusyError extends StoreError {
  override readonly code = 'ERR_PERSISTDICT_STORE_BUSY'

  constructor(path: string, waitedMs: number, options?: ErrorOptions) {
    super(
      `"${path}" was locked by somebody else for ${waitedMs} ms. Look for a program that keeps a transaction open, or wait longer.`,
      options,
    )
  }
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
