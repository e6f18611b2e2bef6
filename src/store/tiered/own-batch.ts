import type { Batch, RowCheck, RowOperation } from '../async-store.js'

/** Given bytes belong to the caller, who may change them while we wait. */
export function ownBatch({ promise, checks, versions, operations }: Batch): Batch {
  return {
    promise,
    versions,
    checks: checks.map(
      (check): RowCheck => ({
        ...check,
        key: ownBytes(check.key),
        starts: check.starts && ownBytes(check.starts),
      }),
    ),
    operations: operations.map(
      (operation): RowOperation =>
        operation.kind === 'put'
          ? { ...operation, key: ownBytes(operation.key), record: ownBytes(operation.record) }
          : { ...operation, key: ownBytes(operation.key) },
    ),
  }
}

/** A Buffer's own slice() shares memory; this one never does. */
export function ownBytes(bytes: Uint8Array): Uint8Array {
  return Uint8Array.prototype.slice.call(bytes)
}
