/** The messages that this process may seal, of those that message-count.ts counts for all. */
import type { StoreSecrets } from '../codec/cipher/store-secrets.js'
import type { StoreTransaction } from '../store/sync-store.js'
import { META } from './format-identity.js'
import { MessageCount } from './message-count.js'

export class MessageBudget {
  readonly #secrets: StoreSecrets
  readonly #count: MessageCount | undefined
  readonly #warn: (message: string) => void
  /** Messages that this process may still seal, less those that it did since. */
  #left = 0
  #counted = 0
  #warning: string | undefined

  constructor(secrets: StoreSecrets, warn: (message: string) => void) {
    this.#secrets = secrets
    this.#count = MessageCount.of(secrets.cipher)
    this.#warn = warn
  }

  /**
   * Call at the end of each transaction, inside it; returns what to call once it has committed.
   * Throws KeyExhaustedError if there is nothing left to take.
   */
  settle(tx: StoreTransaction): () => void {
    const { messages } = this.#secrets
    if (this.#count === undefined) return () => {}
    const used = messages - this.#counted
    if (used <= this.#left) return () => this.#use(messages, 0)
    const { key } = this.#count
    const { taken, row, warning } = this.#count.take(tx.get(META, key), used - this.#left)
    tx.put(META, key, row, 0)
    return () => {
      this.#use(messages, taken)
      this.#warning = warning
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
