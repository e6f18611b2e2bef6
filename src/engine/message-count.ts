/**
 * How many messages a key has sealed, in all processes and for all its life: random nonces are safe
 * only up to a number. Kept in the store, in rows of the bucket `meta` that are not sealed:
 *
 *     'messages ' and the id of the cipher and of the key → u48
 *
 * A process takes a block of messages at a time, before the first of them is committed. So the row is
 * never less than what was committed, and a crash wastes a block at most.
 */
import { ByteReader, writeUint48 } from '../bytes.js'
import type { Cipher } from '../codec/cipher/cipher.js'
import { KeyExhaustedError } from '../errors/cipher-errors.js'

/** Messages taken at a time: few against the limit, many against the cost of a row. */
const BLOCK_MESSAGES = 4_096

/** A quarter of the most: time enough to change the key. */
const WARNED_AT_SHARE = 4

const UINT48_BYTES = 6

/** Begins the keys of the rows. */
export const MESSAGES = 'messages '

/** What is counted of one key. */
export class MessageCount {
  /** The key of its row. */
  readonly key: Uint8Array
  readonly #keyId: string
  readonly #maxMessages: number

  /** The count of a cipher's key; undefined for a cipher whose messages need no counting. */
  static of({ id, keyId, maxMessages }: Cipher): MessageCount | undefined {
    if (keyId === undefined || maxMessages === undefined) return undefined
    return new MessageCount(id, keyId, maxMessages)
  }

  private constructor(cipherId: string, keyId: string, maxMessages: number) {
    this.key = Buffer.from(`${MESSAGES}${cipherId} ${keyId}`)
    this.#keyId = keyId
    this.#maxMessages = maxMessages
  }

  /** Takes a block out of a row, of `needed` messages or more. Throws KeyExhaustedError. */
  take(row: Uint8Array | undefined, needed: number): Block {
    const before = row === undefined ? 0 : new ByteReader(row, 0).uint48()
    const taken = Math.max(BLOCK_MESSAGES, needed)
    const after = before + taken
    if (after > this.#maxMessages) throw new KeyExhaustedError(this.#keyId, before)
    const bytes = Buffer.allocUnsafe(UINT48_BYTES)
    writeUint48(bytes, 0, after)
    // With each block: whoever begins to listen later must hear of it, too.
    const isMuch = after >= this.#maxMessages / WARNED_AT_SHARE
    const warning = isMuch
      ? `The key ${this.#keyId} has sealed about ${after} messages, of ${this.#maxMessages} that it may. Put a new key first in the list of keys, and call rotateKeys().`
      : undefined
    return { taken, row: bytes, warning }
  }
}

/** Messages that may be sealed once the row is stored. */
export interface Block {
  readonly taken: number
  readonly row: Uint8Array
  /** What is to be told then. */
  readonly warning: string | undefined
}
