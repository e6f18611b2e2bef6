/**
 * How many messages the sealing key has sealed, in all processes and for all its life: random nonces
 * are safe only up to a number. Kept in the store, in rows of the bucket `meta`:
 *
 *     'messages ' and the id of the cipher and of the key → u48
 *
 * A process takes a block of messages at a time, in the transaction that needs the first of them. So
 * the row is never less than what was committed, and a crash wastes a block at most.
 */
import { ByteReader, writeUint48 } from '../bytes.js'
import type { StoreSecrets } from '../codec/cipher/store-secrets.js'
import { KeyExhaustedError } from '../errors/cipher-errors.js'
import type { StoreTransaction } from '../store/sync-store.js'
import { META } from './format-identity.js'

/** Messages taken at a time: few against the limit, many against the cost of a row. */
const BLOCK_MESSAGES = 4_096

/** A quarter of the most: time enough to change the key. */
const WARNED_AT_SHARE = 4

const UINT48_BYTES = 6

export class MessageBudget {
  readonly #secrets: StoreSecrets
  readonly #warn: (message: string) => void
  /** Messages that this process may still seal, less those that it did since. */
  #left = 0
  #counted = 0
  #warning: string | undefined

  constructor(secrets: StoreSecrets, warn: (message: string) => void) {
    this.#secrets = secrets
    this.#warn = warn
  }

  /**
   * Call at the end of each transaction, inside it; returns what to call once it has committed.
   * Throws KeyExhaustedError if there is nothing left to take.
   */
  settle(tx: StoreTransaction): () => void {
    const { cipher, messages } = this.#secrets
    const { maxMessages, keyId } = cipher
    if (maxMessages === undefined || keyId === undefined) return () => {}
    const used = messages - this.#counted
    if (used <= this.#left) return () => this.#use(messages, 0)
    const row = rowOf(cipher.id, keyId)
    const before = read(tx.get(META, row))
    const taken = Math.max(BLOCK_MESSAGES, used - this.#left)
    const after = before + taken
    if (after > maxMessages) throw new KeyExhaustedError(keyId, before)
    const bytes = Buffer.allocUnsafe(UINT48_BYTES)
    writeUint48(bytes, 0, after)
    tx.put(META, row, bytes, 0)
    return () => {
      this.#use(messages, taken)
      // With each block: whoever begins to listen later must hear of it, too.
      if (after < maxMessages / WARNED_AT_SHARE) return
      this.#warning = `The key ${keyId} has sealed about ${after} messages, of ${maxMessages} that it may. Put a new key first in the list of keys, and call rotateKeys().`
    }
  }

  /** Tells what is to be told. Outside of any transaction. */
  tell(): void {
    const warning = this.#warning
    this.#warning = undefined
    if (warning !== undefined) this.#warn(warning)
  }

  #use(messages: number, taken: number): void {
    this.#left += taken - (messages - this.#counted)
    this.#counted = messages
  }
}

/** Begins the keys of the rows. */
export const MESSAGES = 'messages '

function rowOf(cipherId: string, keyId: string): Uint8Array {
  return Buffer.from(`${MESSAGES}${cipherId} ${keyId}`)
}

function read(row: Uint8Array | undefined): number {
  return row === undefined ? 0 : new ByteReader(row, 0).uint48()
}
