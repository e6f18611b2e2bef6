import type { KeyObject } from 'node:crypto'
import { KeyProviderError } from '../../errors/cipher-errors.js'
import { secretKey } from './key-ring.js'

/** Brings one key or several, such as from a key management service. */
export type KeyProvider = () => PromiseLike<
  Uint8Array | KeyObject | readonly (Uint8Array | KeyObject)[]
>

/**
 * The keys of all providers, in their order, for the `keys` of a cipher:
 * `aesGcm({ keys: await loadKeys(fromKms) })`. open() does not wait, so the waiting is done before.
 * Rejects with KeyProviderError if a provider fails, or brings something that is no key.
 */
export async function loadKeys(
  ...providers: readonly KeyProvider[]
): Promise<readonly KeyObject[]> {
  const brought = await Promise.all(providers.map(broughtBy))
  return brought.flat()
}

async function broughtBy(provider: KeyProvider): Promise<readonly KeyObject[]> {
  let keys: Awaited<ReturnType<KeyProvider>>
  try {
    keys = await provider()
  } catch (cause) {
    throw new KeyProviderError('a provider failed.', { cause })
  }
  try {
    return (Array.isArray(keys) ? keys : [keys]).map(secretKey)
  } catch (cause) {
    throw new KeyProviderError((cause as Error).message, { cause })
  }
}
