/**
 * Belt and braces to the gate: a write transaction must follow the newest one on disk.
 *
 * A program that opens the same directory without our gate can set the shared transaction id back
 * (ITS#9496, see gate.ts). A write on top of that would undo commits. LMDB's own meta pages still
 * know the newest id, so the guard compares, and where the mapping allows puts the shared id right.
 */
import { StoreError } from '../../errors/store-errors.js'
import type { ChangeClock } from './change-clock.js'
import type { NativeEnvironment } from './native.js'

/** Each repair is one look; an opener that sets the id back again and again is not bearable for ever. */
const MAX_REPAIRS = 100

/**
 * Call first inside a write transaction. Returns the transaction's id if it may go on; undefined if the
 * shared id was put right and the transaction must be aborted and begun again.
 */
export function guardedId(
  env: NativeEnvironment,
  clock: ChangeClock,
  repairs: number,
): number | undefined {
  const id = env.getWriteTxnId()
  if (id === 0) {
    throw new StoreError(
      'LMDB could not begin a write transaction. Close the dict and open it again.',
    )
  }
  const { lastTxnId } = env.info()
  if (id === lastTxnId + 1) return id
  if (repairs >= MAX_REPAIRS || !clock.repair(lastTxnId)) {
    throw new StoreError(
      `Another program opened the store without its lock: transaction ${id} would follow ${lastTxnId}. Nothing was written. Stop that program and try again.`,
    )
  }
  return undefined
}
