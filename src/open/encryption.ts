/** The options that encrypt a store, and what comes of them. */
import { type Cipher, SUITE } from '../codec/cipher/cipher.js'
import { type StoreSecrets, suiteOf } from '../codec/cipher/store-secrets.js'
import { type FirstRow, META } from '../engine/format-identity.js'
import { newSecretsRow, openSecretsRow, SECRETS } from '../engine/secrets-row.js'
import { CipherMismatchError } from '../errors/cipher-errors.js'
import { DamagedStoreError, OpenConflictError } from '../errors/open-errors.js'
import { OptionError } from '../errors/option-error.js'
import type { SyncStore } from '../store/sync-store.js'
import type { OpenOptions } from './open-options.js'

export class Encryption {
  readonly #ciphers: readonly Cipher[]
  readonly #hidesNames: boolean
  readonly #showsKeys: boolean

  /** Throws OptionError. */
  constructor({ cipher, hashKeys, debugKeys }: EncryptionOptions) {
    this.#ciphers = cipher === undefined ? [] : [cipher].flat()
    this.#hidesNames = hashKeys === undefined ? this.isOn : hashKeys === 'always'
    this.#showsKeys = debugKeys === true || !this.isOn
    if (this.#hidesNames && !this.isOn) {
      throw new OptionError('hashKeys', 'hashKeys: "always" needs a cipher, whose keys hide names.')
    }
    if (cipher !== undefined && !this.isOn) {
      throw new OptionError('cipher', 'The list of ciphers is empty; the first one seals.')
    }
    const foreign = this.#ciphers.filter((one) => suiteOf(one) === SUITE.foreign)
    if (foreign.length <= 1) return
    throw new OptionError('cipher', 'At most one of the ciphers may be one of your own.')
  }

  get isOn(): boolean {
    return this.#ciphers.length > 0
  }

  /** What belongs to the format identity. */
  get identity(): { cipher: 'sealed' | undefined; hashKeys: 'always' | undefined } {
    return {
      cipher: this.isOn ? 'sealed' : undefined,
      hashKeys: this.#hidesNames ? 'always' : undefined,
    }
  }

  /** Whether the keys of entries may appear in messages. */
  get showsKeys(): boolean {
    return this.#showsKeys
  }

  /** What a new store gets; undefined for one that is not encrypted. */
  get firstRow(): FirstRow | undefined {
    return this.isOn ? { key: SECRETS, make: () => newSecretsRow(this.#ciphers) } : undefined
  }

  /** Throws WrongKeyError or DamagedStoreError. Undefined for a store that is not encrypted. */
  secretsOf(store: SyncStore): StoreSecrets | undefined {
    if (!this.isOn) return undefined
    const row = store.get(META, SECRETS)
    if (row === undefined) {
      throw new DamagedStoreError(store.location, 'the row that its ciphers need is missing')
    }
    const policy = { hidesNames: this.#hidesNames, showsKeys: this.#showsKeys }
    return openSecretsRow(store.location, row, this.#ciphers, policy)
  }

  /**
   * Throws unless these options would open the store that is open already, and seal as it does:
   * CipherMismatchError, WrongKeyError or OpenConflictError.
   */
  refuseOther(store: SyncStore, open: StoreSecrets | undefined): void {
    if (this.isOn !== (open !== undefined)) {
      throw new CipherMismatchError(store.location, open === undefined ? 'none' : 'sealed')
    }
    const secrets = this.secretsOf(store)
    if (secrets === undefined || open === undefined) return
    const [first, second] = [nameOf(open.cipher), nameOf(secrets.cipher)]
    if (first !== second) throw new OpenConflictError(store.location, 'cipher', first, second)
  }
}

type EncryptionOptions = Pick<OpenOptions, 'cipher' | 'hashKeys' | 'debugKeys'>

/** A cipher and its key, by names that tell nothing of the key. */
function nameOf({ id, keyId }: Cipher): string {
  return keyId === undefined ? id : `${id} with key ${keyId}`
}
