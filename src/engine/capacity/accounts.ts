/**
 * What the entries of each group come to, inside one transaction: read when first needed, written once
 * at its end.
 *
 *     used   group → entries (u48) │ bytes (u48), of storage keys and records
 */
import { ByteReader, writeUint48 } from '../../bytes.js'
import type { StoreTransaction } from '../../store/sync-store.js'
import type { LimitGroup } from './limits.js'

export const USED = 'used'
const ROW_BYTES = 12

export interface Account {
  entries: number
  bytes: number
}

const NOTHING: Readonly<Account> = Object.freeze({ entries: 0, bytes: 0 })

export class Accounts {
  readonly #tx: StoreTransaction
  readonly #open = new Map<LimitGroup, Account>()
  readonly #growth = new Map<LimitGroup, Account>()

  constructor(tx: StoreTransaction) {
    this.#tx = tx
  }

  of(group: LimitGroup): Readonly<Account> {
    return this.#account(group)
  }

  add(group: LimitGroup, entries: number, bytes: number): void {
    const account = this.#account(group)
    account.entries += entries
    account.bytes += bytes
    const growth = this.#growth.get(group) ?? { entries: 0, bytes: 0 }
    growth.entries += entries
    growth.bytes += bytes
    this.#growth.set(group, growth)
  }

  /** How much more there is than before the transaction; less than nothing if it has shrunk. */
  growth(group: LimitGroup): Readonly<Account> {
    return this.#growth.get(group) ?? NOTHING
  }

  write(): void {
    for (const group of this.#growth.keys()) {
      const { entries, bytes } = this.#account(group)
      const row = Buffer.alloc(ROW_BYTES)
      // Damaged records are counted as nothing when they go: never below.
      writeUint48(row, writeUint48(row, 0, Math.max(0, entries)), Math.max(0, bytes))
      this.#tx.put(USED, group.id, row, 0)
    }
    this.#growth.clear()
  }

  #account(group: LimitGroup): Account {
    const known = this.#open.get(group)
    if (known !== undefined) return known
    const row = this.#tx.get(USED, group.id)
    const reader = row && new ByteReader(row, 0)
    const account = { entries: reader?.uint48() ?? 0, bytes: reader?.uint48() ?? 0 }
    this.#open.set(group, account)
    return account
  }
}

/** Forgets what all groups came to. */
export function clearAccounts(tx: StoreTransaction): void {
  for (const { key } of tx.scan(USED, {}, Number.MAX_SAFE_INTEGER)) tx.delete(USED, key)
}
