/**
 * Sealing single rows.
 *
 *     u8 cipher suite │ what the cipher made of the row
 *
 * Of all buckets but one: the records of `rows` are sealed one by one (sealed-record.ts), as an expired
 * one must not cost a decryption. Keys are left as they are: rows are named by storage keys, which tell
 * nothing.
 *
 * What does not open reads as empty. It is damage to whoever reads it, and never a row of somebody
 * else's making.
 */
import type { StoreSecrets } from '../codec/cipher/store-secrets.js'
import { ROWS } from './row.js'

const NO_BYTES = new Uint8Array(0)
const SUITE_BYTES = 1

export class RowSealer {
  readonly #secrets: StoreSecrets

  constructor(secrets: StoreSecrets) {
    this.#secrets = secrets
  }

  isSealed(bucket: string): boolean {
    return bucket !== ROWS
  }

  seal(bucket: string, key: Uint8Array, record: Uint8Array): Uint8Array {
    const suite = Uint8Array.of(this.#secrets.suite)
    return Buffer.concat([suite, this.#secrets.seal(bucket, key, suite, record)])
  }

  open(bucket: string, key: Uint8Array, sealed: Uint8Array): Uint8Array {
    const suite = sealed.subarray(0, SUITE_BYTES)
    const body = sealed.subarray(SUITE_BYTES, sealed.length)
    try {
      return this.#secrets.open(suite[0] ?? 0, bucket, key, suite, body)
    } catch {
      return NO_BYTES
    }
  }
}

/** A row in plain, and as it would be sealed now. */
export interface ResealedRow {
  readonly plain: Uint8Array
  readonly sealed: Uint8Array
}

/** The row as it would be sealed now; undefined if it is so. Throws UnsealError. */
export function resealedSideRow(
  secrets: StoreSecrets,
  bucket: string,
  key: Uint8Array,
  sealed: Uint8Array,
): ResealedRow | undefined {
  const suite = sealed.subarray(0, SUITE_BYTES)
  const body = sealed.subarray(SUITE_BYTES, sealed.length)
  if (secrets.isCurrent(suite[0] ?? 0, body)) return undefined
  const plain = secrets.open(suite[0] ?? 0, bucket, key, suite, body)
  return { plain, sealed: new RowSealer(secrets).seal(bucket, key, plain) }
}
