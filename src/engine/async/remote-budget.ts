/**
 * The messages that this process may seal in an AsyncStore, of those that message-count.ts counts for
 * all. A block is taken with a check that nobody else has taken one meanwhile, before anything that was
 * sealed under it is sent.
 */
import type { StoreSecrets } from '../../codec/cipher/store-secrets.js'
import { KeyExhaustedError } from '../../errors/cipher-errors.js'
import { StoreError } from '../../errors/store-errors.js'
import { type AsyncStore, commonRows } from '../../store/async-store.js'
import { META } from '../format-identity.js'
import { type Block, MessageCount } from '../message-count.js'

/**
 * Messages that may be sent before they are counted, where the store that counts is out of reach and
 * writes need not wait for it: a process that dies then leaves no more than so many uncounted, a
 * four-thousandth of what a key may seal.
 */
const MAX_OWED = 2 ** 20

/** Each time, somebody else has taken a block. */
const MAX_TRIES = 1_000

export class RemoteBudget {
  readonly #secrets: StoreSecrets
  readonly #count: MessageCount | undefined
  readonly #store: AsyncStore
  readonly #warn: (message: string) => void
  /** Messages that were taken so far. */
  #taken = 0
  #taking: Promise<void> | undefined
  #exhausted: KeyExhaustedError | undefined

  constructor(secrets: StoreSecrets, store: AsyncStore, warn: (message: string) => void) {
    this.#secrets = secrets
    this.#count = MessageCount.of(secrets.cipher)
    this.#store = store
    this.#warn = warn
  }

  /**
   * Resolves when all that was sealed until now may be sent. Rejects with KeyExhaustedError, or what the
   * store says.
   */
  async settle(): Promise<void> {
    const count = this.#count
    if (count === undefined) return
    const { messages } = this.#secrets
    while (messages > this.#taken) {
      if (this.#exhausted !== undefined) throw this.#exhausted
      this.#taking ??= this.#take(count).finally(() => {
        this.#taking = undefined
      })
      if (this.#mayOwe(messages)) {
        // Whoever comes next tries again; beyond what may be owed, the failure is theirs.
        this.#taking.catch(() => {})
        return
      }
      await this.#taking
    }
  }

  /** Resolves when nothing is being taken. */
  async idle(): Promise<void> {
    await this.#taking?.catch(() => {})
  }

  #mayOwe(messages: number): boolean {
    return this.#store.common !== undefined && messages - this.#taken <= MAX_OWED
  }

  async #take(count: MessageCount): Promise<void> {
    const rows = commonRows(this.#store)
    const { key } = count
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const before = await rows.get(META, key)
      const { taken, row, warning } = this.#blockOf(count, before)
      const isApplied = await rows.commit({
        promise: 'committed',
        checks: [{ bucket: META, key, starts: before }],
        operations: [{ kind: 'put', bucket: META, key, record: row, deadline: 0 }],
      })
      if (!isApplied) continue
      this.#taken += taken
      if (warning !== undefined) this.#warn(warning)
      return
    }
    throw new StoreError(
      `The count of messages in "${this.#store.location}" was changed by others each of ${MAX_TRIES} times that it should be changed here.`,
    )
  }

  #blockOf(count: MessageCount, before: Uint8Array | undefined): Block {
    try {
      return count.take(before, this.#secrets.messages - this.#taken)
    } catch (error) {
      if (error instanceof KeyExhaustedError) this.#exhausted = error
      throw error
    }
  }
}
