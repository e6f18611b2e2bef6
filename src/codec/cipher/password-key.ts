/** Keys from passwords, by scrypt (RFC 7914) with the random salt that each store keeps. */
import { createSecretKey, type KeyObject, scryptSync } from 'node:crypto'
import { equalBytes } from '../../bytes.js'
import { OptionError } from '../../errors/option-error.js'
import { refuseUnknown } from '../../errors/unknown-option.js'
import type { ScryptCosts, StoreSalt } from './cipher.js'

/** As OWASP advises (Password Storage Cheat Sheet, 2024). Stores keep the costs that they were made with. */
const DEFAULT_COSTS: ScryptCosts = Object.freeze({
  cost: 2 ** 17,
  blockSize: 8,
  parallelization: 1,
})

/** Costs beyond this would take more memory than any store is worth: its salt row was tampered with. */
const MOST_MEMORY_BYTES = 2 ** 30

const KEY_BYTES = 32

/** A key that is made when a store is opened. Its password cannot be got out of it. */
export class PasswordKey {
  readonly #password: string | Uint8Array
  readonly #costs: ScryptCosts | undefined
  /** What was derived last: opening a store twice costs no second derivation. */
  #derived:
    | { readonly salt: Uint8Array; readonly costs: ScryptCosts; readonly key: KeyObject }
    | undefined

  /** Use passwordKey(). */
  constructor(password: string | Uint8Array, costs: ScryptCosts | undefined) {
    this.#password = password
    this.#costs = costs
  }

  /** What making the key for a store costs. */
  costsFor(salt: StoreSalt): ScryptCosts {
    return this.#costs ?? salt.costs ?? DEFAULT_COSTS
  }

  /** The key for a store. Blocks for as long as the costs say. Throws OptionError for absurd ones. */
  derive(salt: StoreSalt): KeyObject {
    const costs = checkedCosts(this.costsFor(salt))
    const last = this.#derived
    if (last !== undefined && equalBytes(last.salt, salt.bytes) && isSame(last.costs, costs)) {
      return last.key
    }
    const maxmem = 2 * memoryOf(costs)
    const bytes = scryptSync(this.#password, salt.bytes, KEY_BYTES, { ...costs, maxmem })
    const key = createSecretKey(bytes)
    bytes.fill(0)
    this.#derived = { salt: salt.bytes, costs, key }
    return key
  }
}

/**
 * A key from a password, for the `keys` of a cipher. It is made at each open, by scrypt with a random
 * salt that the store keeps: by default that takes about half a second and 128 MiB, which is also what
 * each guess costs whoever has the files. Without `costs`, those apply that the store was made with.
 * Throws OptionError for an empty password or impossible costs.
 */
export function passwordKey(
  password: string | Uint8Array,
  costs?: Partial<ScryptCosts>,
): PasswordKey {
  if (!(typeof password === 'string' || password instanceof Uint8Array) || password.length === 0) {
    throw new OptionError('password', 'A password must be a string or bytes, and not empty.')
  }
  if (costs !== undefined) refuseUnknown(costs, Object.keys(DEFAULT_COSTS), 'passwordKey()')
  // One text can be written in several ways; the same keys pressed must give the same bytes.
  const text = typeof password === 'string' ? password.normalize('NFC') : Buffer.from(password)
  return new PasswordKey(text, costs && checkedCosts({ ...DEFAULT_COSTS, ...costs }))
}

function checkedCosts(costs: ScryptCosts): ScryptCosts {
  const { cost, blockSize, parallelization } = costs
  const isPowerOfTwo = Number.isInteger(cost) && cost >= 2 && Number.isInteger(Math.log2(cost))
  const isPositive = [blockSize, parallelization].every((n) => Number.isInteger(n) && n >= 1)
  if (isPowerOfTwo && isPositive && memoryOf(costs) <= MOST_MEMORY_BYTES) return costs
  throw new OptionError(
    'costs',
    `The costs of a key from a password must be whole numbers, cost a power of two, and all of it at most ${MOST_MEMORY_BYTES} bytes of memory.`,
  )
}

/** RFC 7914, section 2, and what Node adds. */
function memoryOf({ cost, blockSize, parallelization }: ScryptCosts): number {
  return 128 * blockSize * (cost + parallelization + 2)
}

function isSame(a: ScryptCosts, b: ScryptCosts): boolean {
  return a.cost === b.cost && a.blockSize === b.blockSize && a.parallelization === b.parallelization
}
