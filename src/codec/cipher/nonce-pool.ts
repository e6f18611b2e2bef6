/** Random bytes, drawn from the system many at a time: a call for twelve costs a microsecond. */
import { randomFillSync } from 'node:crypto'

/** Drawn at a time: a thousand nonces. */
const POOL_BYTES = 12 * 1_024

const pool = Buffer.allocUnsafeSlow(POOL_BYTES)
let next = POOL_BYTES

/**
 * Writes random bytes that no one else gets into `target`. Each thread has a pool of its own. The
 * pool is overwritten as it is used: what seals today must not be read from memory tomorrow.
 */
export function fillRandom(target: Uint8Array, offset: number, length: number): void {
  if (next + length > POOL_BYTES) {
    randomFillSync(pool)
    next = 0
  }
  target.set(pool.subarray(next, next + length), offset)
  pool.fill(0, next, next + length)
  next += length
}
