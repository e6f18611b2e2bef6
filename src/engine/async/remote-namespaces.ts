/**
 * The namespaces of an AsyncStore, each listed before its first entry is written.
 *
 *     prefix of the namespace → {"path": ["its", "names"]}
 */
import { StoreError } from '../../errors/store-errors.js'

export const NAMESPACES = 'namespaces'

export function namespaceRow(path: readonly string[]): Uint8Array {
  return Buffer.from(JSON.stringify({ path }))
}

/** The names in a row. Throws StoreError. */
export function pathIn(record: Uint8Array): readonly string[] {
  try {
    return (JSON.parse(Buffer.from(record).toString('utf8')) as { path: readonly string[] }).path
  } catch (cause) {
    throw new StoreError('The list of namespaces in the store is damaged.', { cause })
  }
}
