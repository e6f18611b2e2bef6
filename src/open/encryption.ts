/** The options that encrypt a store, and what comes of them. */
import { type Cipher, SUITE } from '../codec/cipher/cipher.js'
import { type StoreSecrets, suiteOf } from '../codec/cipher/store-secrets.js'
import { type FirstRow, META } from '../engine/format-identity.js'
import { newSecretsRow, openSecretsRow, SECRETS } from '../engine/secrets-row.js'
import { CipherMismatchError } from '../errors/cipher-errors.js'
import { DamagedStoreError, OpenConflictError } from '../errors/open-errors.js'
import { OptionError } from '../errors/option-error.js'
import type { AsyncStore } from '../store/async-store.js'
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
    return this.isOn ? this.#opened(store, store.get(META, SECRETS)) : undefined
  }

  /** The same of an AsyncStore. */
  async remoteSecretsOf(store: AsyncStore): Promise<StoreSecrets | undefined> {
    return this.isOn ? this.#opened(store, await store.get(META, SECRETS)) : undefined
  }

  /**
   * Throws unless these options would open the store that is open already, and seal as it does:
   * CipherMismatchError, WrongKeyError or OpenConflictError.
   */
  refuseOther(store: SyncStore, open: StoreSecrets | undefined): void {
    this.#refuseUnlike(store, open)
    refuseOtherKey(store, open, this.secretsOf(store))
  }

  /** The same of an AsyncStore. */
  async refuseOtherRemote(store: AsyncStore, open: StoreSecrets | undefined): Promise<void> {
    this.#refuseUnlike(store, open)
    refuseOtherKey(store, open, await this.remoteSecretsOf(store))
  }

  #refuseUnlike({ location }: Located, open: StoreSecrets | undefined): void {
    if (this.isOn === (open !== undefined)) return
    throw new CipherMismatchError(location, open === undefined ? 'none' : 'sealed')
  }

  #opened({ location }: Located, row: Uint8Array | undefined): StoreSecrets {
    if (row === undefined) {
      throw new DamagedStoreError(location, 'the row that its ciphers need is missing')
    }
    const policy = { hidesNames: this.#hidesNames, showsKeys: this.#showsKeys }
    return openSecretsRow(location, row, this.#ciphers, policy)
  }
}

interface Located {
  readonly location: string
}

type EncryptionOptions = Pick<OpenOptions, 'cipher' | 'hashKeys' | 'debugKeys'>

function refuseOtherKey(
  { location }: Located,
  open: StoreSecrets | undefined,
  ours: StoreSecrets | undefined,
): void {
  if (open === undefined || ours === undefined) return
  const [first, second] = [nameOf(open.cipher), nameOf(ours.cipher)]
  if (first !== second) throw new OpenConflictError(location, 'cipher', first, second)
}

/** A cipher and its key, by names that tell nothing of the key. */
function nameOf({ id, keyId }: Cipher): string {
  return keyId === undefined ? id : `${id} with key ${keyId}`
}
