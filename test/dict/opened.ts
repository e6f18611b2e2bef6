/** Dicts for tests, on every store that needs nothing installed. */
import { onTestFinished } from 'vitest'
import type { KeyOf } from '../../src/dict/face.js'
import type { PersistDict } from '../../src/dict/persist-dict.js'
import { open } from '../../src/open/open.js'
import type { OpenOptions } from '../../src/open/open-options.js'
import { memoryStore } from '../../src/store/memory.js'
import { tempDirectory } from '../processes/temp-directory.js'

export type StoreKind = 'memory' | 'lmdb'

export const STORE_KINDS: readonly StoreKind[] = ['memory', 'lmdb']

/** A new dict, closed when the running test ends. */
export function opened<S extends object = Record<string, unknown>>(
  kind: StoreKind,
  options: OpenOptions<S, KeyOf<S>> = {},
): PersistDict<S> {
  const dict = open<S>(kind === 'memory' ? memoryStore() : `${tempDirectory()}/dict`, options)
  onTestFinished(() => dict.close())
  return dict
}
